"""Where a drill finds a server of its own, where the settings name none: on this host, or in the database's image."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from bot.errors import ToolMissing
from bot.operations.staging import staging_folder
from bot.operations.tool_places import folder_of, place_of_image
from bot.operations.tooling import instead
from bot.postgres.connection import Server
from bot.postgres.contained import ACCOUNTS, ADDRESS, INSIDE, contained_cluster, make_cluster_folder
from bot.postgres.facts import server_facts
from bot.postgres.scratch import server_account
from bot.postgres.sessions import end_sessions
from bot.postgres.tools import Tools, find_server, find_tools
from bot.runtime.docker_engine import Engine
from bot.runtime.process import judged
from bot.runtime.stop import StopSignal
from bot.runtime.tool_container import Bound, ContainerRunner
from bot.runtime.tool_mounts import NotShared, shared_folder
from bot.settings import Staging, TargetSettings

CLUSTER = "cluster"
"""In the staging folder of a drill, what belongs to a server in a container."""
_NO_NETWORK = "none"


@dataclass(frozen=True)
class Here:
    """PostgreSQL of this host."""

    programs: Path
    """the folder of the server"""
    tools: Tools


@dataclass(frozen=True)
class ScratchChoice:
    """One of the two: a server's programs and tools here, or the staging area as the Engine's host sees it."""

    here: Here | None = None
    shared: Path | None = None


def choose_scratch(settings: TargetSettings, staging: Staging, major: int) -> ScratchChoice:
    """Programs of this host where it has them, unless the settings want tools in containers; else the image's, unless
    they want none there.

    Raises ToolMissing, EngineFailed.
    """
    if settings.docker is not None and settings.docker.tools == "container":
        with suppress(NotShared):
            return _in_container(settings, staging)
    try:
        return ScratchChoice(Here(find_server(major, settings.tools), find_tools(major, settings.tools)))
    except ToolMissing as lacking:
        if settings.docker is None or settings.docker.tools == "network":
            raise
        try:
            return _in_container(settings, staging)
        except NotShared as reason:
            raise instead(lacking, reason) from reason


@contextmanager
def contained_scratch(
    settings: TargetSettings, staging: Staging, owner: str, major: int, shared: Path, *, stop: StopSignal
) -> Generator[tuple[Server, Tools]]:
    """A server of the database's image that nobody but us reaches, and the tools for it; gone at the end.

    Raises ToolMissing where it is older than `major`, ToolFailed, EngineFailed, Interrupted.
    """
    assert settings.docker is not None  # noqa: S101 - only then there is such a choice
    folder, account = staging_folder(staging, owner) / CLUSTER, server_account()
    archive = replace(folder_of(staging, owner, shared), read_only=True)
    cluster = Bound(archive.source / CLUSTER, INSIDE)
    named = Bound(cluster.source / ACCOUNTS, "/etc/passwd", read_only=True)
    make_cluster_folder(folder, account)
    with Engine(settings.docker.engine) as engine:
        place = place_of_image(engine, settings, owner, major, _NO_NETWORK, ADDRESS)
        serving = ContainerRunner(engine, place, archive, lambda: None, (cluster, named), account)
        with contained_cluster(serving, folder, stop=stop) as server:
            with server.connect() as connection:
                facts = server_facts(connection)
            if facts.major < major:
                raise ToolMissing(
                    f"The image of {place.name} has PostgreSQL {facts.version}, which is older than the backup's.",
                    f"Install PostgreSQL {major} on the worker's host, or name a server: [targets.….drill] dsn.",
                )
            ending = partial(end_sessions, server, place.application_name)
            runner = ContainerRunner(engine, place, archive, ending, (cluster,))
            yield server, Tools(None, facts.version, runner, mode="container")


def version_in_image(settings: TargetSettings, staging: Staging, owner: str, shared: Path, *, stop: StopSignal) -> str:
    """What the server of the database's image says of itself. Raises ToolFailed, EngineFailed."""
    assert settings.docker is not None  # noqa: S101 - only then there is such a choice
    with Engine(settings.docker.engine) as engine:
        place = place_of_image(engine, settings, owner, 0, _NO_NETWORK, ADDRESS)
        runner = ContainerRunner(engine, place, folder_of(staging, owner, shared), lambda: None)
        told = judged("postgres", runner.run(["postgres", "--version"], stop=stop, environment={}))
        return told.stdout.decode("utf-8", "replace").strip()


def _in_container(settings: TargetSettings, staging: Staging) -> ScratchChoice:
    assert settings.docker is not None  # noqa: S101 - asked only then
    with Engine(settings.docker.engine) as engine:
        return ScratchChoice(shared=shared_folder(engine, staging.path.absolute()))
