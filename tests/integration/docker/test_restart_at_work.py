"""An Engine that is restarted or dies while tools work inside: what is left is whole, and the message says what was."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from bot.models import Operation, OperationState
from bot.operations.backup_engine import BackupEngine
from bot.operations.leftovers import Leftovers
from tests.docker_deployment import Deployment, import_images, project_on
from tests.docker_engine import RealEngine, demand_docker, own_engine
from tests.house import OPERATOR, TABLES, TARGET, Rig
from tests.integration.docker.deployed import assert_as_before, house_of, well
from tests.integration.docker.dockhouse import fill, house_at, remains, table_locked, waits, with_tools
from tests.integration.operations.test_crashes import SLOW_IN_SCRATCH, loading, lost
from tests.support import eventually

if TYPE_CHECKING:
    from tests.conftest import Clusters

pytestmark = pytest.mark.docker

every_end = pytest.mark.parametrize("end", [RealEngine.stop, RealEngine.kill], ids=["restarted", "killed"])


@pytest.fixture(scope="module")
def engine() -> Iterator[RealEngine]:
    demand_docker()
    with own_engine() as engine:
        import_images(engine)
        yield engine


@pytest.fixture
def project(engine: RealEngine) -> Iterator[Deployment]:
    with project_on(engine) as project:
        project.add_db(restart="always")
        yield project


@contextmanager
def running(rig: Rig, operation: Operation) -> Iterator[list[Operation]]:
    """Run beside the block; ended behind it."""
    ended: list[Operation] = []
    thread = threading.Thread(target=lambda: ended.append(rig.run(operation)))
    thread.start()
    try:
        yield ended
    finally:
        thread.join(90)


def answers(project: Deployment) -> bool:
    with suppress(psycopg.OperationalError), psycopg.connect(project.dsn(), connect_timeout=5):
        return True
    return False


def assert_told(ended: Operation, tool: str) -> None:
    """The tool's container ends a moment before its Engine does: either may be noticed first, also in mid-answer."""
    assert ended.state is OperationState.FAILED
    assert ended.failure is not None
    message = ended.failure.message
    assert message.startswith(("The Docker Engine behind", "The Docker Engine at", tool)), message
    assert ended.failure.remedy


@every_end
def test_a_backup_leaves_nothing_and_the_next_succeeds(
    project: Deployment, clusters: Clusters, upgraded_state_dsn: str, tmp_path: Path, end: Callable[[RealEngine], None]
) -> None:
    fill(project)
    with house_at(project, clusters.get(16), upgraded_state_dsn, tmp_path, tools="exec") as rig:
        operation = rig.services.backups.request(TARGET, OPERATOR)
        with running(rig, operation) as outcome:
            with suppress(psycopg.OperationalError), table_locked(rig):
                eventually(lambda: waits(project))
                end(project.engine)
            project.engine.start()
        [ended] = outcome
        assert_told(ended, "pg_dump")
        assert ended.failure is not None
        assert ended.failure.left_as_it_was.startswith("No backup was recorded")
        eventually(lambda: answers(project))
        context = rig.house.context
        Leftovers(context, BackupEngine(context)).settle_due(TARGET)
        assert (rig.objects(), rig.backup_ids(), remains(project)) == ([], [], [])
        rig.backup()


@every_end
def test_a_restore_is_undone_and_every_service_runs_again(
    project: Deployment, upgraded_state_dsn: str, tmp_path: Path, end: Callable[[RealEngine], None]
) -> None:
    with psycopg.connect(project.dsn(), autocommit=True) as connection:
        connection.execute("; ".join((*TABLES, *SLOW_IN_SCRATCH)).encode())
    project.add_api(restart="always")
    project.add_worker(restart="unless-stopped")
    well(project)
    with (
        house_of(project, upgraded_state_dsn, tmp_path) as house,
        house.rebuilt(with_tools(house, tools="exec")) as rig,
    ):
        _, new = lost(rig)
        # Else a sequence may skip a few numbers in the server's recovery.
        rig.execute("CHECKPOINT")
        operation = rig.approved_restore()
        with running(rig, operation) as outcome:
            eventually(lambda: loading(rig))
            end(project.engine)
            project.engine.start()
        [ended] = outcome
        assert_told(ended, "pg_restore")
        assert ended.failure is not None
        assert ended.failure.left_as_it_was == (
            "inventory is as it was, with all its data. The services are as before."
        )
        assert rig.digest() == new
        assert_as_before(project, rig)
        assert remains(project) == []
