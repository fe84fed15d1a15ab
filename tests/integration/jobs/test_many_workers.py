"""Workers on several hosts: each in a container with a network of its own, on one state database and one storage."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from bot.models import OperationState
from bot.store import schema
from tests.docker_deployment import DATABASE, Deployment
from tests.docker_engine import IMAGE, PROGRAMS, REPOSITORY
from tests.house import APPROVER, OPERATOR, MovableClock, Setup, open_house
from tests.settings_file import toml
from tests.support import eventually

pytestmark = pytest.mark.docker


@dataclass(frozen=True)
class Hosts:
    """The hosts of workers; `shared` is a folder that all of them have, as one of a network file system."""

    deployment: Deployment
    setup: Setup
    shared: Path

    def start(self, number: int) -> str:
        """A worker of the queue eu on a host of its own, from a container; returns its id."""
        client = self.deployment.client
        binds = [*(f"{place}:{place}:ro" for place in PROGRAMS), f"{self.shared}:{self.shared}"]
        made = client.create_container(
            IMAGE,
            [sys.executable, "-m", "bot", "worker", "--queue", "eu", "--config", str(self.shared / "baseliner.toml")],
            name=f"{self.deployment.project}-host-{number}",
            hostname=f"host-{number}",
            working_dir=str(REPOSITORY),
            labels={"com.docker.compose.project": self.deployment.project},
            environment={"HOME": "/tmp", "PYTHONDONTWRITEBYTECODE": "1"},
            host_config=client.create_host_config(binds=binds),
            networking_config=client.create_networking_config(
                {self.deployment.network: client.create_endpoint_config()}
            ),
        )
        client.start(made["Id"])
        return str(made["Id"])

    def log(self, host: str) -> str:
        return str(self.deployment.client.logs(host).decode())


@pytest.fixture
def hosts(project: Deployment, tmp_path: Path) -> Hosts:
    """A database of the queue eu with one table, and the state beside it; no worker yet."""
    project.add_db()
    with psycopg.connect(project.dsn("postgres"), autocommit=True) as connection:
        connection.execute("CREATE DATABASE state")
    with psycopg.connect(project.dsn()) as connection:
        connection.execute("CREATE TABLE devices AS SELECT generate_series(1, 50) AS id")
    schema.upgrade(project.dsn("state"))
    (tmp_path / "backups").mkdir()
    setup = Setup(_document(project, tmp_path), {})
    (tmp_path / "baseliner.toml").write_text(toml(setup.document))
    return Hosts(project, setup, tmp_path)


def _document(project: Deployment, shared: Path) -> dict[str, Any]:
    target = {"dsn": project.dsn(), "storage": "offsite"}
    return {
        "state": {"dsn": project.dsn("state")},
        "staging": {"path": "/tmp/staging"},
        "slack": {"channels": {"operations": "C0OPERATIONS", "approvals": "C0APPROVALS", "alerts": "C0ALERTS"}},
        "policy": {"requesters": [OPERATOR.id], "approvers": [APPROVER.id]},
        "storage": {"offsite": {"type": "directory", "path": str(shared / "backups")}},
        "targets": {"inventory": {**target, "queue": "eu"}, "elsewhere": target},
    }


@contextmanager
def a_dump_that_waits(hosts: Hosts) -> Iterator[None]:
    """While the block runs, no dump comes to an end."""
    with psycopg.connect(hosts.deployment.dsn()) as connection:
        connection.execute("LOCK TABLE devices IN ACCESS EXCLUSIVE MODE")
        yield
        connection.rollback()


def addresses_of_dumps(hosts: Hosts) -> set[str]:
    """Of the hosts whose dumps wait."""
    query = """SELECT host(client_addr) FROM pg_stat_activity
               WHERE wait_event_type = 'Lock' AND query LIKE 'LOCK TABLE%%' AND datname = %s"""
    with psycopg.connect(hosts.deployment.dsn("postgres")) as connection:
        return {row[0] for row in connection.execute(query, (DATABASE,)).fetchall()}


def test_the_work_of_a_host_that_is_lost_is_taken_up_by_another_of_its_queue(hosts: Hosts) -> None:
    client = hosts.deployment.client
    with open_house(hosts.setup, MovableClock()) as house:
        mine, others = (house.services.backups.request(name, OPERATOR) for name in ("inventory", "elsewhere"))
        with a_dump_that_waits(hosts):
            workers = [hosts.start(1), hosts.start(2)]
            (address,) = eventually(lambda: addresses_of_dumps(hosts))
            told = {host: client.inspect_container(host)["NetworkSettings"]["Networks"] for host in workers}
            lost = next(host for host, networks in told.items() if address in json.dumps(networks))
            client.kill(lost)
        (left,) = set(workers) - {lost}
        eventually(lambda: house.services.overview.operation(mine.id).state.ended)
        done = house.services.overview.operation(mine.id)
        assert (done.state, done.attempt) == (OperationState.DONE, 2), hosts.log(left)
        assert house.services.overview.operation(others.id).state is OperationState.QUEUED, "nobody serves its queue"
        assert [item.id for item in house.services.backups.newest_first("inventory", 9)] == [done.result["backup_id"]]
        stored = [path.name for path in (hosts.shared / "backups" / "inventory").iterdir()]
        assert stored == [done.result["backup_id"]], "nothing of the lost host is left"
