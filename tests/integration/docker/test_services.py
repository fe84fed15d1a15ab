"""Services that are containers of Compose: stopped, paused, started again as they were, whatever happens meanwhile."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.errors import ServiceFailed
from bot.runtime.services import Services
from bot.runtime.stop import StopSignal
from bot.settings import DockerSettings, TargetSettings
from tests.docker_deployment import Deployment
from tests.docker_proxy import allowed_socket
from tests.integration.docker.acts import acts

pytestmark = pytest.mark.docker

SLEEP = ("/usr/bin/sleep", "infinity")
KILLED: dict[str, Any] = {"stop_signal": "SIGKILL"}
"""Process 1 of a container hears no SIGTERM unless it handles it."""


@dataclass
class Memory:
    """What would be in the operation's journal."""

    noted: dict[str, Any] = field(default_factory=dict)

    def note(self, noted: Mapping[str, Any]) -> None:
        self.noted = dict(noted)

    def services(
        self,
        deployment: Deployment,
        *services: Mapping[str, Any],
        host: str | None = None,
        engine: DockerSettings | None = None,
        **application: Any,
    ) -> Services:
        """Of a worker that finds what an earlier one noted."""
        deadlines = {"command_deadline": "20s", "health_deadline": "20s"}
        target = TargetSettings.model_validate(
            {
                "dsn": "postgresql:///inventory",
                "storage": "any",
                "docker": deployment.settings,
                "application": {"services": services, **deadlines, **application},
            }
        )
        assert target.docker is not None
        target.docker.attach(engine or DockerSettings(host=host or deployment.engine.host))
        return Services(target, self.noted, self.note)


API, WORKER, CRON = {"name": "api"}, {"name": "worker", "pause": True}, {"name": "cron"}
ALL = ("api", "worker", "cron")


def policy(deployment: Deployment, service: str) -> str:
    return str(deployment.inspect(service)["HostConfig"]["RestartPolicy"]["Name"])


def test_what_depends_on_others_stops_first_and_all_that_ran_comes_back_as_it_was(project: Deployment) -> None:
    project.add("api", SLEEP, restart="always", **KILLED)
    project.add("api", SLEEP, 2, start=False, restart="always", **KILLED)
    project.add("worker", SLEEP, restart="unless-stopped", depends_on="api:service_started:true", **KILLED)
    project.add("cron", SLEEP, start=False, **KILLED)
    memory, since = Memory(), time.time()
    first = memory.services(project, API, WORKER, CRON)
    running = [name for name in first.names if first.running(name)]
    assert running == ["api", "worker"]
    assert first.stop(running) == ["worker", "api"]
    assert [project.state(name) for name in ALL] == ["exited", "paused", "created"]
    assert (policy(project, "api"), policy(project, "worker")) == ("no", "no"), "an Engine's start would start them"
    second = memory.services(project, API, WORKER, CRON)
    assert second.start(running) == ["api", "worker"]
    assert [project.state("api", 1), project.state("api", 2)] == ["running", "created"]
    assert [project.state("worker"), project.state("cron")] == ["running", "created"]
    assert (policy(project, "api"), policy(project, "worker")) == ("always", "unless-stopped")
    assert second.await_healthy(StopSignal(), running) == "api is running, worker is running"
    assert acts(project, since)[-4:] == ["pause worker-1", "stop api-1", "start api-1", "unpause worker-1"]


def test_a_start_may_be_done_again(project: Deployment) -> None:
    project.add("api", SLEEP, **KILLED)
    memory = Memory()
    services = memory.services(project, API)
    services.start(["api"])
    assert memory.noted == {}, "nothing was stopped, so nothing is started"
    services.stop(["api"])
    services.stop(["api"])
    memory.services(project, API).start(["api"])
    started = project.starts("api")
    memory.services(project, API).start(["api"])
    assert project.starts("api") == started


