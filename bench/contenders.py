"""What people do without Baseliner: the same database, the same storage, one step after the other."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
from boto3.s3.transfer import TransferConfig

from bench.commands import piped, run, run_together, timed
from bench.data import DATABASE, client_environment
from bench.figures import Sample
from bench.world import BUCKET, Seeded

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_PART = 8 << 20
_KEY = "others/dump"
_COPY = "psql_copy"


def gzip_then_upload(database: Seeded) -> Sample:
    """`pg_dump | gzip > file`, then the file to S3 by boto3 as it comes: parts of 8 MiB, ten at once."""
    file = database.directory / "dump.sql.gz"
    commands = [[_program(database, "pg_dump")], ["gzip", "--stdout"]]
    client = database.world.objects.client()

    def take() -> None:
        with piped(commands, client_environment(database.cluster)) as packed, file.open("wb") as target:
            shutil.copyfileobj(packed, target, 1 << 20)
        client.upload_file(str(file), BUCKET, _KEY)

    seconds = timed(take)
    file.unlink()
    return Sample(seconds, _taken_away(client))


def single_stream(database: Seeded) -> Sample:
    """One `pg_dump --format=custom`, whose output goes to S3 while it comes, one part of 8 MiB after the other."""
    commands = [[_program(database, "pg_dump"), "--format=custom"]]
    client = database.world.objects.client()
    one_at_a_time = TransferConfig(use_threads=False, multipart_chunksize=_PART, multipart_threshold=_PART)

    def take() -> None:
        with piped(commands, client_environment(database.cluster)) as stream:
            client.upload_fileobj(stream, BUCKET, _KEY, Config=one_at_a_time)

    seconds = timed(take)
    return Sample(seconds, _taken_away(client))


def raw_copy(database: Seeded) -> Sample:
    """Every row out to nowhere, by two processes: what two cores could do if nothing were kept."""
    psql = [_program(database, "psql"), "--no-psqlrc", "--quiet"]
    halves = [
        [*psql, *(f"--command=COPY {table} TO STDOUT" for table in tables)]
        for tables in fair_shares(_table_sizes(database), 2)
    ]
    return Sample(timed(lambda: run_together(halves, client_environment(database.cluster))))


def plain_dump(database: Seeded) -> Path:
    """`pg_dump > file`, for `psql_load`."""
    file = database.directory / "dump.sql"
    argv = [_program(database, "pg_dump"), f"--file={file}"]
    run(argv, client_environment(database.cluster))
    return file


def psql_load(database: Seeded, dump: Path) -> Sample:
    """`psql < dump` into an empty database, which is dropped afterwards. It ends at the first error."""
    database.cluster.create_database(_COPY)
    argv = [_program(database, "psql"), "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1"]
    try:
        return Sample(timed(lambda: run(argv, client_environment(database.cluster, _COPY), stdin=dump)))
    finally:
        database.cluster.drop_database(_COPY)


def fair_shares(sizes: Sequence[tuple[str, int]], parts: int) -> list[list[str]]:
    """Split names by size, the largest first, each to whoever has least."""
    shares: list[list[str]] = [[] for _ in range(parts)]
    loads = [0] * parts
    for name, size in sorted(sizes, key=lambda item: item[1], reverse=True):
        least = loads.index(min(loads))
        shares[least].append(name)
        loads[least] += size
    return [share for share in shares if share]


def _table_sizes(database: Seeded) -> list[tuple[str, int]]:
    query = "SELECT format('%I.%I', schemaname, relname), pg_table_size(relid) FROM pg_stat_user_tables"
    with psycopg.connect(database.cluster.dsn(DATABASE)) as connection:
        return [(str(name), int(size)) for name, size in connection.execute(query.encode())]


def _program(database: Seeded, name: str) -> str:
    return str(database.cluster.bin_dir / name)


def _taken_away(client: S3Client) -> int:
    """The size of what was uploaded; the object is deleted."""
    size = client.head_object(Bucket=BUCKET, Key=_KEY)["ContentLength"]
    client.delete_object(Bucket=BUCKET, Key=_KEY)
    client.close()
    return size
