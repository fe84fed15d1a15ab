"""A house that keeps a whole deployment of Compose, known by its labels alone; one service more goes by commands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from sandbox.cluster import Cluster
from tests.docker_deployment import BIN, DATABASE, PASSWORD, Deployment
from tests.house import TABLES, TARGET, MovableClock, Rig, Setup, document_of, open_house
from tests.services import ShellServices
from tests.support import Database, eventually

SERVICES = ({"name": "api"}, {"name": "worker", "pause": True})


class ContainerCluster(Cluster):
    """The server in the deployment's `db`, for who only sends it statements."""

    def __init__(self, deployment: Deployment) -> None:
        self.host, self.port, self.password = deployment.address("db"), 5432, PASSWORD
        self.bin_dir = BIN


def set_up(project: Deployment, **db: Any) -> None:
    """`db` with a few rows, `api` that Docker starts again and asks for its health, and `worker`."""
    project.add_db(**db)
    with psycopg.connect(project.dsn(), autocommit=True) as connection:
        connection.execute("; ".join(TABLES).encode())
    project.add_api(restart="always")
    project.add_worker(restart="unless-stopped")
    well(project)


def well(project: Deployment) -> None:
    """Once api is healthy."""
    eventually(lambda: project.inspect("api")["State"]["Health"]["Status"] == "healthy")


def document(project: Deployment, rig_document: dict[str, Any], host: str, services: Sequence[Any]) -> dict[str, Any]:
    target = {
        **rig_document["targets"][TARGET],
        "dsn": f"postgresql://postgres:{PASSWORD}@/{DATABASE}",
        "docker": project.settings,
        "application": {"services": [*SERVICES, *services], "command_deadline": "20s", "health_deadline": "20s"},
    }
    return {**rig_document, "docker": {"host": host}, "targets": {TARGET: target}}


@contextmanager
def house_of(
    project: Deployment, state_dsn: str, directory: Path, host: str | None = None, **application: Any
) -> Iterator[Rig]:
    """`application` goes into the target's section of that name."""
    cluster = ContainerCluster(project)
    database = Database(DATABASE, project.dsn(), cluster)
    (directory / "backups").mkdir()
    mailer = ShellServices(directory / "services", ("mailer",))
    made = document_of(state_dsn, database, mailer, directory)
    setup = Setup(document(project, made, host or project.engine.host, mailer.settings), {})
    setup, clock = setup.with_application(**application), MovableClock()
    with open_house(setup, clock) as house:
        rig = Rig(setup, house, clock, database, state_dsn, mailer, directory, None)
        yield rig
    for suffix in filter(None, rig.databases()):
        cluster.drop_database(DATABASE + suffix)


def assert_as_before(project: Deployment, rig: Rig) -> None:
    """Every service runs, with the restart policy that it had."""
    assert [project.state("api"), project.state("worker"), rig.application.running] == [
        "running",
        "running",
        {"mailer"},
    ]
    policies = [project.inspect(name)["HostConfig"]["RestartPolicy"]["Name"] for name in ("api", "worker")]
    assert policies == ["always", "unless-stopped"]
    assert not [name for name in rig.databases() if name.startswith("__new_")]
