"""What the bot of the demo lives in: its state database, an application, an S3 bucket and a workspace."""

import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

import httpx

from sandbox.cluster import Cluster
from sandbox.demo.directory import MARKER
from sandbox.objects import ObjectServer
from sandbox.processes import HOST, Process, free_port, tail, wait_until
from sandbox.sample import control
from sandbox.sample.control import SERVICES, ServiceSettings, control_argv
from sandbox.sample.database import create_fleet

STATE_MAJOR = 18
APPLICATION_MAJOR = 16
DATABASE = "fleet"
BUCKET = "baseliner-demo"
WRITE_INTERVAL_S = 1.0
_MANIFEST = Path(__file__).parents[2] / "manifest.yaml"
_WORKSPACE = "/person/workspace"
_READY_S = 120.0

Tell = Callable[[str], None]


class DemoError(Exception):
    """A part of the demo did not start, or ended."""


@dataclass(frozen=True)
class State:
    """The cluster of the bot's own database."""

    cluster: Cluster
    dsn: str


@dataclass(frozen=True)
class Application:
    """Fleet: its cluster, whose WAL is shipped to `archive`, and its services."""

    cluster: Cluster
    archive: Path
    state_dir: Path
    url: str


@dataclass(frozen=True)
class Workspace:
    """The Slack workspace: the process that serves it, and who and what is in it."""

    process: Process
    url: str
    team_id: str
    bot_token: str
    app_token: str
    signing_secret: str
    users: dict[str, str]
    """role by user id"""
    channels: dict[str, str]
    """id by channel name"""


@dataclass(frozen=True)
class World:
    """All of it, running."""

    directory: Path
    state: State
    application: Application
    objects: ObjectServer
    workspace: Workspace


def build_world(directory: Path, port: int, now: datetime, stack: ExitStack, tell: Tell) -> World:
    """Start all parts at the same time; `stack` ends them. Raises what the first failing part raises."""
    (directory / "logs").mkdir(mode=0o700)
    with ThreadPoolExecutor(max_workers=4) as pool:
        application = pool.submit(_start_application, directory, now, stack, tell)
        workspace = pool.submit(_start_workspace, directory, port, stack, tell)
        state = pool.submit(_start_state, directory, stack, tell)
        objects = pool.submit(_start_objects, directory, stack, tell)
        try:
            return World(directory, state.result(), application.result(), objects.result(), workspace.result())
        except BaseException:
            # What waits for a server in another thread then fails at once, instead of holding us up.
            stack.close()
            raise


def _start_state(directory: Path, stack: ExitStack, tell: Tell) -> State:
    cluster = stack.enter_context(Cluster(STATE_MAJOR, directory / "state"))
    dsn = cluster.create_owned_database("baseliner", "baseliner")
    tell(f"state database on PostgreSQL {cluster.major}, port {cluster.port}")
    return State(cluster, dsn)


def _start_objects(directory: Path, stack: ExitStack, tell: Tell) -> ObjectServer:
    server = stack.enter_context(ObjectServer(directory / "logs" / "objects.log"))
    server.create_bucket(BUCKET)
    tell(f"S3 server at {server.endpoint_url}, bucket {BUCKET}")
    return server


def _start_application(directory: Path, now: datetime, stack: ExitStack, tell: Tell) -> Application:
    cluster = stack.enter_context(Cluster(APPLICATION_MAJOR, directory / "application", segment_mb=1))
    dsn = create_fleet(cluster, DATABASE, now)
    tell(f"database {DATABASE} on PostgreSQL {cluster.major}, port {cluster.port}")
    archive = _ship_log(cluster)
    state_dir = directory / "fleet"
    state_dir.mkdir(mode=0o700)
    port = free_port()
    lifeline = str(directory / MARKER)
    ServiceSettings(dsn, port, WRITE_INTERVAL_S, lifeline).write(state_dir)
    for service in SERVICES:
        stack.callback(control.stop, state_dir / f"{service}.run")
    with ThreadPoolExecutor() as pool:
        list(pool.map(partial(_start_service, state_dir), SERVICES))
    url = f"http://{HOST}:{port}"
    tell(f"application at {url}/health")
    return Application(cluster, archive, state_dir, url)


def _start_service(state_dir: Path, service: str) -> None:
    """By the command line, as the bot does it: a service started so is nobody's child."""
    start = subprocess.run(control_argv(state_dir, "start", service), capture_output=True, text=True, check=False)
    if start.returncode != 0:
        raise DemoError(start.stderr.strip())


def _ship_log(cluster: Cluster) -> Path:
    """From now on: what filled the database need not be shipped."""
    archive = cluster.make_directory("archive")
    cluster.configure(
        archive_mode="on",
        archive_command=f'test ! -f "{archive}/%f" && cp %p "{archive}/%f"',
        archive_timeout="60s",
    )
    cluster.restart()
    cluster.execute("SELECT pg_switch_wal()")
    return archive


def _start_workspace(directory: Path, port: int, stack: ExitStack, tell: Tell) -> Workspace:
    url = f"http://{HOST}:{port}"
    log = directory / "logs" / "workspace.log"
    manifest = [f"--manifest={_MANIFEST}"] if _MANIFEST.exists() else []
    process = Process([sys.executable, "-m", "sandbox", f"--port={port}", *manifest], log=log, grace_s=5.0)
    stack.callback(process.stop)
    wait_until(lambda: _answers(url, process), timeout_s=_READY_S, what="the workspace", interval_s=0.1)
    facts = httpx.get(f"{url}{_WORKSPACE}", trust_env=False).raise_for_status().json()
    tell(f"workspace at {url}")
    return Workspace(
        process=process,
        url=url,
        team_id=facts["team_id"],
        bot_token=facts["bot_token"],
        app_token=facts["app_token"],
        signing_secret=facts["signing_secret"],
        users={user["id"]: user["role"] for user in facts["users"]},
        channels={channel["name"]: channel["id"] for channel in facts["channels"]},
    )


def _answers(url: str, process: Process) -> bool:
    if process.poll() is not None:
        raise DemoError(f"the workspace did not start:\n{tail(process.log)}")
    try:
        return httpx.get(f"{url}{_WORKSPACE}", trust_env=False).is_success
    except httpx.TransportError:
        return False
