"""pgBackRest as a contender: a full backup of the cluster's files, to a folder on the same disk."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict

from bench.commands import run, timed
from bench.errors import BenchError
from bench.figures import Sample
from bench.world import Seeded
from sandbox.installation import MissingPostgresError, find_bin_dir

MAJOR = 15
_PROGRAM = "pgbackrest"


def missing() -> str | None:
    """Why it cannot be measured here; None when it can."""
    if shutil.which(_PROGRAM) is None:
        return "pgBackRest is not installed"
    try:
        find_bin_dir(MAJOR)
    except MissingPostgresError as error:
        return str(error)
    return None


class PgBackRest:
    """A repository for one cluster. Two processes, zstd; no upload, and no check of the log archive."""

    def __init__(self, database: Seeded) -> None:
        self._database = database
        self._repository = database.directory / "pgbackrest"
        self._repository.mkdir(mode=0o700)
        self._run("stanza-create")

    def take(self) -> Sample:
        """One full backup; the one before it expires."""
        seconds = timed(
            lambda: self._run(
                "backup",
                "--type=full",
                "--process-max=2",
                "--compress-type=zst",
                "--start-fast",
                "--no-archive-check",
                "--repo1-retention-full=1",
            )
        )
        return Sample(seconds, self._stored_bytes())

    def _run(self, command: str, *options: str) -> None:
        cluster = self._database.cluster
        places = [
            f"--repo1-path={self._repository}",
            f"--log-path={self._repository}",
            f"--lock-path={self._repository / 'lock'}",
            f"--pg1-path={cluster.data_directory}",
            f"--pg1-port={cluster.port}",
            f"--pg1-socket-path={_socket_folder(self._database)}",
            "--pg1-user=postgres",
        ]
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "PGBACKREST"))}
        logs = ["--log-level-file=off", "--log-level-console=off", "--log-level-stderr=error"]
        argv = [_PROGRAM, "--stanza=bench", "--no-config", *places, *logs, *options, command]
        run(argv, inherited)

    def _stored_bytes(self) -> int:
        newest = sorted((self._repository / "backup" / "bench").glob("*F"))
        if not newest:
            raise BenchError("pgBackRest said it took a backup, and there is none")
        return sum(file.stat().st_size for file in newest[-1].rglob("*") if file.is_file())


def _socket_folder(database: Seeded) -> Path:
    """Where the server has its Unix socket, which asks for no password."""
    return Path(str(conninfo_to_dict(database.cluster.socket_dsn())["host"]))
