"""A dump loaded into a new database, with what a plain dump leaves behind carried over."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from psycopg import Connection, errors, sql

from bot.errors import Conflict, NotFound
from bot.postgres.archives import placed
from bot.postgres.cancel import cancelled_by
from bot.postgres.closed import prepare_owner
from bot.postgres.connection import Server, quoted_database
from bot.postgres.errors import readable_errors, tool_failure
from bot.postgres.facts import Grant, database_facts
from bot.postgres.tools import Tools
from bot.runtime.stop import StopSignal

_LOOK_AT_SIZE_EVERY = 1.0
_INDEX_MEMORY = 256_000_000

_SINGLE_PROPERTIES = (
    *("owner", "encoding", "collate", "ctype", "locale_provider", "locale", "icu_rules"),
    *("tablespace", "connection_limit", "is_template", "comment"),
)

# PostgreSQL keeps these as lists of quoted names (GUC_LIST_QUOTE); quoted as one string they would be one name.
_LISTS = {"local_preload_libraries", "search_path", "session_preload_libraries", "temp_tablespaces"}
_PRIVILEGES = {"CONNECT": "CONNECT", "CREATE": "CREATE", "TEMPORARY": "TEMPORARY"}
_LIST_ITEM = re.compile(r'\s*(?:"((?:[^"]|"")*)"|([^,]+?))\s*(?:,|$)')


def create_database(connection: Connection, name: str, like: Mapping[str, Any], *, closed: bool = False) -> None:
    """Create an empty database with the owner, encoding, locale and tablespace of a manifest's properties.

    Nobody but its owner and superusers may connect to it until `apply_properties`; `closed`, it belongs to Baseliner's
    own role until `hand_over`. Raises NotFound when the owner or tablespace is missing on this server, Conflict when
    the name is taken, DatabaseUnreachable otherwise.
    """
    # Whoever connected before the grants are right would stay connected.
    options: list[sql.Composable] = [sql.SQL("TEMPLATE template0 ALLOW_CONNECTIONS false")]
    for keyword, value in _creation_options(like, closed=closed):
        options.append(sql.SQL("{} {}").format(sql.SQL(keyword), value))
    statement = sql.SQL("CREATE DATABASE {} WITH {}").format(sql.Identifier(name), sql.SQL(" ").join(options))
    with readable_errors(f"creating the database {name!r}"):
        try:
            connection.execute(statement)
            connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(name)))
            if closed:
                prepare_owner(connection, name, like["owner"])
        except errors.DuplicateDatabase as error:
            raise Conflict(f"The database {name!r} exists already.", "Drop it, or let its operation end.") from error
        except errors.UndefinedObject as error:
            raise NotFound(
                f"{error.diag.message_primary}, and the backup's database needs it.",
                "Create it first; the backup's globals.sql has its definition.",
            ) from error
        connection.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS true").format(sql.Identifier(name)))


def load(
    server: Server,
    tools: Tools,
    archive: Path,
    database: str,
    jobs: int,
    *,
    stop: StopSignal,
    index_memory: int = _INDEX_MEMORY,
    on_progress: Callable[[int], None] = lambda _done: None,
) -> str:
    """Load what `dump` wrote by `pg_restore -j`, ending at its first error; returns its warnings.

    Each job may sort an index in `index_memory` bytes of the server's memory. `on_progress` gets the size of the new
    database in bytes: compare it with the manifest's `database_bytes`. Raises ToolFailed, Interrupted. After a failure
    the database is in pieces: drop it.
    """
    argv = [tools.path("pg_restore"), f"--jobs={jobs}", "--exit-on-error", "--no-password"]
    argv.append(f"--dbname={quoted_database(database)}")
    with server.connect(database) as connection, placed(tools, archive, stop=stop) as path:

        def report() -> None:
            on_progress(_size(connection))

        environment = server.tool_environment(database, _session(connection, index_memory))
        tick = _at_most_every(_LOOK_AT_SIZE_EVERY, report)
        finished = tools.runner.run([*argv, path], stop=stop, environment=environment, on_tick=tick)
        if finished.code != 0:
            raise tool_failure("pg_restore", finished.status, finished.stderr)
        _make_durable(connection)
        report()
    return finished.stderr


def apply_properties(connection: Connection, database: str, properties: Mapping[str, Any]) -> list[str]:
    """Set grants, comment, connection limit and settings as the manifest's properties have them.

    Returns what differs afterwards, a sentence each: a role that is missing, an extension.
    The connection should be to `database` itself, else extensions are not compared.
    """
    with readable_errors(f"setting the properties of {database!r}"):
        roles = {row[0] for row in connection.execute("SELECT rolname FROM pg_catalog.pg_roles").fetchall()}
        for statement in _property_statements(database, properties, roles):
            connection.execute(statement)
    return property_differences(properties, database_facts(connection, database).as_properties())


def property_differences(expected: Mapping[str, Any], actual: Mapping[str, Any]) -> list[str]:
    """How two databases' properties differ, a sentence each; none when nothing was lost."""
    differences = [
        f"{name.replace('_', ' ')}: {expected.get(name)!r} in the backup, {actual.get(name)!r} now"
        for name in _SINGLE_PROPERTIES
        if expected.get(name) != actual.get(name)
    ]
    for kind, describe in (("grants", _describe_grant), ("settings", _describe_setting)):
        before = {describe(item) for item in expected.get(kind, ())}
        after = {describe(item) for item in actual.get(kind, ())}
        differences += [f"{each}: in the backup, not now" for each in sorted(before - after)]
        differences += [f"{each}: now, not in the backup" for each in sorted(after - before)]
    return differences + _extension_differences(expected.get("extensions"), actual.get("extensions"))


