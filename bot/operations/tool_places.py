"""The database's container, and others of its image, as PostgreSQL's tools find their way there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from bot.errors import ContainerGone, EngineFailed, ToolFailed, ToolMissing
from bot.operations.staging import staging_folder
from bot.runtime.docker_engine import Container, Engine
from bot.runtime.stop import StopSignal
from bot.runtime.tool_container import Bound
from bot.runtime.tool_place import Place
from bot.runtime.tool_runner import ToolRunner
from bot.settings import Staging, TargetSettings
from bot.settings_docker import TargetDocker

_VERSION = re.compile(r"\(PostgreSQL\) (\d+(?:\.\d+|devel|beta\d+|rc\d+)?)")
_FOLDERS = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")


def place_of(engine: Engine, settings: TargetSettings, owner: str, major: int) -> Place:
    """The running container, or beside it. Raises ContainerGone."""
    docker = _docker_of(settings)
    return _place(engine, engine.running(docker.project, docker.service), settings, owner, major)


def place_of_image(
    engine: Engine, settings: TargetSettings, owner: str, major: int, network: str, server: Mapping[str, str]
) -> Place:
    """Containers of the database's image, whether it runs or not; see `Place` for the rest. Raises ContainerGone."""
    docker = _docker_of(settings)
    found = engine.containers(docker.project, docker.service)
    if not found:
        raise ContainerGone(
            f"The service {docker.service} of Compose's project {docker.project} has no container, so its image is "
            "not known.",
            f"Make it (docker compose -p {docker.project} create {docker.service}), or correct its name.",
        )
    model = next((item for item in found if item.running), found[0])
    return _place(engine, model, settings, owner, major, network, server)


def database_name(docker: TargetDocker) -> str:
    """What stays the same when its container is replaced."""
    return f"{docker.project}/{docker.service}"


def folder_of(staging: Staging, owner: str, shared: Path) -> Bound:
    """The owner's staging folder, under its own path in containers; `shared` is the whole area as the Engine has it."""
    folder = staging_folder(staging, owner).absolute()
    return Bound(shared / folder.name, str(folder))


def version_of(runner: ToolRunner, place: Place, major: int, stop: StopSignal) -> str:
    """Of the tools there, such as `16.14`. Raises ToolMissing when they are of another major, ToolFailed."""
    finished = runner.run(["pg_dump", "--version"], stop=stop, environment={})
    said = finished.stdout.decode("utf-8", "replace")
    found = _VERSION.search(said)
    if finished.code != 0 or found is None:
        raise ToolFailed("pg_dump", f"{finished.status} in the container {place.name}", f"{said}{finished.stderr}")
    if found[1].partition(".")[0] != str(major):
        raise ToolMissing(
            f"The container {place.name} has client tools of PostgreSQL {found[1]}; the server is PostgreSQL {major}.",
            "Correct service in [targets.….docker], name the folder of the right ones in the target's `tools`, or "
            f'install the tools of PostgreSQL {major} on the worker\'s host and set tools = "network".',
        )
    return found[1]


def _docker_of(settings: TargetSettings) -> TargetDocker:
    if settings.docker is None:
        raise EngineFailed("The target stands in no container.", "Give it [targets.….docker].")
    docker: TargetDocker = settings.docker
    return docker


def _place(
    engine: Engine,
    found: Container,
    settings: TargetSettings,
    owner: str,
    major: int,
    network: str | None = None,
    server: Mapping[str, str] | None = None,
) -> Place:
    variables = engine.inspect(found.id)["Config"].get("Env") or []
    path = next((item.removeprefix("PATH=") for item in variables if item.startswith("PATH=")), "")
    folders = [*map(str, settings.tools), *path.split(":"), f"/usr/lib/postgresql/{major}/bin", *_FOLDERS]
    return Place(
        container=found.id,
        name=found.name,
        image_id=found.image_id,
        path=":".join(dict.fromkeys(filter(None, folders))),
        addresses=frozenset(address.partition("/")[0] for address in found.networks.values()),
        ports={public: private for private, (_address, public) in found.ports.items()},
        database=database_name(_docker_of(settings)),
        owner=owner,
        network=network,
        server=server,
    )
