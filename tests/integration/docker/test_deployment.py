"""A deployment of Compose is restored and swapped back by its labels alone, whatever is killed or away meanwhile."""

from __future__ import annotations

import re
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docker_deployment import Deployment
from tests.docker_engine import RealEngine
from tests.house import Rig
from tests.integration.docker.acts import acts
from tests.integration.docker.deployed import assert_as_before, house_of, well
from tests.integration.operations.hooks import Moment, at_step
from tests.integration.operations.test_crashes import lost
from tests.support import eventually

pytestmark = pytest.mark.docker


@pytest.fixture
def rig(standing: Deployment, upgraded_state_dsn: str, tmp_path: Path) -> Iterator[Rig]:
    with house_of(standing, upgraded_state_dsn, tmp_path) as rig:
        yield rig


def test_a_restore_and_its_undo_stop_and_start_what_they_must(standing: Deployment, rig: Rig) -> None:
    old, new = lost(rig)
    since = time.time()
    ended = rig.run(rig.approved_restore())
    assert ended.failure is None, ended.failure
    assert ended.result["health"] == "api is healthy, worker is running"
    assert rig.digest() == old
    assert acts(standing, since) == ["pause worker-1", "stop api-1", "start api-1", "unpause worker-1"]
    assert rig.application.log == ["stop mailer", "start mailer"]
    assert_as_before(standing, rig)
    undone = rig.run(rig.approved_undo())
    assert undone.failure is None, undone.failure
    assert rig.digest() == new
    assert_as_before(standing, rig)


@pytest.fixture
def link(docker_engine: RealEngine, tmp_path: Path) -> Path:
    """Another name of the Engine's socket: without it nobody finds the Engine."""
    path = tmp_path / "docker.sock"
    path.symlink_to(docker_engine.host.removeprefix("unix://"))
    return path


def test_an_engine_that_is_away_for_a_while_is_waited_for(
    standing: Deployment, upgraded_state_dsn: str, tmp_path: Path, link: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = link.readlink()
    back = threading.Timer(1.0, lambda: link.symlink_to(engine))

    def go() -> None:
        link.unlink()
        back.start()

    with house_of(standing, upgraded_state_dsn, tmp_path, f"unix://{link}") as rig:
        old, _ = lost(rig)
        operation = rig.approved_restore()
        at_step(monkeypatch, "start_services", Moment.BEFORE, go)
        ended = rig.run(operation)
        assert ended.failure is None, ended.failure
        back.join()
        assert rig.digest() == old
        assert_as_before(standing, rig)


def test_an_engine_that_stays_away_is_told_with_what_a_person_types(
    standing: Deployment, upgraded_state_dsn: str, tmp_path: Path, link: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        house_of(standing, upgraded_state_dsn, tmp_path, f"unix://{link}", command_deadline="1s") as house,
        house.rebuilt(house.setup.changed(dsn=standing.dsn())) as rig,
    ):
        old, _ = lost(rig)
        operation = rig.approved_restore()
        at_step(monkeypatch, "start_services", Moment.BEFORE, link.unlink)
        failure = rig.run(operation).failure
        assert failure is not None
        assert failure.message.endswith("docker.sock does not answer: No such file or directory.")
        assert failure.left_as_it_was.startswith(f"The restored data is in place as {rig.target.name} and verified")
        by_hand = re.findall(r"docker (?:update|start|unpause) [^;.]+", failure.left_as_it_was)
        assert by_hand == [
            f"docker update --restart=unless-stopped {standing.project}-worker-1",
            f"docker unpause {standing.project}-worker-1",
            f"docker update --restart=always {standing.project}-api-1",
            f"docker start {standing.project}-api-1",
        ]
        assert rig.digest() == old
        for command in by_hand:
            subprocess.run(["docker", "--host", f"unix://{standing.engine.socket}", *command.split()[1:]], check=True)
        assert_as_before(standing, rig)


def test_a_deployment_that_does_not_become_well_gets_its_former_data_back(
    standing: Deployment, upgraded_state_dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with house_of(standing, upgraded_state_dsn, tmp_path, when_unhealthy="undo", health_deadline="2s") as rig:
        _, new = lost(rig)
        operation = rig.approved_restore()
        at_step(monkeypatch, "health", Moment.BEFORE, lambda: make_sick(standing))
        failure = rig.run(operation).failure
        assert failure is not None
        assert failure.message == "The service api did not become healthy within 2 s: it is unhealthy (503)."
        assert rig.digest() == new
        assert_as_before(standing, rig)
    standing.execute(standing.ids("api")[0], ["/usr/bin/rm", "/tmp/sick"])
    well(standing)


def make_sick(project: Deployment) -> None:
    """Once Docker has noticed."""
    project.execute(project.ids("api")[0], ["/usr/bin/touch", "/tmp/sick"])
    eventually(lambda: project.inspect("api")["State"]["Health"]["Status"] == "unhealthy")
