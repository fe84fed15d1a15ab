"""Of a deployment: a restore that is cancelled, or whose containers a deploy replaces meanwhile, and a drill."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bot.models import OperationState
from bot.operations.building import Building
from tests.docker_deployment import DATA, Deployment
from tests.house import OPERATOR, TARGET, Rig
from tests.integration.docker.deployed import assert_as_before, house_of, set_up
from tests.integration.docker.dockhouse import remains, with_tools
from tests.integration.operations.hooks import Moment, at_step
from tests.integration.operations.test_crashes import SLOW_IN_SCRATCH, loading, lost
from tests.support import eventually

pytestmark = pytest.mark.docker

in_containers = pytest.mark.parametrize("mode", ["exec", "container"])


@pytest.fixture
def rig(standing: Deployment, upgraded_state_dsn: str, tmp_path: Path) -> Iterator[Rig]:
    with house_of(standing, upgraded_state_dsn, tmp_path) as rig:
        yield rig


@in_containers
def test_a_restore_that_is_cancelled_is_undone(standing: Deployment, rig: Rig, mode: str) -> None:
    rig.execute(*SLOW_IN_SCRATCH)
    with rig.rebuilt(with_tools(rig, tools=mode), seed=3) as there, ThreadPoolExecutor(1) as beside:
        _, new = lost(there)
        operation = there.approved_restore()
        running = beside.submit(there.run, operation)
        eventually(lambda: loading(there))
        assert (standing.state("api"), standing.state("worker")) == ("exited", "paused")
        there.services.cancelling.cancel(operation.id, OPERATOR)
        ended = running.result(60)
        assert ended.state is OperationState.CANCELLED
        assert ended.failure is not None
        assert ended.failure.left_as_it_was == (
            "inventory is as it was, with all its data. The services are as before."
        )
        assert there.digest() == new
        assert_as_before(standing, there)
        assert remains(standing) == []
    rig.execute("DROP INDEX devices_slowly", "DROP FUNCTION slowly")


def test_a_drill_restores_to_the_containers_own_server(standing: Deployment, rig: Rig) -> None:
    settings = with_tools(rig, tools="exec").changed(drill={"dsn": standing.dsn("postgres")})
    with rig.rebuilt(settings, seed=3) as there:
        there.backup()
        before = there.digest()
        ended = there.run(there.services.drills.request(TARGET, OPERATOR, "latest"))
        assert ended.state is OperationState.DONE, ended.failure
        assert ended.result["rows"] == before.rows
        (backup,) = there.services.backups.newest_first(TARGET, 1)
        assert backup.verified_at == there.clock.now()
        assert (there.digest(), there.databases()) == (before, [""])
        assert_as_before(standing, there)
        assert remains(standing) == []


def test_a_database_whose_container_a_deploy_replaces_during_the_load_keeps_its_data(
    project: Deployment, upgraded_state_dsn: str, tmp_path: Path
) -> None:
    volume = f"{project.project}_data"
    try:
        set_up(project, volumes=[f"{volume}:{DATA}"])
        with (
            house_of(project, upgraded_state_dsn, tmp_path) as house,
            house.rebuilt(with_tools(house, tools="exec"), seed=3) as rig,
            ThreadPoolExecutor(1) as beside,
        ):
            rig.execute(*SLOW_IN_SCRATCH)
            _, new = lost(rig)
            # Else a sequence may skip a few numbers in the server's recovery.
            rig.execute("CHECKPOINT")
            running = beside.submit(rig.run, rig.approved_restore())
            eventually(lambda: loading(rig))
            project.remove("db")
            project.add_db(volumes=[f"{volume}:{DATA}"])
            failure = running.result(90).failure
            assert failure is not None
            assert failure.message.startswith("pg_restore ")
            assert "ry again" in failure.remedy
            assert failure.left_as_it_was == "inventory is as it was, with all its data. The services are as before."
            assert rig.digest() == new
            assert_as_before(project, rig)
            assert remains(project) == []
    finally:
        for service in ("api", "worker", "db"):
            project.remove(service)
        project.client.remove_volume(volume)


def test_a_container_that_comes_back_a_moment_after_it_was_looked_into_is_looked_into_again(
    project: Deployment, upgraded_state_dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_up(project)
    look, looked = Building.end_tools, list[str]()

    def too_early(building: Building) -> str:
        looked.append(look(building))
        if len(looked) == 1:
            project.client.start(project.ids("db")[0])
            eventually(project.answers)
        return looked[-1]

    with (
        house_of(project, upgraded_state_dsn, tmp_path) as house,
        house.rebuilt(with_tools(house, tools="exec"), seed=3) as rig,
        ThreadPoolExecutor(1) as beside,
    ):
        rig.execute(*SLOW_IN_SCRATCH)
        lost(rig)
        running = beside.submit(rig.run, rig.approved_restore())
        eventually(lambda: loading(rig))
        monkeypatch.setattr(Building, "end_tools", too_early)
        project.client.kill(project.ids("db")[0])
        failure = running.result(90).failure
        assert failure is not None
        assert failure.left_as_it_was == "inventory is as it was, with all its data. The services are as before."
        assert ["not looked for" in said for said in looked] == [True, False]
        assert_as_before(project, rig)
        assert remains(project) == []


def test_an_api_that_a_deploy_replaces_while_it_is_stopped_is_the_one_that_is_started(
    standing: Deployment, rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, _ = lost(rig)
    operation, former = rig.approved_restore(), standing.ids("api")

    def deploy() -> None:
        standing.remove("api")
        standing.add_api(restart="always", start=False)

    at_step(monkeypatch, "start_services", Moment.BEFORE, deploy)
    ended = rig.run(operation)
    assert ended.failure is None, ended.failure
    assert standing.ids("api") != former
    assert rig.digest() == old
    assert_as_before(standing, rig)