def analyze(server: Server, database: str, *, stop: StopSignal | None = None) -> None:
    """Collect the planner's statistics, which a dump does not carry."""
    stop = stop or StopSignal()
    with server.connect(database) as connection, readable_errors("analyzing"), cancelled_by(connection, stop):
        connection.execute("ANALYZE")


def _creation_options(like: Mapping[str, Any], *, closed: bool) -> Iterator[tuple[str, sql.Composable]]:
    if not closed:
        yield "OWNER", sql.Identifier(like["owner"])
    yield "ENCODING", sql.Literal(like["encoding"])
    provider = like.get("locale_provider", "libc")
    if provider != "libc":
        yield "LOCALE_PROVIDER", sql.SQL(provider)
        keyword = "ICU_LOCALE" if provider == "icu" else "BUILTIN_LOCALE"
        yield keyword, sql.Literal(like["locale"])
    if like.get("icu_rules"):
        yield "ICU_RULES", sql.Literal(like["icu_rules"])
    yield "LC_COLLATE", sql.Literal(like["collate"])
    yield "LC_CTYPE", sql.Literal(like["ctype"])
    if like.get("tablespace", "pg_default") != "pg_default":
        yield "TABLESPACE", sql.Identifier(like["tablespace"])


def _property_statements(database: str, properties: Mapping[str, Any], roles: set[str]) -> Iterator[sql.Composed]:
    name = sql.Identifier(database)
    owner = properties["owner"]
    yield sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC, {}").format(name, sql.Identifier(owner))
    for item in properties.get("grants", ()):
        if item["grantee"] is None or item["grantee"] in roles:
            yield _grant(name, Grant(**item))
    yield sql.SQL("COMMENT ON DATABASE {} IS {}").format(name, sql.Literal(properties.get("comment")))
    limit = sql.Literal(int(properties.get("connection_limit", -1)))
    yield sql.SQL("ALTER DATABASE {} CONNECTION LIMIT {}").format(name, limit)
    if properties.get("is_template"):
        yield sql.SQL("ALTER DATABASE {} IS_TEMPLATE true").format(name)
    for item in properties.get("settings", ()):
        subject = sql.SQL("DATABASE {}").format(name)
        if item["role"] is not None:
            if item["role"] not in roles:
                continue
            subject = sql.SQL("ROLE {} IN DATABASE {}").format(sql.Identifier(item["role"]), name)
        yield sql.SQL("ALTER {} SET {} TO {}").format(
            subject, sql.Identifier(*item["name"].split(".")), _setting_value(item["name"], item["value"])
        )


def _grant(database: sql.Identifier, grant: Grant) -> sql.Composed:
    return sql.SQL("GRANT {} ON DATABASE {} TO {}{}").format(
        sql.SQL(_PRIVILEGES[grant.privilege]),
        database,
        sql.SQL("PUBLIC") if grant.grantee is None else sql.Identifier(grant.grantee),
        sql.SQL(" WITH GRANT OPTION" if grant.grantable else ""),
    )


def _setting_value(name: str, value: str) -> sql.Composable:
    if name not in _LISTS:
        return sql.Literal(value)
    items = [quoted.replace('""', '"') or bare for quoted, bare in _LIST_ITEM.findall(value)]
    return sql.SQL(", ").join(sql.Literal(item) for item in items or [""])


def _describe_grant(item: Mapping[str, Any]) -> str:
    option = " with grant option" if item["grantable"] else ""
    return f"grant of {item['privilege']} to {item['grantee'] or 'PUBLIC'}{option}"


def _describe_setting(item: Mapping[str, Any]) -> str:
    role = f" for {item['role']}" if item["role"] else ""
    return f"setting {item['name']} = {item['value']}{role}"


def _extension_differences(expected: Mapping[str, str] | None, actual: Mapping[str, str] | None) -> list[str]:
    """By name alone: a dump carries no versions, and a restore installs the server's default ones."""
    if expected is None or actual is None:
        return []
    return [
        f"extension {name}: in the backup, missing now" if name in expected else f"extension {name}: not in the backup"
        for name in sorted(expected.keys() ^ actual.keys())
    ]


def _make_durable(connection: Connection) -> None:
    """A commit that is waited for writes out all that was committed without waiting before it."""
    with readable_errors("making the load durable"):
        connection.execute("SELECT pg_catalog.pg_logical_emit_message(true, 'baseliner', 'loaded')")


def _session(connection: Connection, index_memory: int) -> dict[str, str]:
    """Nobody reads the new database before all of it was made durable and verified: commits need not be waited for."""
    with readable_errors("looking at the server's settings"):
        row = connection.execute(
            "SELECT greatest(setting::bigint, %s) FROM pg_catalog.pg_settings WHERE name = 'maintenance_work_mem'",
            (index_memory >> 10,),
        ).fetchone()
    return {"maintenance_work_mem": f"{row[0] if row else 65536}kB", "synchronous_commit": "off"}


def _size(connection: Connection) -> int:
    with readable_errors("looking at the size of the new database"):
        row = connection.execute("SELECT pg_database_size(current_database())").fetchone()
    return int(row[0]) if row else 0


def _at_most_every(seconds: float, act: Callable[[], None]) -> Callable[[], None]:
    acted_at = time.monotonic()

    def tick() -> None:
        nonlocal acted_at
        if time.monotonic() - acted_at >= seconds:
            act()
            acted_at = time.monotonic()

    return tick
