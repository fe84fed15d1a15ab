"""An Engine behind an allow-list that is reached by TLS, as a worker on another host reaches it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.errors import EngineDenied, EngineUnreachable
from bot.runtime.docker_engine import Engine
from bot.runtime.service_command import run_in_service
from bot.runtime.stop import StopSignal
from bot.runtime.tool_exec import ExecRunner
from bot.runtime.tool_place import Place
from bot.settings import DockerSettings
from bot.settings_docker import TargetDocker
from tests.docker_deployment import Deployment
from tests.docker_engine import IMAGE, RealEngine
from tests.docker_proxy import allowed_socket
from tests.docker_tls import client_files, make_certificates, tls_front
from tests.integration.docker.test_services import API, KILLED, SLEEP, Memory

pytestmark = pytest.mark.docker

REFUSED = [("POST", "/containers/{id}/pause")]


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificates(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def by_tls(docker_engine: RealEngine, certificates: Path) -> Iterator[DockerSettings]:
    """All that docs/security.md lists, but for what is `REFUSED`."""
    with (
        allowed_socket(docker_engine.socket, REFUSED) as allowed,
        tls_front(allowed, certificates) as host,
    ):
        yield DockerSettings(host=host, **client_files(certificates))


def test_services_and_their_commands_work_by_tls_and_what_is_refused_is_told(
    project: Deployment, by_tls: DockerSettings
) -> None:
    made = project.add("api", SLEEP, restart="always", **KILLED)
    services = Memory().services(project, API, engine=by_tls)
    services.stop(["api"])
    assert project.state("api") == "exited"
    services.start(["api"])
    assert project.state("api") == "running"
    docker = TargetDocker(**project.settings)
    docker.attach(by_tls)
    done = run_in_service(docker, "api", ["seq", "1", "200000"], stop=StopSignal(), deadline=20)
    assert done.stdout == b"".join(b"%d\n" % number for number in range(1, 200_001))
    with (
        Engine(by_tls) as engine,
        pytest.raises(EngineDenied, match=r"denied POST /containers/\{id\}/pause \(403"),
        engine.asking() as client,
    ):
        client.pause(made)


def test_an_archive_is_placed_by_tls_behind_the_allow_list(
    project: Deployment, by_tls: DockerSettings, tmp_path: Path
) -> None:
    archive = tmp_path / "custom.dump"
    archive.write_bytes(bytes(range(256)) * 12_000 + b"end")
    place = Place(project.add("db", SLEEP, **KILLED), "db-1", IMAGE, "/usr/bin", frozenset(), {}, "inventory/db", "x9")
    with Engine(by_tls) as engine:
        runner, stop = ExecRunner(engine, place, lambda: None), StopSignal()
        with runner.placed(archive, contents_alone=False, stop=stop) as inside:
            assert runner.run(["cat", inside], stop=stop, environment={}).stdout == archive.read_bytes()


def test_who_has_no_certificate_never_reaches_the_allow_list(by_tls: DockerSettings) -> None:
    with Engine(DockerSettings(host=by_tls.host, tls_ca=by_tls.tls_ca)) as refused, pytest.raises(EngineUnreachable):
        refused.containers("nobody")
