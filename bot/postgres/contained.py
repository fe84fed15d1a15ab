"""A scratch cluster in containers: by the programs, locales and extensions of a database's own image."""

from __future__ import annotations

import os
from collections.abc import Generator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo

from bot.errors import BaselinerError, ToolFailed
from bot.postgres.connection import Server
from bot.postgres.scratch import SUPERUSER, await_server, initdb_argv, postgres_argv, remove_remains, socket_folder
from bot.runtime.leash import Account
from bot.runtime.process import Finished, judged, tool_environment
from bot.runtime.stop import StopSignal
from bot.runtime.tool_runner import ToolRunner

INSIDE = "/baseliner"
"""Where containers see the cluster's folder: data, and the socket that is all that it listens on."""
ADDRESS: Mapping[str, str] = {"PGHOST": INSIDE, "PGPORT": "5432"}
"""libpq's variables for tools there."""
ACCOUNTS = "accounts"
"""In the cluster's folder, what has to be /etc/passwd there: initdb refuses an account without a name."""

_ENDED_WITHIN = 0.5


def make_cluster_folder(folder: Path, account: Account | None) -> None:
    """The empty folder, for a server that runs as `account`, or as ours. The folder around it has to be private."""
    uid, gid = (account.uid, account.gid) if account else (os.geteuid(), os.getegid())
    folder.mkdir()
    # Tools there may run as another account, without the right to enter whatever they like.
    folder.chmod(0o755)
    (folder / ACCOUNTS).write_text(f"{SUPERUSER}:x:{uid}:{gid}::{INSIDE}:/bin/sh\n")
    (folder / ACCOUNTS).chmod(0o644)
    if account is not None:
        os.chown(folder, uid, gid)


@contextmanager
def contained_cluster(runner: ToolRunner, folder: Path, *, stop: StopSignal) -> Generator[Server]:
    """A new cluster in the `folder` that `make_cluster_folder` made and `runner` shows at `INSIDE`, gone at the end.

    Raises ToolFailed, EngineFailed, Interrupted.
    """
    environment = tool_environment()
    judged("initdb", runner.run(initdb_argv("initdb", f"{INSIDE}/data"), stop=stop, environment=environment))
    argv = [*postgres_argv("postgres", f"{INSIDE}/data", INSIDE), "-c", "unix_socket_permissions=0777"]
    ended = StopSignal()
    with _short_path(folder) as sockets, ThreadPoolExecutor(1, thread_name_prefix="scratch-server") as executor:
        running = executor.submit(runner.run, argv, stop=ended, environment=environment)
        try:
            server = Server(make_conninfo(host=str(sockets), user=SUPERUSER, dbname=SUPERUSER))
            await_server(server, lambda: _demand_running(running), stop=stop)
            yield server
        except (BaselinerError, psycopg.Error):
            # Where the server has died, that is why.
            wait([running], _ENDED_WITHIN)
            _demand_running(running)
            raise
        finally:
            ended.set()


@contextmanager
def _short_path(folder: Path) -> Generator[Path]:
    # What a link leads to does not count: a socket's path may have 107 bytes (unix(7)).
    place = socket_folder(folder)
    remove_remains(folder)
    place.mkdir(mode=0o700)
    try:
        (place / "sockets").symlink_to(folder.absolute(), target_is_directory=True)
        yield place / "sockets"
    finally:
        remove_remains(folder)


def _demand_running(running: Future[Finished]) -> None:
    if running.done():
        finished = running.result()
        raise ToolFailed("postgres", finished.status, finished.stderr)
