"""Where a drill restores to: a server of its own, or a database on the one that the settings name."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from psycopg import errors

from bot.errors import DatabaseUnreachable
from bot.models import Backup
from bot.operations.context import Context
from bot.operations.scratch_places import CLUSTER, Here, choose_scratch, contained_scratch
from bot.operations.staging import staging_folder
from bot.operations.tooling import open_tools_for, remove_containers
from bot.postgres.connection import Server, server_of
from bot.postgres.facts import server_facts
from bot.postgres.load import create_database
from bot.postgres.scratch import apply_globals, remove_remains, scratch_cluster
from bot.postgres.swap import drill_name, drop_database
from bot.postgres.tools import Tools
from bot.runtime.stop import StopSignal
from bot.settings import TargetSettings

_UNKNOWN_LOCALE = (errors.WrongObjectType, errors.InvalidParameterValue, errors.UndefinedObject)


@dataclass(frozen=True)
class Scratch:
    """An empty database to restore into."""

    server: Server
    tools: Tools
    database: str
    where: str
    examiner: Tools | None = None
    """where the server is our own: those that belong to it"""


@contextmanager
def open_scratch(
    context: Context,
    settings: TargetSettings,
    operation_id: str,
    backup: Backup,
    roles: Callable[[], str],
    folder: Path,
    *,
    stop: StopSignal,
) -> Generator[Scratch]:
    """An empty database like the backup's, gone at the end of the block; `roles` gives the backup's globals.

    Raises ToolMissing where there is no PostgreSQL to be had for a server of its own.
    """
    if settings.drill.dsn is None:
        major = backup.manifest.server_version_num // 10000
        choice = choose_scratch(settings, context.settings.staging, major)
        if choice.here is not None:
            opened = _own_cluster(choice.here, backup, roles(), folder, stop)
        else:
            assert choice.shared is not None  # noqa: S101 - it is one or the other
            opened = _own_container(context, settings, operation_id, backup, roles(), choice.shared, stop)
        with opened as scratch:
            yield scratch
        return
    server = drill_server(settings, context.environment)
    database = drill_name(server_of(settings, context.environment).database, operation_id)
    try:
        with server.maintenance(database) as connection:
            major = server_facts(connection).version_num // 10000
            create_database(connection, database, backup.manifest.properties)
        staging = context.settings.staging
        with open_tools_for(settings, staging, operation_id, server, major, stop=stop) as tools:
            yield Scratch(server, tools, database, f"{database} on the drill server")
    finally:
        drop_scratch(context, settings, operation_id)


def drop_scratch(context: Context, settings: TargetSettings, operation_id: str) -> str:
    """Remove what a drill that was cut off left; returns what may be left with Docker, in a sentence.

    A server of its own died with its worker.
    """
    left = remove_containers(settings, operation_id)
    if settings.drill.dsn is None:
        folder = staging_folder(context.settings.staging, operation_id)
        remove_remains(folder)
        remove_remains(folder / CLUSTER)
    else:
        _drop_database(context, settings, operation_id)
    return left


def _drop_database(context: Context, settings: TargetSettings, operation_id: str) -> None:
    live = server_of(settings, context.environment).database
    database = drill_name(live, operation_id)
    with drill_server(settings, context.environment).maintenance(database) as connection:
        drop_database(connection, database, live=live)


@contextmanager
def _own_cluster(here: Here, backup: Backup, roles: str, folder: Path, stop: StopSignal) -> Generator[Scratch]:
    with scratch_cluster(here.programs, folder, stop=stop) as server:
        database = _furnish(server, backup, roles)
        where = f"a cluster of its own, PostgreSQL {here.tools.major}"
        yield Scratch(server, here.tools, database, where, replace(here.tools, bin_dir=here.programs))


@contextmanager
def _own_container(
    context: Context,
    settings: TargetSettings,
    operation_id: str,
    backup: Backup,
    roles: str,
    shared: Path,
    stop: StopSignal,
) -> Generator[Scratch]:
    staging, major = context.settings.staging, backup.manifest.server_version_num // 10000
    with contained_scratch(settings, staging, operation_id, major, shared, stop=stop) as (server, tools):
        database = _furnish(server, backup, roles)
        where = f"a container of its own, of the database's image, PostgreSQL {tools.version}"
        yield Scratch(server, tools, database, where, tools)


def _furnish(server: Server, backup: Backup, roles: str) -> str:
    """With the backup's roles and an empty database like its own; returns the name."""
    apply_globals(server, roles)
    with server.connect("template1") as connection:
        _create_alike(connection, backup.manifest.database, backup.manifest.properties)
    return backup.manifest.database


def _create_alike(connection: Any, database: str, properties: Mapping[str, Any]) -> None:
    """Locales of the server may be missing on this host; digests do not depend on them."""
    try:
        create_database(connection, database, properties)
    except DatabaseUnreachable as error:
        if not isinstance(error.__cause__, _UNKNOWN_LOCALE):
            raise
        plain = {**properties, "collate": "C", "ctype": "C", "locale_provider": "libc", "tablespace": "pg_default"}
        create_database(connection, database, {**plain, "icu_rules": None})


def drill_server(settings: TargetSettings, environment: Mapping[str, str]) -> Server:
    """The server that the settings name for drills. Raises SettingsError."""
    elsewhere = {"dsn": settings.drill.dsn, "password_env": settings.drill.password_env, "docker": None}
    alike = settings.model_copy(update=elsewhere)
    return server_of(alike, environment)
