"""The Engine: containers found by their labels, reached in every way, and what it refuses told for people."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from bot.errors import ContainerGone, EngineDenied
from bot.runtime.compose import conditions, dependencies
from bot.runtime.docker_engine import Engine
from bot.settings import DockerSettings
from tests.docker_deployment import Deployment
from tests.docker_engine import IMAGE, RealEngine
from tests.docker_proxy import allowed_socket

pytestmark = pytest.mark.docker

SLEEP = ("/usr/bin/sleep", "infinity")


def test_containers_are_found_by_compose_labels(project: Deployment) -> None:
    project.add("api", SLEEP, stop_signal="SIGKILL")
    project.add("api", SLEEP, 2, start=False)
    project.add("db", SLEEP, start=False, labels={"com.docker.compose.depends_on": "dns:service_started:true"})
    project.add("db", SLEEP, 9, start=False, labels={"com.docker.compose.oneoff": "True"})
    with Engine(project.engine.settings) as engine:
        found = engine.containers(project.project)
        assert [(item.service, item.number, item.state, item.image) for item in found] == [
            ("api", 1, "running", IMAGE),
            ("api", 2, "created", IMAGE),
            ("db", 1, "created", IMAGE),
        ]
        assert engine.running(project.project, "api") == found[0]
        assert conditions(found) == {"dns": "service_started"}
        assert dependencies(found) == {"api": frozenset(), "db": {"dns"}}
        with pytest.raises(ContainerGone, match=r"service db of .* is running: .*-db-1 is created\.") as caught:
            engine.running(project.project, "db")
        assert caught.value.remedy.startswith(f"Start it (docker compose -p {project.project} up -d db)")
        project.remove("api")
        with pytest.raises(ContainerGone, match=r"GET /containers/\{id\}/json: No such container"):
            engine.inspect(found[0].id)


def test_a_denied_call_is_named(docker_engine: RealEngine) -> None:
    without = [("GET", "/containers/json")]
    with (
        allowed_socket(docker_engine.socket, without) as socket,
        Engine(DockerSettings(host=f"unix://{socket}")) as engine,
        pytest.raises(
            EngineDenied, match=r"denied GET /containers/json \(403: .* is not on the allow-list\)"
        ) as caught,
    ):
        engine.containers("inventory")
    assert caught.value.call == "GET /containers/json"


COMPOSE = """\
version: "3.8"
services:
  db: &sleeping {{image: "tiny:1", command: /usr/bin/sleep infinity, volumes: [/usr:/usr:ro], stop_signal: SIGKILL}}
  api:
    <<: *sleeping
    depends_on: [db]
networks: {{default: {{external: true, name: {network}}}}}
"""


def test_what_compose_itself_makes_is_found(project: Deployment, tmp_path: Path) -> None:
    program = shutil.which("docker-compose")
    if program is None:
        missing = "docker-compose is not installed (apt-get install docker-compose)"
        if os.environ.get("BASELINER_TEST_ALL") == "1":
            pytest.fail(missing)
        pytest.skip(missing)
    (tmp_path / "compose.yaml").write_text(COMPOSE.format(network=project.network))
    argv = [program, "--file", "compose.yaml", "--project-name", project.project, "up", "--detach", "--scale", "api=2"]
    environment = {**os.environ, "DOCKER_HOST": f"unix://{project.engine.socket}"}
    subprocess.run(argv, cwd=tmp_path, env=environment, check=True, capture_output=True)
    with Engine(project.engine.settings) as engine:
        found = engine.containers(project.project)
    assert [(item.service, item.number, item.running) for item in found] == [
        ("api", 1, True),
        ("api", 2, True),
        ("db", 1, True),
    ]
    assert conditions(found) == {}, "Compose 1 tells no dependencies: the settings' order holds"
