"""An Engine that is restarted while services are stopped: nothing comes back before its time, and all does after it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.errors import EngineFailed, EngineUnreachable
from bot.runtime.docker_engine import Engine
from bot.runtime.stop import StopSignal
from bot.runtime.tool_exec import ExecRunner
from bot.runtime.tool_place import Place
from bot.settings import DockerSettings
from sandbox.processes import free_port
from tests.docker_deployment import Deployment, project_on
from tests.docker_engine import IMAGE, RealEngine, demand_docker, own_engine
from tests.docker_tls import client_files, make_certificates
from tests.integration.docker.test_services import API, CRON, KILLED, SLEEP, WORKER, Memory, policy

pytestmark = pytest.mark.docker


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificates(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def engine(certificates: Path, port: int) -> Iterator[RealEngine]:
    """An Engine that these tests may restart, which listens by TLS too."""
    demand_docker()
    names = ("cacert", "ca"), ("cert", "cert"), ("key", "key")
    files = [f"--tls{option}={certificates / name}.pem" for option, name in names]
    with own_engine(f"--host=tcp://127.0.0.1:{port}", "--tlsverify", *files) as engine:
        yield engine


@pytest.fixture
def project(engine: RealEngine) -> Iterator[Deployment]:
    with project_on(engine) as project:
        yield project


def test_a_restart_of_the_engine_starts_nothing_that_was_stopped(project: Deployment) -> None:
    project.add("api", SLEEP, restart="always", **KILLED)
    project.add("worker", SLEEP, restart="unless-stopped", **KILLED)
    project.add("cron", SLEEP, restart="on-failure", **KILLED)
    project.add("db", SLEEP, restart="always", **KILLED)
    names = ["api", "worker", "cron"]
    memory = Memory()
    memory.services(project, API, WORKER, CRON).stop(names)
    project.engine.stop()
    project.engine.start()
    assert [project.state(name) for name in (*names, "db")] == ["exited", "exited", "exited", "running"]
    services = memory.services(project, API, WORKER, CRON)
    project.engine.stop()
    beside = threading.Timer(0.5, project.engine.start)
    beside.start()
    services.start(names)
    beside.join()
    assert [project.state(name) for name in names] == ["running"] * 3
    assert [policy(project, name) for name in names] == ["always", "unless-stopped", "on-failure"]


def test_containers_that_outlive_their_engine_are_stopped_once_it_is_back(project: Deployment) -> None:
    engine, memory = project.engine, Memory()
    engine.stop()
    engine.configuration.write_text('{"live-restore": true}')
    engine.start()
    project.add("api", SLEEP, restart="always", **KILLED)
    services = memory.services(project, API)
    engine.kill()
    beside = threading.Timer(0.5, engine.start)
    beside.start()
    services.stop(["api"])
    beside.join()
    assert project.state("api") == "exited"
    services.start(["api"])
    assert (project.state("api"), policy(project, "api")) == ("running", "always")


def test_an_engine_is_reached_by_tls(
    engine: RealEngine, certificates: Path, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/etc/ssl/certs/ca-certificates.crt")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    host, authority = f"tcp://127.0.0.1:{port}", certificates / "ca.pem"
    with Engine(DockerSettings(host=host, **client_files(certificates))) as reached:
        assert reached.containers("nobody") == []
    with Engine(DockerSettings(host=host, tls_ca=authority)) as refused, pytest.raises(EngineUnreachable):
        refused.containers("nobody")
    with (
        Engine(DockerSettings(host=host, tls_ca=certificates / "none.pem")) as misled,
        pytest.raises(EngineFailed, match=r"none\.pem of \[docker\] is not there"),
    ):
        misled.containers("nobody")


@pytest.mark.parametrize("size", [10, 3_000_000])
def test_an_archive_is_placed_by_tls(
    engine: RealEngine, project: Deployment, certificates: Path, port: int, tmp_path: Path, size: int
) -> None:
    (tmp_path / "custom.dump").write_bytes(bytes(range(256)) * (size // 256) + b"end")
    made = project.add("db", SLEEP, **KILLED)
    place = Place(made, "db-1", IMAGE, "/usr/bin", frozenset(), {}, "inventory/db", "x9")
    with Engine(DockerSettings(host=f"tcp://127.0.0.1:{port}", **client_files(certificates))) as reached:
        runner, stop = ExecRunner(reached, place, lambda: None), StopSignal()
        timer = threading.Timer(20, stop.set)
        timer.start()
        with runner.placed(tmp_path / "custom.dump", contents_alone=False, stop=stop) as inside:
            read = runner.run(["cat", inside], stop=stop, environment={}).stdout
        timer.cancel()
    assert read == (tmp_path / "custom.dump").read_bytes()
