"""A command of the application's own, in a container of one of its services: argv, no TTY, streams apart."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from bot.canonical import sha256_hex
from bot.errors import EngineFailed, ServiceFailed
from bot.runtime.docker_engine import Container, Engine
from bot.runtime.process import DeadlinePassed, Finished
from bot.runtime.stop import StopSignal
from bot.runtime.tool_container import remove
from bot.runtime.tool_ending import ending_of_whole
from bot.runtime.tool_exec import SIGNAL_SCRIPT
from bot.runtime.tool_failures import judged_inside, not_started
from bot.runtime.tool_place import MARK
from bot.runtime.tool_streams import Streams
from bot.settings_docker import TargetDocker

_ONE_OFF = "baseliner.service"
_GRACE = 2.0


def run_in_service(
    docker: TargetDocker,
    service: str,
    argv: Sequence[str],
    *,
    stop: StopSignal,
    directory: Path | None = None,
    deadline: float,
) -> Finished:
    """Run to its end, whatever the exit code: in the service's container, or while none runs, in one made like it.

    Raises ServiceFailed where there is no container to go by, ToolFailed when it cannot be started or was killed,
    DeadlinePassed after so many seconds, EngineFailed, Interrupted. Whatever is raised, it is gone.
    """
    with Engine(docker.engine) as engine:
        found = engine.containers(docker.project, service)
        if not found:
            raise ServiceFailed(
                f"Compose's project {docker.project} has no container of the service {service}.",
                f"Correct migrations.service, or make it: docker compose -p {docker.project} create {service}",
            )
        running = next((item for item in found if item.running), None)
        begun = (
            _exec(engine, running, argv, directory) if running else _one_off(engine, found[0], docker, argv, directory)
        )
        with begun as (streams, exit_code):
            tool, where = Path(argv[0]).name, (running or found[0]).name
            said = _heard(streams, tool, stop, time.monotonic() + deadline, deadline)
            return judged_inside(tool, where, ending_of_whole(tool, where, exit_code, streams, said))


def _heard(streams: Streams, tool: str, stop: StopSignal, ends_at: float, deadline: float) -> bytes:
    chunks = []
    for chunk in streams.chunks():
        chunks.append(chunk)
        stop.check()
        if time.monotonic() > ends_at:
            raise DeadlinePassed(tool, f"did not end within {deadline:g} s", streams.stderr)
    return b"".join(chunks)


@contextmanager
def _exec(
    engine: Engine, container: Container, argv: Sequence[str], directory: Path | None
) -> Generator[tuple[Streams, Callable[[], int | None]]]:
    # Another worker's of the same words would end with it; it would have hung as well.
    mark = f"{MARK}=command {sha256_hex(repr((container.service, *argv)))[:16]}"
    try:
        with engine.asking() as client:
            options = {"environment": [mark], "workdir": str(directory) if directory else None}
            made = str(client.exec_create(container.id, list(argv), **options)["Id"])
            streams = Streams(client.exec_start(made, socket=True))
    except EngineFailed as error:
        raise not_started(Path(argv[0]).name, container.name, error) from error

    def exit_code() -> int | None:
        with engine.asking() as client:
            told = client.exec_inspect(made)
        return None if told["Running"] or told["ExitCode"] is None else int(told["ExitCode"])

    try:
        yield streams, exit_code
    except BaseException:
        _end(engine, container, mark, streams)
        raise
    finally:
        streams.close()


def _end(engine: Engine, container: Container, mark: str, streams: Streams) -> None:
    for signal in ("TERM", "KILL"):
        with suppress(EngineFailed), engine.asking() as client:
            script = client.exec_create(container.id, ["sh", "-c", SIGNAL_SCRIPT, "sh", mark, signal])
            client.exec_start(script["Id"])
        if streams.drained(_GRACE):
            return


@contextmanager
def _one_off(
    engine: Engine, model: Container, docker: TargetDocker, argv: Sequence[str], directory: Path | None
) -> Generator[tuple[Streams, Callable[[], int | None]]]:
    """In a new container of the same image, environment, files (not to be changed) and network."""
    label = {_ONE_OFF: f"{docker.project}/{model.service}"}
    _remove_ended(engine, label)
    made, streams = "", None
    try:
        try:
            with engine.asking() as client:
                made = _create(client, engine.inspect(model.id), argv, directory, label)
                streams = Streams(client.attach_socket(made, {"stdout": 1, "stderr": 1, "stream": 1}))
                client.start(made)
        except EngineFailed as error:
            raise not_started(Path(argv[0]).name, model.name, error) from error

        def exit_code() -> int | None:
            state = engine.inspect(made)["State"]
            return None if state["Running"] else int(state["ExitCode"])

        yield streams, exit_code
    finally:
        if streams is not None:
            streams.close()
        if made:
            remove(engine, made)


def _create(
    client: Any, model: Mapping[str, Any], argv: Sequence[str], directory: Path | None, labels: Mapping[str, str]
) -> str:
    config = model["Config"]
    made = client.create_container(
        model["Image"],
        list(argv[1:]),
        entrypoint=[argv[0]],
        user=config.get("User") or None,
        environment=config.get("Env") or [],
        working_dir=str(directory or config.get("WorkingDir") or "/"),
        labels=dict(labels),
        # Else the image's own check runs beside the command.
        healthcheck={"test": ["NONE"]},
        host_config=client.create_host_config(
            network_mode=model["HostConfig"].get("NetworkMode") or None,
            volumes_from=[f"{model['Id']}:ro"],
            security_opt=["no-new-privileges"],
        ),
    )
    return str(made["Id"])


def _remove_ended(engine: Engine, label: Mapping[str, str]) -> None:
    """What a worker that was killed has left; those that run may be another worker's."""
    filters = {"label": [f"{name}={value}" for name, value in label.items()], "status": ["exited", "created", "dead"]}
    with suppress(EngineFailed), engine.asking() as client:
        for item in client.containers(all=True, filters=filters):
            remove(engine, item["Id"])
