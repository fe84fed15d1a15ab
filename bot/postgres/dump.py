"""One consistent dump of one database."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from psycopg import Connection

from bot.errors import BaselinerError, ToolFailed
from bot.models import CUSTOM_ARCHIVE, DatabaseDigest
from bot.postgres.connection import Server, quoted_database
from bot.postgres.digest import database_digest, hashed_up_to, sequence_positions
from bot.postgres.errors import readable_errors, tool_failure
from bot.postgres.spool import Outlet, Spool
from bot.postgres.tools import Tools
from bot.runtime.process import Finished
from bot.runtime.stop import StopSignal
from bot.runtime.tool_runner import FileSharingRunner, Hold

_LOCK_TIMEOUT = 30.0
# pg_dump sets --lock-wait-timeout as the statement timeout of its LOCK TABLE alone.
_LOCK_TIMED_OUT = re.compile(r"canceling statement due to (?:lock|statement) timeout|could not obtain lock on relation")


class TableLocked(ToolFailed):
    """pg_dump gave up waiting for a table that another session holds; the message names both."""

    def __init__(self, held: str, stderr: str) -> None:
        super().__init__("pg_dump", "gave up waiting for a lock", stderr)
        self.message = f"pg_dump gave up waiting for a lock: {held}."
        self.args = (self.message,)
        self.remedy = "Wait until that session has ended (or end it), then try again."


@dataclass(frozen=True)
class Spooling:
    """Where a dump passes by: a folder that does not exist yet, bytes that may lie in it, and where its files go."""

    directory: Path
    room: int
    open_outlet: Callable[[str], Outlet]


@dataclass(frozen=True)
class DumpResult:
    """`raw_bytes` is what pg_dump wrote, before we compressed it; `stderr` holds its warnings."""

    raw_bytes: int
    stderr: str
    format: Literal["directory", "custom"] = "directory"


class Snapshot:
    """One moment of a database, which any number of connections and pg_dump see alike while the context lasts.

    Positions of sequences are not part of a snapshot: they are read on entering, so that a dump made within it
    holds these or later ones.
    """

    def __init__(self, server: Server, database: str | None = None) -> None:
        self._server = server
        self._database = server.database if database is None else database
        self._connection: Connection | None = None
        self.id = ""
        self.sequences: Mapping[str, int] = {}

    def __enter__(self) -> Self:
        connection = self._server.connect(self._database)
        try:
            with readable_errors("taking a snapshot"):
                connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY")
                row = connection.execute("SELECT pg_export_snapshot()").fetchone()
                self.sequences = sequence_positions(connection)
        except BaseException:
            connection.close()
            raise
        self.id = str(row[0]) if row else ""
        self._connection = connection
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    @property
    def connection(self) -> Connection:
        """The connection that holds the snapshot open."""
        if self._connection is None:
            raise RuntimeError("the snapshot is not open")
        return self._connection

    def connect(self) -> Connection:
        """Another connection that sees the same moment; the caller closes it."""
        connection = self._server.connect(self._database)
        try:
            with readable_errors("joining a snapshot"):
                connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY")
                connection.execute(f"SET TRANSACTION SNAPSHOT '{self.id}'".encode())
        except BaseException:
            connection.close()
            raise
        return connection

    def digest(self, *, stop: StopSignal, hashed_up_to_bytes: int, processes: int) -> DatabaseDigest:
        """The digest of this moment, on a connection of its own: it may run beside the dump.

        Of a table with more than `hashed_up_to_bytes` the rows are only counted. At most `processes` read for it.
        """
        with self.connect() as connection:
            hashed = hashed_up_to(hashed_up_to_bytes)
            return database_digest(connection, stop=stop, sequences=self.sequences, hashed=hashed, processes=processes)


def dump(
    server: Server,
    tools: Tools,
    snapshot_id: str,
    spooling: Spooling,
    *,
    jobs: int,
    stop: StopSignal,
    on_progress: Callable[[int], None] = lambda _done: None,
    lock_timeout: float = _LOCK_TIMEOUT,
) -> DumpResult:
    """The snapshot's archive, each of its files to an outlet; `on_progress` gets the bytes taken so far.

    `pg_dump -Fd -j`, or `-Fc` as one stream where the tools do not share our files. Returns only after pg_dump ended
    well: what the outlets got must not be completed before. Raises ToolFailed (TableLocked when a table is held longer
    than `lock_timeout` seconds), Interrupted, or what an outlet raised.
    """
    argv = _pg_dump(server, tools, snapshot_id, lock_timeout)
    runner = tools.runner
    if not isinstance(runner, FileSharingRunner):
        return _dump_as_stream(server, tools, argv, spooling.open_outlet, stop, on_progress)
    # The files go at once. Besides, a file that is opened again to be synced looks as if it were being written.
    argv += ["--format=directory", f"--jobs={jobs}", "--compress=0", "--no-sync", f"--file={spooling.directory}"]
    with Spool(spooling.directory, spooling.room, jobs, spooling.open_outlet, stop) as spool:

        def look(hold: Hold) -> None:
            spool.look(hold)
            on_progress(spool.raw_bytes)

        finished = runner.run_leashed(argv, stop=stop, environment=server.tool_environment(), on_tick=look)
        if finished.code != 0:
            raise _dump_failure(server, finished)
        spool.finish(on_progress)
        return DumpResult(spool.raw_bytes, finished.stderr)


def plain_dump(
    server: Server, tools: Tools, snapshot_id: str, sink: Callable[[bytes], None], *, stop: StopSignal
) -> None:
    """The snapshot as one SQL script for psql. Raises ToolFailed, Interrupted, or what the sink raised."""
    argv = [*_pg_dump(server, tools, snapshot_id, _LOCK_TIMEOUT), "--format=plain"]
    finished = tools.runner.stream(argv, sink, stop=stop, environment=server.tool_environment())
    if finished.code != 0:
        raise _dump_failure(server, finished)


def globals_sql(server: Server, tools: Tools, *, stop: StopSignal) -> bytes:
    """Roles, their settings and tablespaces, by `pg_dumpall --globals-only`; without passwords where the role may not
    read them.
    """
    argv = [tools.path("pg_dumpall"), "--globals-only", "--no-password"]
    argv.append(f"--database={quoted_database(server.database)}")
    with server.connect() as connection, readable_errors("looking at its own privileges"):
        row = connection.execute("SELECT has_table_privilege('pg_catalog.pg_authid', 'SELECT')").fetchone()
    if not (row and row[0]):
        argv.append("--no-role-passwords")
    finished = tools.runner.run(argv, stop=stop, environment=server.tool_environment())
    if finished.code != 0:
        raise tool_failure("pg_dumpall", finished.status, finished.stderr)
    return finished.stdout


def _pg_dump(server: Server, tools: Tools, snapshot_id: str, lock_timeout: float) -> list[str]:
    return [
        tools.path("pg_dump"),
        f"--snapshot={snapshot_id}",
        f"--lock-wait-timeout={int(lock_timeout * 1000)}",
        "--no-password",
        f"--dbname={quoted_database(server.database)}",
    ]


def _dump_as_stream(
    server: Server,
    tools: Tools,
    argv: list[str],
    open_outlet: Callable[[str], Outlet],
    stop: StopSignal,
    on_progress: Callable[[int], None],
) -> DumpResult:
    outlet, taken = open_outlet(CUSTOM_ARCHIVE), 0

    def take(chunk: bytes) -> None:
        nonlocal taken
        outlet.write(chunk)
        taken += len(chunk)
        on_progress(taken)

    argv = [*argv, "--format=custom", f"--compress={tools.compress}"]
    finished = tools.runner.stream(argv, take, stop=stop, environment=server.tool_environment())
    if finished.code != 0:
        raise _dump_failure(server, finished)
    outlet.seal()
    return DumpResult(taken, finished.stderr, "custom")


def _dump_failure(server: Server, finished: Finished) -> ToolFailed:
    if not _LOCK_TIMED_OUT.search(finished.stderr):
        return tool_failure("pg_dump", finished.status, finished.stderr)
    try:
        with server.connect() as connection, readable_errors("looking for the lock"):
            held = _exclusive_locks(connection)
    except BaselinerError as error:
        held = [f"who holds it could not be read ({error})"]
    return TableLocked("; ".join(held) or "the table's lock was free again a moment later", finished.stderr)


def _exclusive_locks(connection: Connection) -> list[str]:
    rows = connection.execute(
        """
        SELECT DISTINCT format('%I.%I', n.nspname, c.relname), a.pid, a.usename, a.application_name
        FROM pg_catalog.pg_locks l
        JOIN pg_catalog.pg_class c ON c.oid = l.relation
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
        WHERE l.mode = 'AccessExclusiveLock' AND l.granted AND c.relkind IN ('r', 'p', 'S')
          AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
        ORDER BY 1, 2 LIMIT 5
        """
    ).fetchall()
    return [
        f"{table} is held by {user} ({application or 'no name'}, pid {pid})" for table, pid, user, application in rows
    ]
