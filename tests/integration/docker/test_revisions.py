"""The deployed code's heads and history, asked for in its own container, or in one made like it."""

from __future__ import annotations

import sys
import threading
from collections.abc import Sequence

import pytest

from bot.errors import EngineDenied, Interrupted, ServiceFailed, ToolFailed
from bot.operations.revisions import deployed_revisions
from bot.runtime.process import DeadlinePassed
from bot.runtime.service_command import run_in_service
from bot.runtime.stop import StopSignal
from bot.settings import DockerSettings, TargetSettings
from tests.docker_deployment import Deployment
from tests.docker_engine import REPOSITORY
from tests.docker_proxy import allowed_socket
from tests.support import eventually

pytestmark = pytest.mark.docker

SLEEP = ("/usr/bin/sleep", "infinity")
HEADS = ("sh", "-c", "echo '0005 (head)'")
ALEMBIC = (sys.executable, "-m", "alembic", "-c", "sandbox/sample/alembic.ini")


def target(project: Deployment, heads: Sequence[str], history: Sequence[str] | None = None) -> TargetSettings:
    migrations = {"service": "api", "heads": heads, "history": history, "directory": str(REPOSITORY)}
    settings = TargetSettings.model_validate(
        {"dsn": "postgresql:///inventory", "storage": "any", "docker": project.settings, "migrations": migrations}
    )
    assert settings.docker is not None
    settings.docker.attach(project.engine.settings)
    return settings


def test_the_running_container_is_asked_and_a_stopped_one_is_stood_in_for(project: Deployment) -> None:
    made = project.add("api", SLEEP, stop_signal="SIGKILL")
    asked = target(project, HEADS, [*ALEMBIC, "history"])
    facts = deployed_revisions(asked, StopSignal())
    assert facts.heads == ["0005"]
    assert facts.history is not None
    assert facts.history.knows(["0001", "0005"])
    project.client.stop(made)
    assert deployed_revisions(target(project, HEADS), StopSignal()).heads == ["0005"]
    assert project.all_containers() == [made]


@pytest.mark.parametrize("running", [True, False], ids=["exec", "one-off"])
def test_a_command_sees_the_services_environment_and_its_failure_is_told(project: Deployment, running: bool) -> None:
    project.add("api", SLEEP, environment={"COLOUR": "green"}, start=running, stop_signal="SIGKILL")
    docker = target(project, ["true"]).docker
    assert docker is not None
    script = 'echo "$COLOUR"; echo no alembic.ini >&2; exit 7'
    finished = run_in_service(docker, "api", ["sh", "-c", script], stop=StopSignal(), deadline=20)
    assert (finished.code, finished.stdout, finished.stderr) == (7, b"green\n", "no alembic.ini\n")
    with pytest.raises(ToolFailed, match=r"alembic could not be started in the container .*-api-1"):
        run_in_service(docker, "api", ["alembic"], stop=StopSignal(), deadline=20)


@pytest.mark.parametrize("running", [True, False], ids=["exec", "one-off"])
def test_a_command_that_hangs_or_is_interrupted_is_gone(project: Deployment, running: bool) -> None:
    made = project.add("api", SLEEP, start=running, stop_signal="SIGKILL")
    docker = target(project, ["true"]).docker
    assert docker is not None
    with pytest.raises(DeadlinePassed, match=r"sleep did not end within 0\.5 s"):
        run_in_service(docker, "api", ["sleep", "77"], stop=StopSignal(), deadline=0.5)
    stop = StopSignal()
    timer = threading.Timer(0.5, stop.set)
    timer.start()
    with pytest.raises(Interrupted):
        run_in_service(docker, "api", ["sleep", "77"], stop=stop, deadline=20)
    timer.join()
    assert project.all_containers() == [made]
    if running:
        eventually(lambda: not any("sleep 77" in line for line in processes(project, made)), timeout=10)


def processes(project: Deployment, container: str) -> list[str]:
    return [" ".join(row) for row in project.client.top(container)["Processes"] or ()]


def test_without_any_container_it_says_what_to_make(project: Deployment) -> None:
    with pytest.raises(ServiceFailed, match="has no container of the service api") as caught:
        deployed_revisions(target(project, ["alembic", "heads"]), StopSignal())
    assert f"docker compose -p {project.project} create api" in caught.value.remedy


def test_a_code_that_cannot_tell_its_heads_is_a_failure(project: Deployment) -> None:
    project.add("api", SLEEP, stop_signal="SIGKILL")
    failing = ("sh", "-c", "echo FAILED: No such ini; exit 255")
    with pytest.raises(ToolFailed, match="sh ended with exit code 255: FAILED: No such ini"):
        deployed_revisions(target(project, failing), StopSignal())


def test_an_exec_that_is_refused_says_what_to_allow(project: Deployment) -> None:
    project.add("api", SLEEP, stop_signal="SIGKILL")
    asked = target(project, HEADS)
    assert asked.docker is not None
    with allowed_socket(project.engine.socket, [("POST", "/containers/{id}/exec")]) as socket:
        asked.docker.attach(DockerSettings(host=f"unix://{socket}"))
        with pytest.raises(EngineDenied, match=r"denied POST /containers/\{id\}/exec") as caught:
            deployed_revisions(asked, StopSignal())
    assert "Allow POST /containers/{id}/exec in the socket proxy" in caught.value.remedy
