"""A real PostgreSQL cluster on a free loopback port: made, started, crashed and deleted at will."""

import contextlib
import ctypes
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

import psycopg
from psycopg import sql

from sandbox.installation import can_enter, copy_installation, find_bin_dir, read_major, server_user
from sandbox.processes import HOST, Process, free_port, tail, wait_until

SUPERUSER = "postgres"
_SOCKET_PATH_LIMIT = 100  # bytes; the kernels' own limits are 104 (macOS) and 108 (Linux)
_NOT_DURABLE = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}
_DEFAULTS = {
    # In the data folder, so that a crash leaves nothing in /dev/shm (64 MB in a container, besides).
    "dynamic_shared_memory_type": "mmap",
    "shared_buffers": "64MB",
    "log_timezone": "UTC",
    "timezone": "UTC",
}
_SCRAM_ITERATIONS_SINCE = 16  # the major version that has the setting
_SEGMENT_LINE = 6  # of postmaster.pid (LOCK_FILE_LINE_SHMEM_KEY in PostgreSQL's miscadmin.h, from 0)
_IPC_RMID = 0  # of shmctl(2)
_TRY_AGAIN = ("Address already in use", "still in use")


class ClusterError(Exception):
    """The server could not be made, started or reached; the message ends with its own words."""


class Cluster:
    """One cluster. TCP asks for the password (SCRAM); the Unix socket, in a private folder, does not.

    `source` is a major version or a folder with PostgreSQL's programs. `directory` must not exist yet: the
    cluster makes it and `delete` removes it. As root the server runs as nobody; where that account cannot
    reach `directory` or the programs, the cluster lives in (and copies the programs to) a new folder in the
    system's temporary one instead. `durable=False` trades crash safety for speed. `settings` are lines of
    postgresql.conf, `segment_mb` is the size of a WAL segment. As a context manager: started inside, deleted after.
    """

    def __init__(
        self,
        source: int | Path,
        directory: Path,
        *,
        settings: Mapping[str, str] | None = None,
        durable: bool = True,
        segment_mb: int = 16,
    ) -> None:
        self._user = server_user()
        self.directory = self._make_directory(directory)
        bin_dir = find_bin_dir(source) if isinstance(source, int) else source
        if not can_enter(bin_dir, self._user):
            bin_dir = copy_installation(bin_dir, self.directory / "postgres", self._user)
        self.bin_dir = bin_dir
        self.major = read_major(bin_dir)
        self.host = HOST
        self.port = free_port()
        self.password = secrets.token_urlsafe(18)
        self.data_directory = self.directory / "data"
        self.log_file = self.directory / "server.log"
        self._process: Process | None = None
        self._has_run = False
        self._settings = {**_DEFAULTS, **({} if durable else _NOT_DURABLE), **(settings or {})}
        self._socket_directory = self._make_socket_directory()
        try:
            self._initialise(segment_mb)
        except BaseException:
            self.delete()
            raise

    @property
    def is_running(self) -> bool:
        """Whether the server that `start` started still runs."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """The postmaster's process id."""
        if self._process is None:
            raise ClusterError("the server is not running")
        return self._process.pid

    def dsn(self, database: str = SUPERUSER, user: str = SUPERUSER, password: str | None = None) -> str:
        """A `postgresql://` URI over TCP with the password in it; the superuser's when none is given."""
        secret = quote(password or self.password, safe="")
        return f"postgresql://{quote(user, safe='')}:{secret}@{self.host}:{self.port}/{quote(database, safe='')}"

    def socket_dsn(self, database: str = SUPERUSER, user: str = SUPERUSER) -> str:
        """A `postgresql://` URI over the Unix socket, without a password."""
        folder = quote(str(self._socket_directory), safe="")
        return f"postgresql://{quote(user, safe='')}@/{quote(database, safe='')}?host={folder}&port={self.port}"

    def configure(self, **settings: str) -> None:
        """Set lines of postgresql.conf; they hold from the next `reload` or `restart`."""
        self._settings.update(settings)
        self._write_settings()

    def start(self, timeout_s: float = 60.0) -> None:
        """Start the server and wait until it answers. A cluster that was killed recovers by itself."""
        if self.is_running:
            return
        wait_until(self._try_start, timeout_s=timeout_s, what=f"a start of PostgreSQL {self.major}", interval_s=0.1)

    def stop(self) -> None:
        """A fast shutdown: sessions are ended, everything is written."""
        if self._process is not None:
            self._process.stop()
            self._process = None

    def kill(self) -> None:
        """End the server by SIGKILL, as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process = None

    def restart(self) -> None:
        """A fast shutdown and a start, on the same port."""
        self.stop()
        self.start()

    def reload(self) -> None:
        """Have the running server read its settings again."""
        self.execute("SELECT pg_reload_conf()")

    def delete(self) -> None:
        """Stop the server and remove all of its files."""
        try:
            self.stop()
        finally:
            _release_shared_memory(self.data_directory / "postmaster.pid")
            shutil.rmtree(self._socket_directory, ignore_errors=True)
            shutil.rmtree(self.directory, ignore_errors=True)

    def make_directory(self, name: str) -> Path:
        """A folder next to the data that the server may write to, for an archive or a tablespace."""
        path = self.directory / name
        path.mkdir(mode=0o700)
        self._hand_over(path)
        return path

    def execute(self, statement: str | sql.Composed, database: str = SUPERUSER) -> None:
        """Run one statement as superuser, outside a transaction."""
        with psycopg.connect(self.dsn(database), autocommit=True) as connection:
            connection.execute(statement.encode() if isinstance(statement, str) else statement)

    def create_database(self, name: str) -> str:
        """Make an empty database; returns the superuser's URI of it."""
        self.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
        return self.dsn(name)

    def create_owned_database(self, name: str, role: str) -> str:
        """Make an empty database and a login role that owns it; returns that role's URI of it."""
        names = {"name": sql.Identifier(name), "role": sql.Identifier(role)}
        password = secrets.token_urlsafe(18)
        create_role = sql.SQL("CREATE ROLE {role} LOGIN PASSWORD {password}")
        self.execute(create_role.format(password=sql.Literal(password), **names))
        self.execute(sql.SQL("CREATE DATABASE {name} OWNER {role} TEMPLATE template0").format(**names))
        return self.dsn(name, role, password)

    def drop_database(self, name: str) -> None:
        """Drop a database with its sessions; fine when there is none."""
        self.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.delete()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.delete()

    def _make_directory(self, wanted: Path) -> Path:
        wanted = wanted.absolute()
        if can_enter(wanted.parent, self._user):
            wanted.mkdir(mode=0o700)
        else:
            wanted = Path(tempfile.mkdtemp(prefix="baseliner-pg-"))
        self._hand_over(wanted)
        if not can_enter(wanted, self._user):
            raise ClusterError(f"the server's account cannot reach {wanted}; set TMPDIR to a folder that it can")
        return wanted

    def _make_socket_directory(self) -> Path:
        name = f".s.PGSQL.{self.port}"
        if len(bytes(self.directory / name)) < _SOCKET_PATH_LIMIT:
            return self.directory
        folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
        self._hand_over(folder)
        return folder

    def _hand_over(self, path: Path) -> None:
        if self._user is not None:
            os.chown(path, self._user.uid, self._user.gid)

    def _initialise(self, segment_mb: int) -> None:
        secret = self.directory / "password"
        secret.touch(mode=0o600)
        secret.write_text(self.password)
        self._hand_over(secret)
        drop = {} if self._user is None else {"user": self._user.uid, "group": self._user.gid, "extra_groups": []}
        answer = subprocess.run(  # type: ignore[call-overload]
            [self.bin_dir / "initdb", f"--pgdata={self.data_directory}", f"--username={SUPERUSER}",
             f"--pwfile={secret}", "--auth-local=trust", "--auth-host=scram-sha-256",
             "--encoding=UTF8", "--locale=C", f"--wal-segsize={segment_mb}", "--no-sync", *self._cheap_passwords()],
            env=_server_environment(), cwd=self.directory, capture_output=True, text=True, check=False, **drop,
        )  # fmt: skip
        secret.unlink()
        if answer.returncode != 0:
            raise ClusterError(f"initdb failed: {answer.stderr.strip()}")
        with (self.data_directory / "postgresql.conf").open("a") as main_file:
            main_file.write("include 'sandbox.conf'\n")
        self._write_settings()

    def _cheap_passwords(self) -> list[str]:
        """SCRAM's 4,096 rounds cost each connection 10 ms; nobody guesses the passwords of a cluster that is lost."""
        durable = _NOT_DURABLE.keys() - self._settings.keys()
        return [] if durable or self.major < _SCRAM_ITERATIONS_SINCE else ["--set=scram_iterations=1"]

    def _write_settings(self) -> None:
        listen = {
            "listen_addresses": self.host,
            "port": str(self.port),
            "unix_socket_directories": str(self._socket_directory),
        }
        lines = [
            f"{name} = '{value.replace(chr(39), chr(39) * 2)}'\n" for name, value in (self._settings | listen).items()
        ]
        path = self.data_directory / "sandbox.conf"
        path.write_text("".join(lines))
        self._hand_over(path)

    def _try_start(self) -> bool:
        since = self.log_file.stat().st_size if self.log_file.exists() else 0
        process = Process(
            [str(self.bin_dir / "postgres"), "-D", str(self.data_directory)],
            log=self.log_file,
            env=_server_environment(),
            cwd=self.directory,
            stop_signal=signal.SIGINT,
            grace_s=30.0,
            user=self._user,
        )
        try:
            ready = wait_until(lambda: self._answers() or process.poll() is not None, timeout_s=60.0, what="an answer")
        except BaseException:
            process.kill()
            raise
        if process.poll() is None:
            self._process, self._has_run = process, True
            return ready
        process.stop()
        words = tail(self.log_file, since)
        if "Address already in use" in words and not self._has_run:
            self.port = free_port()
            self._write_settings()
        if not any(reason in words for reason in _TRY_AGAIN):
            raise ClusterError(f"PostgreSQL {self.major} did not start:\n{words}")
        return False

    def _answers(self) -> bool:
        with contextlib.suppress(psycopg.OperationalError), psycopg.connect(self.socket_dsn(), connect_timeout=5):
            return True
        return False


def _release_shared_memory(pid_file: Path) -> None:
    """Remove the small segment that a killed server leaves to the system for ever (its data folder's lock)."""
    if pid_file.exists():
        key_and_id = pid_file.read_text().splitlines()[_SEGMENT_LINE].split()
        ctypes.CDLL(None).shmctl(int(key_and_id[1]), _IPC_RMID, None)


def _server_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")}
