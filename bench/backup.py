"""How long a backup takes, from the request to its manifest in storage."""

from __future__ import annotations

from bench import contenders, ours
from bench.figures import Row, Sample, interleaved, stored_versus, versus
from bench.options import Options
from bench.pgbackrest import MAJOR, PgBackRest, missing
from bench.world import COUNTED, Seeded, seeded

_WITH_DIGESTS = "backup-digests"
_COUNTED = "backup"
"""rows are counted, contents not hashed"""


def measure(database: Seeded, options: Options) -> list[Row]:
    """Rows against each way of others that this machine has."""
    size, tell = database.size, database.world.tell
    samples = interleaved(
        {
            "ours": lambda: ours.take_backup(database),
            "counted": lambda: ours.take_backup(database, COUNTED),
            "gzip": lambda: contenders.gzip_then_upload(database),
            "single": lambda: contenders.single_stream(database),
            "raw": lambda: contenders.raw_copy(database),
        },
        options.runs,
        lambda name, run: _before(database, name, run),
    )
    mine = samples["ours"]
    counted = samples["counted"]
    rows = [
        versus(f"{_COUNTED}/{size}/pg_dump-gzip", counted, "pg_dump | gzip, then upload", samples["gzip"]),
        versus(f"{_COUNTED}/{size}/single-stream", counted, "pg_dump -Fc, part by part", samples["single"]),
        versus(f"{_COUNTED}/{size}/raw", counted, "COPY to /dev/null by two", samples["raw"]),
        versus(f"{_WITH_DIGESTS}/{size}/pg_dump-gzip", mine, "pg_dump | gzip, then upload", samples["gzip"]),
        stored_versus(f"stored/{size}/gzip", mine, "pg_dump | gzip", samples["gzip"]),
        versus(f"{_WITH_DIGESTS}/{size}/single-stream", mine, "pg_dump -Fc, part by part", samples["single"]),
        versus(f"{_WITH_DIGESTS}/{size}/raw", mine, "COPY to /dev/null by two", samples["raw"]),
    ]
    if missing() is None:
        rows += _against_pgbackrest(database, options)
    else:
        tell(f"without pgBackRest: {missing()}")
    return rows


def _against_pgbackrest(database: Seeded, options: Options) -> list[Row]:
    """On a cluster of its own, of the major version that Debian's pgBackRest comes with."""
    with seeded(database.world, database.size_gb, MAJOR) as older:
        other = PgBackRest(older)
        samples: dict[str, list[Sample]] = interleaved(
            {
                "ours": lambda: ours.take_backup(older),
                "counted": lambda: ours.take_backup(older, COUNTED),
                "pgbackrest": other.take,
            },
            options.runs,
            lambda name, run: _before(older, name, run),
        )
    against, others = f"pgBackRest full, PostgreSQL {MAJOR}", samples["pgbackrest"]
    return [
        versus(f"{_WITH_DIGESTS}/{database.size}/pgbackrest", samples["ours"], against, others),
        versus(f"{_COUNTED}/{database.size}/pgbackrest", samples["counted"], against, others),
    ]


def _before(database: Seeded, name: str, run: int) -> None:
    database.settle()
    database.world.tell(f"{database.size} backup, run {run}: {name}")
