"""Where a drill restores to: a cluster of its own, or a database on the server that the settings name."""

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
from bot.operations.staging import staging_folder
from bot.postgres.connection import Server, server_of
from bot.postgres.facts import server_facts
from bot.postgres.load import create_database
from bot.postgres.scratch import apply_globals, remove_remains, scratch_cluster
from bot.postgres.swap import drill_name, drop_database
from bot.postgres.tools import Tools, find_server, find_tools
from bot.runtime.stop import StopSignal
from bot.settings import TargetSettings

_UNKNOWN_LOCALE = (errors.WrongObjectType, errors.InvalidParameterValue, errors.UndefinedObject)


@dataclass(frozen=True)
class Scratch:
    """An empty database to restore into; `programs` is the folder of its server where that is our own cluster."""

    server: Server
    tools: Tools
    database: str
    where: str
    programs: Path | None


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

    Raises ToolMissing where a cluster is wanted and PostgreSQL's server is not installed here.
    """
    if settings.drill.dsn is None:
        with _own_cluster(settings, backup, roles(), folder, stop) as scratch:
            yield scratch
        return
    server = drill_server(settings, context.environment)
    database = drill_name(server_of(settings, context.environment).database, operation_id)
    try:
        with server.maintenance(database) as connection:
            major = server_facts(connection).version_num // 10000
            create_database(connection, database, backup.manifest.properties)
        yield Scratch(server, find_tools(major, settings.tools), database, f"{database} on the drill server", None)
    finally:
        drop_scratch(context, settings, operation_id)


def drop_scratch(context: Context, settings: TargetSettings, operation_id: str) -> None:
    """Remove what a drill that was cut off left on the configured server; an own cluster died with its worker."""
    if settings.drill.dsn is None:
        remove_remains(staging_folder(context.settings.staging, operation_id))
        return
    live = server_of(settings, context.environment).database
    database = drill_name(live, operation_id)
    with drill_server(settings, context.environment).maintenance(database) as connection:
        drop_database(connection, database, live=live)


@contextmanager
def _own_cluster(
    settings: TargetSettings, backup: Backup, roles: str, folder: Path, stop: StopSignal
) -> Generator[Scratch]:
    major = backup.manifest.server_version_num // 10000
    programs, tools = find_server(major, settings.tools), find_tools(major, settings.tools)
    database = backup.manifest.database
    with scratch_cluster(programs, folder, stop=stop) as server:
        apply_globals(server, roles)
        with server.connect("template1") as connection:
            _create_alike(connection, database, backup.manifest.properties)
        where = f"a cluster of its own, PostgreSQL {major}"
        yield Scratch(replace(server), tools, database, where, programs)


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
