"""PostgreSQL's tools inside of the database's container, beside it, or here: the same backups, and nothing left."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from bot.errors import Interrupted
from bot.models import Operation, OperationState
from bot.operations.backup_engine import BackupEngine
from bot.runtime.stop import StopSignal
from sandbox.cluster import Cluster
from tests.docker_deployment import Deployment, project_on
from tests.docker_engine import RealEngine
from tests.house import OPERATOR, TARGET, Rig
from tests.integration.docker.dockhouse import (
    LOCK,
    PASSWORD,
    WAITING,
    fill,
    house_at,
    made_for_tools,
    remains,
    tools_inside,
    with_tools,
)
from tests.integration.operations.hooks import Moment, run_and_die
from tests.support import eventually

if TYPE_CHECKING:
    from tests.conftest import Clusters

pytestmark = pytest.mark.docker

in_containers = pytest.mark.parametrize("mode", ["exec", "container"])


@pytest.fixture(scope="module")
def at_home(docker_engine: RealEngine) -> Iterator[Deployment]:
    """A database with a few rows in a container, for all tests of this file: each leaves it as it was."""
    with project_on(docker_engine) as project:
        project.add_db()
        fill(project)
        yield project


@pytest.fixture
def rig(at_home: Deployment, clusters: Clusters, upgraded_state_dsn: str, tmp_path: Path) -> Iterator[Rig]:
    with house_at(at_home, state_cluster(clusters), upgraded_state_dsn, tmp_path) as rig:
        yield rig
        dropped_asides(at_home)


def state_cluster(clusters: Clusters) -> Cluster:
    return clusters.get(16)


def dropped_asides(project: Deployment) -> None:
    with psycopg.connect(project.dsn("postgres"), autocommit=True) as connection:
        rows = connection.execute("SELECT datname FROM pg_database WHERE datname LIKE '%\\_\\_old\\_%'").fetchall()
        for (name,) in rows:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


@pytest.mark.parametrize(
    ("taken", "restored", "archive"),
    [
        ("exec", "container", "custom.dump"),
        ("container", "network", "small.tar"),
        ("network", "exec", "small.tar"),
        ("exec", "exec", "custom.dump"),
    ],
)
def test_a_backup_comes_back_wherever_the_tools_run(
    rig: Rig, at_home: Deployment, taken: str, restored: str, archive: str
) -> None:
    before = rig.digest()
    with rig.rebuilt(with_tools(rig, tools=taken)) as taking:
        taking.backup()
    [backup] = rig.services.backups.newest_first(TARGET, 10)
    manifest = backup.manifest
    assert manifest.tools_mode == taken
    assert manifest.archive_format == ("custom" if taken == "exec" else "directory")
    assert f"database.{archive}.zst" in {item.name for item in manifest.objects}
    assert manifest.tools_version.startswith("16.")
    with psycopg.connect(rig.target.dsn) as connection:
        connection.execute("DELETE FROM runs")
    with rig.rebuilt(with_tools(rig, tools=restored), seed=3) as restoring:
        ended = restoring.run(restoring.approved_restore(backup.id))
    assert ended.failure is None, ended.failure
    assert rig.digest() == before
    assert remains(at_home) == []


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


@in_containers
def test_a_backup_that_is_stopped_leaves_no_tool_no_session_and_no_password(
    rig: Rig, at_home: Deployment, mode: str
) -> None:
    with rig.rebuilt(with_tools(rig, tools=mode)) as rig, table_locked(rig):
        operation = rig.services.backups.request(TARGET, OPERATOR)
        with interrupted(rig, operation):
            eventually(lambda: waits(at_home))
            running = tools_inside(at_home)
            assert any("pg_dump" in line for line in running)
            assert not any(PASSWORD in line for line in running)
            assert PASSWORD not in all_that_can_be_inspected(at_home)
        assert remains(at_home) == []
        assert rig.objects() == []


def all_that_can_be_inspected(project: Deployment) -> str:
    client, told = project.client, []
    for container in [*project.ids("db"), *made_for_tools(project)]:
        inspected = client.inspect_container(container)
        told.append(str(inspected))
        told += [str(client.exec_inspect(each)) for each in inspected["ExecIDs"] or []]
    assert "pg_dump" in " ".join(told)
    return " ".join(told)


@in_containers
def test_what_a_killed_worker_left_is_swept_before_the_next_begins_anew(
    rig: Rig, at_home: Deployment, mode: str
) -> None:
    with rig.rebuilt(with_tools(rig, tools=mode)) as rig:
        operation = rig.services.backups.request(TARGET, OPERATOR)
        with table_locked(rig):
            run_and_die(rig.setup, operation.id, "dump", Moment.WHEN_TOLD, rig.directory, when=lambda: waits(at_home))
            assert tools_inside(at_home)
            backup_id = str(rig.state("SELECT memory ->> 'backup_id' FROM operations"))
            assert BackupEngine(rig.house.context).discard(TARGET, backup_id) == ""
            assert remains(at_home) == []
        ended = rig.run(operation)
        assert (ended.state, ended.attempt) == (OperationState.DONE, 2)
        assert remains(at_home) == []
