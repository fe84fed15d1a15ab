"""Which of PostgreSQL's tools an operation uses, and where they run."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

import psycopg

from bot.errors import (
    BaselinerError,
    ContainerChanged,
    ContainerGone,
    DatabaseUnreachable,
    EngineDenied,
    EngineFailed,
    EngineUnreachable,
    ToolFailed,
    ToolMissing,
)
from bot.operations.context import Context
from bot.operations.tool_places import database_name, folder_of, place_of, place_of_image, version_of
from bot.postgres.connection import Server, server_of
from bot.postgres.sessions import end_sessions
from bot.postgres.tools import Tools, find_tools
from bot.runtime.docker_engine import Engine
from bot.runtime.stop import StopSignal
from bot.runtime.tool_container import OPERATION, ContainerRunner, remove_all
from bot.runtime.tool_exec import SCRATCH, ExecRunner
from bot.runtime.tool_mounts import NotShared, on_this_host, own_network, shared_folder
from bot.runtime.tool_runner import ToolRunner
from bot.settings import Staging, TargetSettings
from bot.settings_docker import TargetDocker
from bot.store import staging as tool_owners

Mode = Literal["exec", "container", "network"]
_ZSTD_SINCE = 16
_SETTLED_WITHIN = 3.0
_LOOK_EVERY = 0.1
_OF_THIS_HOST = ("PGSSLROOTCERT", "PGSSLCERT", "PGSSLKEY", "PGSSLCRL", "PGSSLCRLDIR", "PGPASSFILE", "PGSERVICE")
"""libpq's variables that name files."""


@dataclass(frozen=True)
class ToolChoice:
    """Where the tools run, and why there, in half a sentence."""

    mode: Mode
    why: str
    tools: Tools | None = None
    """those of this host, where they are used"""
    shared: Path | None = None
    """the staging area as the Engine's host sees it, where it is mounted"""

    def __str__(self) -> str:
        return f"{self.mode}: {self.why}"


def choose_tools(settings: TargetSettings, staging: Staging, major: int) -> ToolChoice:
    """What the settings say, or the best: this host's tools, else in a container beside the database, else inside.

    Raises ToolMissing where only this host's would do and it has none, EngineFailed.
    """
    if settings.docker is None:
        return _network(settings, major)
    if settings.docker.tools == "network":
        return _network(settings, major, "so the settings say")
    if settings.docker.tools == "exec":
        return ToolChoice("exec", "so the settings say")
    why = "so the settings say"
    if settings.docker.tools is None:
        try:
            return _network(settings, major)
        except ToolMissing:
            why = f"this host has no tools of PostgreSQL {major}"
    try:
        with Engine(settings.docker.engine) as engine:
            return ToolChoice("container", why, shared=shared_folder(engine, staging.path.absolute()))
    except NotShared as reason:
        return ToolChoice("exec", f"{why}, but {reason}" if settings.docker.tools else f"{why}, and {reason}")


@contextmanager
def open_tools(
    settings: TargetSettings,
    staging: Staging,
    owner: str,
    server: Server,
    major: int,
    *,
    stop: StopSignal,
    before_containers: Callable[[], None] = lambda: None,
) -> Generator[Tools]:
    """The tools of `major` for what belongs to `owner`, an operation or backup. Raises ToolMissing, EngineFailed.

    `before_containers` is called before the first of them runs in a container.
    """
    choice = choose_tools(settings, staging, major)
    if choice.tools is not None or settings.docker is None:
        assert choice.tools is not None  # noqa: S101 - without containers there is no other choice
        yield choice.tools
        return
    with Engine(settings.docker.engine) as engine:
        place = place_of(engine, settings, owner, major)
        ending = partial(end_sessions, server, place.application_name)
        runner: ExecRunner | ContainerRunner
        if choice.shared is None:
            runner = ExecRunner(engine, place, ending)
        else:
            runner = ContainerRunner(engine, place, folder_of(staging, owner, choice.shared), ending)
        before_containers()
        version = version_of(runner, place, major, stop)
        compress = "0" if on_this_host(engine) else stream_compression(runner, major, stop)
        yield Tools(None, version, runner, compress, mode=choice.mode)


@contextmanager
def open_tools_for(
    settings: TargetSettings, staging: Staging, owner: str, server: Server, major: int, *, stop: StopSignal
) -> Generator[Tools]:
    """Tools of `major` for another `server` than the target's own: of this host, else of the database's image.

    The latter run in a container that has our network, and the owner's staging folder, unless the settings want none
    there. Raises ToolMissing, EngineFailed.
    """
    try:
        here, lacking = find_tools(major, settings.tools), None
    except ToolMissing as missing:
        here, lacking = None, missing
    if here is not None:
        yield here
        return
    assert lacking is not None  # noqa: S101 - it is this, or they are here
    if settings.docker is None or settings.docker.tools == "network":
        raise lacking
    with Engine(settings.docker.engine) as engine:
        try:
            shared = shared_folder(engine, staging.path.absolute())
            network, address = own_network(), _seen_from_elsewhere(server)
        except NotShared as reason:
            raise instead(lacking, reason) from reason
        place = place_of_image(engine, settings, owner, major, network, address)
        ending = partial(end_sessions, server, place.application_name)
        runner = ContainerRunner(engine, place, folder_of(staging, owner, shared), ending)
        yield Tools(None, version_of(runner, place, major, stop), runner, mode="container")


