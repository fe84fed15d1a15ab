"""An isolated PostgreSQL cluster for a while: nothing reaches it but its maker, and nothing is archived from it."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
from tenacity import RetryError, Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

from bot.canonical import sha256_hex
from bot.errors import DatabaseUnreachable, ToolFailed
from bot.postgres.connection import Server
from bot.postgres.statements import statements
from bot.runtime.leash import Account, leashed
from bot.runtime.process import StderrDrain, run, tool_environment
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
    account = _account()
    # A socket's path may have 107 bytes (unix(7)), fewer than a staging area's may need.
    remove_remains(directory)
    sockets = _socket_folder(directory)
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
    shutil.rmtree(_socket_folder(directory), ignore_errors=True)


def _socket_folder(directory: Path) -> Path:
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


def _account() -> Account | None:
    if os.geteuid() != 0:
        return None
    entry = pwd.getpwnam(_ACCOUNT_FOR_ROOT)
    return Account(entry.pw_uid, entry.pw_gid)


def _initialise(programs: Path, data: Path, account: Account | None, stop: StopSignal) -> None:
    argv = [str(programs / "initdb"), f"--pgdata={data}", f"--username={SUPERUSER}", "--auth=trust", "--no-sync"]
    argv += ["--encoding=UTF8", "--locale=C"]
    with leashed(argv, tool_environment(), account) as process:
        said = StderrDrain(process.stderr)
        while process.poll() is None:
            stop.check()
            with suppress(subprocess.TimeoutExpired):
                process.wait(0.1)
        if process.returncode != 0:
            raise ToolFailed("initdb", f"ended with exit code {process.returncode}", said.finish())


@contextmanager
def _running(programs: Path, data: Path, sockets: Path, account: Account | None, stop: StopSignal) -> Iterator[Server]:
    argv = [str(programs / "postgres"), "-D", str(data), "-k", str(sockets)]
    argv += [word for name, value in _SETTINGS.items() for word in ("-c", f"{name}={value}")]
    server = Server(f"host={sockets} user={SUPERUSER} dbname={SUPERUSER}")
    with leashed(argv, tool_environment(), account) as process:
        said = StderrDrain(process.stderr)
        answering = Retrying(
            retry=retry_if_exception_type(DatabaseUnreachable),
            stop=stop_after_delay(_START_WITHIN),
            wait=wait_fixed(0.05),
        )
        try:
            for attempt in answering:
                with attempt:
                    if process.poll() is not None:
                        raise ToolFailed("postgres", f"ended with exit code {process.returncode}", said.text())
                    stop.check()
                    server.connect(SUPERUSER).close()
        except RetryError as error:
            raise ToolFailed("postgres", "did not start", said.text()) from error
        yield server


def check_structure(programs: Path, server: Server, database: str, *, stop: StopSignal) -> str | None:
    """`pg_amcheck` of every table and B-tree; returns what it found, "" for nothing, None where it cannot run."""
    tool = programs / "pg_amcheck"
    with server.connect(database) as connection:
        row = connection.execute("SELECT count(*) FROM pg_available_extensions WHERE name = 'amcheck'").fetchone()
    if not (os.access(tool, os.X_OK) and row and row[0]):
        return None
    argv = [str(tool), "--install-missing", "--no-password", f"--database={database}"]
    finished = run(argv, stop=stop, environment=server.tool_environment(database))
    if finished.code == 0:
        return ""
    return (finished.stdout.decode("utf-8", "replace") + finished.stderr).strip() or finished.status
