"""docs/security.md: each feature makes the calls of its rows, all of them and no others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial

import pytest

from bot.errors import Interrupted
from bot.operations.images import current_images
from bot.operations.tooling import open_tools
from bot.postgres.connection import server_of
from bot.runtime.process import DeadlinePassed
from bot.runtime.service_command import run_in_service
from bot.runtime.stop import StopSignal
from bot.runtime.tool_container import ContainerRunner
from bot.runtime.tool_runner import Hold
from bot.settings import DockerSettings, Staging
from bot.settings_docker import TargetDocker
from tests.docker_deployment import Deployment
from tests.docker_proxy import allowed_socket, documented_rules
from tests.house import TARGET, Rig
from tests.integration.docker.dockhouse import with_tools
from tests.integration.docker.test_services import API, KILLED, SLEEP, WORKER, Memory

pytestmark = pytest.mark.docker

ALWAYS, ONE_OFFS, TOOLS = "every feature", "one-off containers", '`tools = "container"`'


@dataclass(frozen=True)
class Stage:
    """Where a feature is tried: a project of its own, and a house that keeps a database in another one."""

    project: Deployment
    rig: Rig
    host: str

    @property
    def docker(self) -> TargetDocker:
        docker = TargetDocker(**self.project.settings)
        docker.attach(DockerSettings(host=self.host))
        return docker

    @contextmanager
    def house(self, **docker: str) -> Iterator[Rig]:
        setup = with_tools(self.rig, **docker)
        with self.rig.rebuilt(replace(setup, document={**setup.document, "docker": {"host": self.host}})) as house:
            yield house


def look_at_a_service(stage: Stage) -> None:
    stage.project.add("api", SLEEP, health=["/usr/bin/true"], **KILLED)
    assert Memory().services(stage.project, API, host=stage.host).await_healthy(StopSignal(), ["api"])


def stop_and_start_services(stage: Stage) -> None:
    stage.project.add("api", SLEEP, restart="always", **KILLED)
    stage.project.add("worker", SLEEP, restart="always", **KILLED)
    services = Memory().services(stage.project, API, WORKER, host=stage.host)
    services.stop(["api", "worker"])
    services.start(["api", "worker"])


def run_a_command(stage: Stage) -> None:
    stage.project.add("api", SLEEP, **KILLED)
    with pytest.raises(DeadlinePassed):
        run_in_service(stage.docker, "api", ["sleep", "77"], stop=StopSignal(), deadline=0.1)
    assert run_in_service(stage.docker, "api", ["true"], stop=StopSignal(), deadline=20).code == 0


def run_a_command_of_a_stopped_service(stage: Stage) -> None:
    stage.project.add("api", SLEEP, start=False, **KILLED)
    with pytest.raises(DeadlinePassed):
        run_in_service(stage.docker, "api", ["sleep", "77"], stop=StopSignal(), deadline=0.1)
    assert run_in_service(stage.docker, "api", ["true"], stop=StopSignal(), deadline=20).code == 0


def run_tools_in_containers(stage: Stage) -> None:
    stop, staging = StopSignal(), Staging(path=stage.rig.directory / "staging")

    def hold(hold: Hold) -> None:
        hold.pause()
        hold.resume()
        stop.set()

    with stage.house(tools="container") as house:
        settings = house.house.context.target(TARGET)
        with open_tools(settings, staging, "x5", server_of(settings, {}), 16, stop=stop) as tools:
            assert isinstance(tools.runner, ContainerRunner)
            run = partial(tools.runner.run_leashed, stop=stop, environment={"PGPASSWORD": "word"}, on_tick=hold)
            with pytest.raises(Interrupted):
                run(["sleep", "77"])


def name_the_images(stage: Stage) -> None:
    with stage.house() as house:
        assert "sha256:" in current_images(house.house.context, TARGET)["db"]


FEATURES: dict[str, Callable[[Stage], None]] = {
    ALWAYS: look_at_a_service,
    "services of the application": stop_and_start_services,
    "commands in a service": run_a_command,
    ONE_OFFS: run_a_command_of_a_stopped_service,
    TOOLS: run_tools_in_containers,
    "the image of each service": name_the_images,
}
"""By the beginning of the column; the table says more of each."""
INCLUDED = {TOOLS: [ONE_OFFS]}
"""Features whose rows another one needs too."""


def rows(feature: str) -> set[tuple[str, str]]:
    named = [feature, *INCLUDED.get(feature, [])]
    return {(rule.method, rule.path) for rule in documented_rules() if rule.feature.startswith(tuple(named))}


@pytest.mark.parametrize("feature", FEATURES)
def test_a_feature_makes_the_calls_of_its_rows_and_no_others(feature: str, project: Deployment, docked: Rig) -> None:
    used: set[tuple[str, str]] = set()
    with allowed_socket(project.engine.socket, used=used) as socket:
        FEATURES[feature](Stage(project, docked, f"unix://{socket}"))
    if feature != ALWAYS:
        used -= rows(ALWAYS)
    assert used == rows(feature)


def test_every_row_belongs_to_a_feature_that_is_tried() -> None:
    told = [[name for name in FEATURES if rule.feature.startswith(name)] for rule in documented_rules()]
    assert all(len(names) == 1 for names in told), told