def test_a_container_that_a_deploy_replaced_is_found_by_its_labels(project: Deployment) -> None:
    project.add("api", SLEEP, **KILLED)
    memory = Memory()
    services = memory.services(project, API)
    services.stop(["api"])
    project.remove("api")
    project.add("api", SLEEP, start=False, **KILLED)
    services.start(["api"])
    assert project.state("api") == "running"
    services.stop(["api"])
    assert project.state("api") == "exited", "what has taken its place is stopped like it"


def test_a_container_that_is_gone_without_another_is_told(project: Deployment) -> None:
    project.add("api", SLEEP, **KILLED)
    services = Memory().services(project, API, command_deadline="1s")
    services.stop(["api"])
    project.remove("api")
    with pytest.raises(
        ServiceFailed, match="service api does not run after 1 s: its containers were removed"
    ) as caught:
        services.start(["api"])
    assert f"docker compose -p {project.project} ps" in caught.value.remedy


def test_a_service_without_any_container_cannot_be_told(project: Deployment) -> None:
    with pytest.raises(ServiceFailed, match="has no container of the service api") as caught:
        Memory().services(project, API).running("api")
    assert "Correct its name" in caught.value.remedy


def test_what_ends_at_once_is_not_started_again_and_again(project: Deployment) -> None:
    made = project.add("api", ["/bin/sh", "-c", "[ ! -e /broken ] || exit 3; exec sleep infinity"], **KILLED)
    services = Memory().services(project, API)
    project.execute(made, ["/usr/bin/touch", "/broken"])
    services.stop(["api"])
    # Whether it has ended when it is looked at right after its start is a matter of milliseconds.
    with pytest.raises(ServiceFailed, match=r"has ended: it is|ended at once: .*-api-1 is exited \(3\)"):
        services.await_healthy(StopSignal(), services.start(["api"]))
    assert project.inspect("api")["RestartCount"] == 0


@pytest.mark.parametrize("depends_on", ["api:service_healthy:false", "api"], ids=["Compose 2", "its first releases"])
def test_what_is_not_well_is_waited_for_and_told_with_its_own_words(project: Deployment, depends_on: str) -> None:
    project.add("api", SLEEP, health=["/bin/sh", "-c", "echo no database; exit 1"], **KILLED)
    project.add("worker", SLEEP, depends_on=depends_on, **KILLED)
    services = Memory().services(project, API, {"name": "worker"}, health_deadline="1s")
    services.stop(["api", "worker"])
    assert services.start(["api", "worker"]) == ["api", "worker"], "it is started though api does not become well"
    api, worker = (datetime.fromisoformat(project.starts(name).rstrip("Z")) for name in ("api", "worker"))
    assert worker - api > timedelta(seconds=1)
    said = r"api did not become healthy within 1 s: it is (starting|unhealthy) \(no database\)"
    with pytest.raises(ServiceFailed, match=said):
        services.await_healthy(StopSignal(), ["api"])


def test_a_container_that_would_not_come_back_is_not_stopped(project: Deployment) -> None:
    client = project.client
    made = project.add("api", SLEEP, start=False, auto_remove=True, **KILLED)
    client.start(made)
    with pytest.raises(ServiceFailed, match="removes itself when it is stopped"):
        Memory().services(project, API).stop(["api"])
    assert project.state("api") == "running"


def test_a_denied_call_says_which_permission_is_missing_before_anything_is_stopped(project: Deployment) -> None:
    project.add("api", SLEEP, restart="always", **KILLED)
    without = [("POST", "/containers/{id}/update")]
    with (
        allowed_socket(project.engine.socket, without) as socket,
        pytest.raises(ServiceFailed, match=r"denied POST /containers/\{id\}/update \(403") as caught,
    ):
        Memory().services(project, API, host=f"unix://{socket}").stop(["api"])
    assert "Allow POST /containers/{id}/update in the socket proxy" in caught.value.remedy
    assert project.state("api") == "running"


def test_an_engine_that_does_not_answer_is_told_after_the_deadline(project: Deployment) -> None:
    services = Memory().services(project, API, host="unix:///nowhere/docker.sock", command_deadline="1s")
    with pytest.raises(ServiceFailed, match=r"Engine at unix:///nowhere/docker\.sock does not answer: No such file"):
        services.running("api")
