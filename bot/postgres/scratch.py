"""An isolated PostgreSQL cluster for a while: nothing reaches it but its maker, and nothing is archived from it."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

from bot.canonical import sha256_hex
from bot.errors import DatabaseUnreachable, ToolFailed, ToolNotStarted
from bot.postgres.connection import Server
from bot.postgres.statements import statements
from bot.postgres.tools import Tools
from bot.runtime.leash import Account, leashed
from bot.runtime.process import StderrDrain, tool_environment
from bot.runtime.stop import StopSignal

SUPERUSER = "postgres"
_START_WITHIN = 60.0
_ACCOUNT_FOR_ROOT = "nobody"
_SETTINGS = {
    "listen_addresses": "",
    "archive_mode": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "autovacuum": "off",
    "shared_buffers": "128MB",
    "max_wal_size": "4GB",
    "dynamic_shared_memory_type": "mmap",
    "unix_socket_permissions": "0700",
}


@contextmanager
def scratch_cluster(programs: Path, directory: Path, *, stop: StopSignal) -> Iterator[Server]:
    """A new cluster whose data lies in `directory`, gone at the end of the block, or of this process.

    `programs` is the folder of its server. It listens on a socket in a private folder alone. Run by
    root, whom PostgreSQL refuses, it belongs to nobody and lies in the system's temporary folder. Raises ToolFailed.
    """
    account = server_account()
    # A socket's path may have 107 bytes (unix(7)), fewer than a staging area's may need.
    remove_remains(directory)
    sockets = socket_folder(directory)
    sockets.mkdir(mode=0o700)
    data = (sockets if account else directory) / "data"
    try:
        if account is not None:
            os.chown(sockets, account.uid, account.gid)
        _initialise(programs, data, account, stop)
        with _running(programs, data, sockets, account, stop) as server:
            yield server
    finally:
        remove_remains(directory)
        shutil.rmtree(data, ignore_errors=True)


def remove_remains(directory: Path) -> None:
    """Remove what a cluster for this directory, killed with its worker, left elsewhere."""
    shutil.rmtree(socket_folder(directory), ignore_errors=True)


def socket_folder(directory: Path) -> Path:
    """Where a cluster for this directory has its socket, under a path that is short whatever the directory's is."""
    # Of the whole path: another Baseliner on this host may have an operation of the same id.
    return Path(tempfile.gettempdir(), f"baseliner-{sha256_hex(str(directory.absolute()))[:20]}")


def apply_globals(server: Server, script: str) -> list[str]:
    """Run what `pg_dumpall --globals-only` wrote, one statement after the other; returns what was refused, a line each.

    Tablespaces are left out: their folders are those of another host.
    """
    refused = []
    with server.connect(SUPERUSER) as connection:
        for statement in statements(script):
            if "TABLESPACE" in statement.split("'")[0].upper() or statement == f"CREATE ROLE {SUPERUSER}":
                continue
            try:
                connection.execute(statement.encode())
            except psycopg.Error as error:
                refused.append(str(error).strip().splitlines()[0])
    return refused


def server_account() -> Account | None:
    """Whom a server has to run as, since PostgreSQL refuses root; None: whoever we are."""
    if os.geteuid() != 0:
        return None
    entry = pwd.getpwnam(_ACCOUNT_FOR_ROOT)
    return Account(entry.pw_uid, entry.pw_gid)


def initdb_argv(program: str, data: str) -> list[str]:
    """What makes the cluster; its superuser is `SUPERUSER`, and whoever reaches its socket gets in."""
    argv = [program, f"--pgdata={data}", f"--username={SUPERUSER}", "--auth=trust", "--no-sync"]
    return [*argv, "--encoding=UTF8", "--locale=C"]


def postgres_argv(program: str, data: str, sockets: str) -> list[str]:
    """What serves it, on a socket in that folder alone."""
    settings = [word for name, value in _SETTINGS.items() for word in ("-c", f"{name}={value}")]
    return [program, "-D", data, "-k", sockets, *settings]


def await_server(server: Server, demand_running: Callable[[], None], *, stop: StopSignal) -> None:
    """Until it answers. Raises DatabaseUnreachable when it does not in time, and what `demand_running` raises."""
    answering = Retrying(
        retry=retry_if_exception_type(DatabaseUnreachable),
        stop=stop_after_delay(_START_WITHIN),
        wait=wait_fixed(0.05),
        reraise=True,
    )
    for attempt in answering:
        with attempt:
            demand_running()
            stop.check()
            server.connect(SUPERUSER).close()


def _initialise(programs: Path, data: Path, account: Account | None, stop: StopSignal) -> None:
    with leashed(initdb_argv(str(programs / "initdb"), str(data)), tool_environment(), account) as process:
        said = StderrDrain(process.stderr)
        while process.poll() is None:
            stop.check()
            with suppress(subprocess.TimeoutExpired):
                process.wait(0.1)
        if process.returncode != 0:
            raise ToolFailed("initdb", f"ended with exit code {process.returncode}", said.finish())


@contextmanager
def _running(programs: Path, data: Path, sockets: Path, account: Account | None, stop: StopSignal) -> Iterator[Server]:
    server = Server(f"host={sockets} user={SUPERUSER} dbname={SUPERUSER}")
    with leashed(
        postgres_argv(str(programs / "postgres"), str(data), str(sockets)), tool_environment(), account
    ) as process:
        said = StderrDrain(process.stderr)

        def demand_running() -> None:
            if process.poll() is not None:
                raise ToolFailed("postgres", f"ended with exit code {process.returncode}", said.text())

        try:
            await_server(server, demand_running, stop=stop)
        except DatabaseUnreachable as error:
            raise ToolFailed("postgres", "did not start", said.text()) from error
        yield server


def check_structure(tools: Tools, server: Server, database: str, *, stop: StopSignal) -> str | None:
    """`pg_amcheck` of every table and B-tree; returns what it found, "" for nothing, None where it cannot run."""
    with server.connect(database) as connection:
        row = connection.execute("SELECT count(*) FROM pg_available_extensions WHERE name = 'amcheck'").fetchone()
    if not (row and row[0]):
        return None
    argv = [tools.path("pg_amcheck"), "--install-missing", "--no-password", f"--database={database}"]
    try:
        finished = tools.runner.run(argv, stop=stop, environment=server.tool_environment(database))
    except ToolNotStarted:
        return None
    if finished.code == 0:
        return ""
    return (finished.stdout.decode("utf-8", "replace") + finished.stderr).strip() or finished.status
