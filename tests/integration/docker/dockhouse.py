"""A house whose target stands in a container: its tools run where the settings say."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
from docker.errors import APIError

from bot.errors import Interrupted
from bot.models import Operation
from bot.runtime.stop import StopSignal
from sandbox.cluster import Cluster
from tests.docker_deployment import DATABASE, Deployment
from tests.house import TABLES, TARGET, MovableClock, Rig, Setup, document_of, open_house
from tests.services import ShellServices
from tests.support import Database

ROLE, PASSWORD = "keeper", "word-0f-the-keeper"
LOCK = "BEGIN; LOCK TABLE devices IN ACCESS EXCLUSIVE MODE"
TOOLS_AT_WORK = "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'baseliner _%'"
WAITING = f"{TOOLS_AT_WORK} AND wait_event_type = 'Lock'"


def fill(project: Deployment) -> None:
    """A few rows, and a role with a password that stands nowhere else."""
    with psycopg.connect(project.dsn(), autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {ROLE} SUPERUSER LOGIN PASSWORD '{PASSWORD}'")
        connection.execute("; ".join(TABLES).encode())


@contextmanager
def house_at(
    project: Deployment, cluster: Cluster, state_dsn: str, directory: Path, host: str | None = None, **target: Any
) -> Iterator[Rig]:
    """`cluster` is where the state is; `target` goes into `[targets.inventory.docker]`."""
    dsn = f"postgresql://{ROLE}:{PASSWORD}@{project.address('db')}:5432/{DATABASE}"
    database = Database(DATABASE, dsn, cluster)
    (directory / "backups").mkdir(exist_ok=True)
    application = ShellServices(directory / "services", ())
    document = document_of(state_dsn, database, application, directory)
    document["docker"] = {"host": host or project.engine.host}
    document["targets"][TARGET] = {
        "dsn": dsn, "storage": "offsite", "docker": {**project.settings, **target},
    }  # fmt: skip
    setup, clock = Setup(document, {}), MovableClock()
    with open_house(setup, clock) as house:
        yield Rig(setup, house, clock, database, state_dsn, application, directory, None)


def with_tools(rig: Rig, **docker: Any) -> Setup:
    """The same house with other settings of `[targets.inventory.docker]`."""
    return rig.setup.changed(docker={**rig.setup.document["targets"][TARGET]["docker"], **docker})


def made_for_tools(project: Deployment) -> list[str]:
    """Containers beside the database's; the Engine may have those of other tests too."""
    db, client = project.ids("db")[0], project.client
    found = client.containers(all=True, filters={"label": "baseliner.operation"})
    return [item["Id"] for item in found if item["HostConfig"]["NetworkMode"] == f"container:{db}"]


def made_by(project: Deployment, owner: str) -> list[dict[str, Any]]:
    """Containers for this operation, wherever they are."""
    labels = [f"baseliner.operation={owner}", f"baseliner.database={project.project}/db"]
    found: list[dict[str, Any]] = project.client.containers(all=True, filters={"label": labels})
    return found


def tools_inside(project: Deployment) -> list[str]:
    """Commands of PostgreSQL's tools in the database's container, and in those made for them."""
    containers = [*project.ids("db"), *made_for_tools(project)]
    listed = []
    for item in containers:
        with suppress(APIError):  # it has ended
            listed += [" ".join(row) for row in project.client.top(item)["Processes"] or ()]
    return [line for line in listed if "pg_dump" in line or "pg_restore" in line]


def remains(project: Deployment) -> list[str]:
    """Containers that were made for tools, scratch files in the database's container, processes and sessions."""
    made = made_for_tools(project)
    listing = project.client.exec_create(project.ids("db")[0], ["ls", "/tmp"])
    files = project.client.exec_start(listing["Id"]).decode().split()
    with psycopg.connect(project.dsn("postgres")) as connection:
        row = connection.execute(TOOLS_AT_WORK).fetchone()
    sessions = ["a session"] * (row[0] if row else 0)
    return [*made, *(name for name in files if "baseliner" in name), *tools_inside(project), *sessions]


@contextmanager
def table_locked(rig: Rig) -> Iterator[None]:
    """pg_dump waits for it in the middle of its work."""
    with psycopg.connect(rig.target.dsn) as connection:
        connection.execute(LOCK)
        yield
        connection.rollback()


def waits(project: Deployment) -> bool:
    with psycopg.connect(project.dsn("postgres")) as connection:
        row = connection.execute(WAITING).fetchone()
    return bool(row and row[0])


@contextmanager
def interrupted(rig: Rig, operation: Operation) -> Iterator[StopSignal]:
    """Runs it beside the block, which has to stop it."""
    stop, outcome = StopSignal(), list[type[BaseException]]()

    def work() -> None:
        try:
            rig.run(operation, stop)
        except Interrupted as error:
            outcome.append(type(error))

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield stop
    finally:
        stop.set()
        thread.join(60)
    assert outcome == [Interrupted]