def instead(lacking: ToolMissing, reason: NotShared) -> ToolMissing:
    """What this host lacks, and why no container takes its place."""
    return ToolMissing(
        f"{lacking} No container of the database's image can take their place: {reason}.", lacking.remedy
    )


def remove_containers(settings: TargetSettings, owner: str) -> str:
    """Those that a worker which was killed left for `owner`; returns what may be left, in a sentence."""
    if settings.docker is None:
        return ""
    try:
        with Engine(settings.docker.engine) as engine, suppress(EngineDenied):
            remove_all(engine, database_name(settings.docker), owner)
    except EngineFailed as error:
        return _left(owner, error)
    return ""


def remove_remains(context: Context, target: str, owner: str) -> str:
    """End and remove what a worker that was killed left with the Engine; returns what it could not, in a sentence.

    Raises EngineUnreachable, also for a container that is there but does not run: nobody can look into it yet.
    """
    settings = context.target(target)
    if settings.docker is None:
        return ""
    server = server_of(settings, context.environment)
    try:
        with Engine(settings.docker.engine) as engine:
            # Whoever may make no container, or run nothing in one, has left none.
            with suppress(EngineDenied):
                remove_all(engine, database_name(settings.docker), owner)
            with suppress(EngineDenied), _stopped_told(engine, settings.docker, owner):
                place = place_of(engine, settings, owner, 0)
                ending = partial(end_sessions, server, place.application_name)
                ExecRunner(engine, place, ending).clean_up()
                ending()
    except (EngineFailed, ToolFailed) as error:
        if _ran_none_there(context, owner):
            return ""
        if isinstance(error, EngineUnreachable):
            raise
        return _left(owner, error)
    return ""


def noting_containers(context: Context, owner: str) -> Callable[[], None]:
    """What persists that tools of `owner` run in containers, so that only then something may be left there."""

    def note() -> None:
        with context.database.transaction() as connection:
            tool_owners.note_containers(connection, owner)

    return note


def _ran_none_there(context: Context, owner: str) -> bool:
    """Whether it is known; where the state database is away, it is not."""
    try:
        with context.database.transaction() as connection:
            return tool_owners.in_containers(connection, owner) is False
    except (DatabaseUnreachable, psycopg.Error):
        return False


@contextmanager
def _stopped_told(engine: Engine, docker: TargetDocker, owner: str) -> Generator[None]:
    """Raise EngineUnreachable where the database's container does not run; one that is gone took all with it."""
    try:
        yield
    except (ContainerGone, ContainerChanged, ToolFailed) as error:
        found, until = engine.containers(docker.project, docker.service), time.monotonic() + _SETTLED_WITHIN
        # What looks into a container that is about to end fails a moment before the Engine has heard of that.
        while isinstance(error, ToolFailed) and any(item.running for item in found):
            if time.monotonic() > until:
                raise
            time.sleep(_LOOK_EVERY)
            found = engine.containers(docker.project, docker.service)
        if found:
            raise EngineUnreachable(f"{error} {SCRATCH}/baseliner-{owner} may be left in it.", error.remedy) from error


def remove_remains_now(context: Context, target: str, owner: str) -> str:
    """The same, for what nobody comes back to: an Engine that does not answer is part of the sentence too."""
    try:
        return remove_remains(context, target, owner)
    except EngineUnreachable as error:
        return _left(owner, error)


def stream_compression(runner: ToolRunner, major: int, stop: StopSignal) -> str:
    """For a stream that goes over a network; here, we compress better and in the same time (docs/decisions/0009)."""
    if major >= _ZSTD_SINCE:
        # It refuses what it was built without before it connects to anything.
        argv = ["pg_dump", "--compress=zstd:1", "--no-password", "--dbname=host=/nowhere"]
        finished = runner.run(argv, stop=stop, environment={})
        if "does not support compression" not in finished.stderr:
            return "zstd:1"
    return "1"


def _left(owner: str, error: BaselinerError) -> str:
    return f"What may be left with Docker was not looked for ({error}): docker ps --filter label={OPERATION}={owner}"


def _seen_from_elsewhere(server: Server) -> Mapping[str, str]:
    """libpq's variables by which a container with our network finds the server, but no password. Raises NotShared."""
    variables = {name: value for name, value in server.tool_environment().items() if name.startswith("PG")}
    variables.pop("PGPASSWORD", None)
    for name in _OF_THIS_HOST:
        if variables.get(name, "system") != "system":
            raise NotShared(f"the server is reached by files of this host ({name})")
    if (variables.get("PGHOSTADDR") or variables.get("PGHOST") or "/").startswith("/"):
        raise NotShared("the server is reached by a socket of this host")
    return variables


def _network(settings: TargetSettings, major: int, why: str = "") -> ToolChoice:
    tools = find_tools(major, settings.tools)
    return ToolChoice("network", why or f"this host has the tools of PostgreSQL {tools.version}", tools)
