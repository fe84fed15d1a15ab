"""A connection with the Engine that is cut while a tool writes: what came is never taken for all of it."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest

from bot.errors import ToolFailed
from bot.runtime.docker_engine import Engine
from bot.runtime.service_command import run_in_service
from bot.runtime.stop import StopSignal
from bot.runtime.tool_exec import ExecRunner
from bot.runtime.tool_leash import StdinLeash, leashed
from bot.runtime.tool_place import Place
from bot.runtime.tool_streams import Streams
from bot.settings import DockerSettings, TargetSettings
from tests.docker_deployment import POSTGRES_IMAGE, Deployment
from tests.docker_engine import IMAGE
from tests.support import eventually

pytestmark = pytest.mark.docker

CUT_AFTER = 300_000
"""Bytes from the Engine on one connection; `seq 1 200000` writes 1.3 MB."""
LONG = ["seq", "1", "200000"]


def pump(source: socket.socket, sink: socket.socket, limit: int) -> None:
    passed = 0
    with suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data[: limit - passed])
            passed += len(data)
            if passed >= limit:
                source.shutdown(socket.SHUT_RDWR)
                break
    with suppress(OSError):
        sink.shutdown(socket.SHUT_RDWR)


@contextmanager
def cutting(socket_of_engine: Path, folder: Path) -> Iterator[str]:
    """A way to the Engine that cuts each connection off after so many bytes of its answers."""
    place, pairs = folder / "cutting.sock", list[socket.socket]()
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(place))
    listener.listen()

    def accept() -> None:
        with suppress(OSError):
            while True:
                near, far = listener.accept()[0], socket.socket(socket.AF_UNIX)
                pairs.extend((near, far))
                far.connect(str(socket_of_engine))
                threading.Thread(target=pump, args=(near, far, 1 << 40), daemon=True).start()
                threading.Thread(target=pump, args=(far, near, CUT_AFTER), daemon=True).start()

    thread = threading.Thread(target=accept)
    thread.start()
    try:
        yield f"unix://{place}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
        for each in (listener, *pairs):
            each.close()


@pytest.fixture
def sleeping(project: Deployment) -> Place:
    made = project.add("db", ["/usr/bin/sleep", "infinity"], stop_signal="SIGKILL")
    return Place(made, "db-1", IMAGE, "/usr/bin", frozenset(), {}, "inventory/db", "x9")


@pytest.mark.parametrize("after", ["", "; exit 3"])
def test_output_that_was_cut_is_not_taken_for_whole(
    project: Deployment, sleeping: Place, tmp_path: Path, after: str
) -> None:
    heard = bytearray()
    with cutting(project.engine.socket, tmp_path) as host, Engine(DockerSettings(host=host)) as engine:
        runner = ExecRunner(engine, sleeping, lambda: None)
        with pytest.raises(ToolFailed, match=r"broke off, because the connection with it .* db-1 was cut"):
            runner.stream(["sh", "-c", f"seq 1 200000{after}"], heard.extend, stop=StopSignal(), environment={})
    assert len(heard) < CUT_AFTER


def test_a_tool_that_is_paused_and_ignores_its_end_is_gone_with_whoever_held_it(project: Deployment) -> None:
    client = project.client
    shell, *words = leashed(["sh", "-c", "trap '' TERM; sleep 60; sleep 60"], alone=True)
    held = client.create_container(POSTGRES_IMAGE, words, entrypoint=[shell], stdin_open=True)["Id"]
    try:
        streams = Streams(client.attach_socket(held, {"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1}))
        with closing(streams):
            client.start(held)
            eventually(lambda: len(states(project, held)) == 4)
            StdinLeash(streams).pause()
            # Not the container's first, nor the one that holds the leash.
            eventually(lambda: states(project, held) == ["S", "S", "T", "T"])
        eventually(lambda: not client.inspect_container(held)["State"]["Running"], timeout=20)
        assert client.inspect_container(held)["State"]["ExitCode"] == 128 + signal.SIGHUP
    finally:
        client.remove_container(held, force=True, v=True)


def states(project: Deployment, container: str) -> list[str]:
    """Of all processes, such as S (sleeping) and T (stopped)."""
    return sorted(row[1][0] for row in project.client.top(container, "-o pid,stat")["Processes"] or ())


def test_a_service_command_that_was_cut_fails(project: Deployment, sleeping: Place, tmp_path: Path) -> None:
    del sleeping
    with cutting(project.engine.socket, tmp_path) as host:
        settings = TargetSettings.model_validate({"dsn": "", "storage": "any", "docker": project.settings})
        assert settings.docker is not None
        settings.docker.attach(DockerSettings(host=host))
        with pytest.raises(ToolFailed, match="broke off, because the connection"):
            run_in_service(settings.docker, "db", LONG, stop=StopSignal(), deadline=20.0)
