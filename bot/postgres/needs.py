"""What a backup needs of the server that it is restored on, and what of it is not there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from psycopg import Connection

from bot.errors import Refused
from bot.postgres.archives import placed
from bot.postgres.errors import readable_errors, tool_failure
from bot.postgres.statements import statements
from bot.postgres.tools import Tools
from bot.runtime.process import tool_environment
from bot.runtime.stop import StopSignal

_NAME = r'("(?:[^"]|"")*"|[^\s";,]+)'
_OWNER = re.compile(rf"ALTER .* OWNER TO {_NAME}", re.DOTALL)
_GRANTEE = re.compile(rf"(?:GRANT .* TO|REVOKE .* FROM) {_NAME}(?: WITH GRANT OPTION)?(?: GRANTED BY .*)?", re.DOTALL)
_DEFAULTS = re.compile(
    rf"ALTER DEFAULT PRIVILEGES FOR ROLE {_NAME} .*(?:TO|FROM) {_NAME}(?: WITH GRANT OPTION)?", re.DOTALL
)
_EXTENSION = re.compile(rf"CREATE EXTENSION (?:IF NOT EXISTS )?{_NAME}.*", re.DOTALL)
_TABLESPACE = re.compile(r"SET default_tablespace = (.*)")
_NOBODY = frozenset({"PUBLIC", "CURRENT_USER", "SESSION_USER", "CURRENT_ROLE"})
_NAMED = 8


@dataclass(frozen=True)
class Needs:
    """By name."""

    roles: frozenset[str] = field(default_factory=frozenset)
    extensions: frozenset[str] = field(default_factory=frozenset)
    tablespaces: frozenset[str] = field(default_factory=frozenset)


def needs_of_database(properties: Mapping[str, Any]) -> Needs:
    """Of the database itself, by a manifest's properties."""
    roles = {properties["owner"], *(item["grantee"] for item in properties.get("grants", ()))}
    roles |= {item["role"] for item in properties.get("settings", ())}
    return Needs(
        frozenset(role for role in roles if role is not None),
        frozenset(properties.get("extensions") or ()),
        frozenset({properties.get("tablespace") or "pg_default"}),
    )


def needs_of_script(script: str) -> Needs:
    """Of everything in it, by the definitions that pg_restore writes out."""
    roles, extensions, tablespaces = set(), set(), set()
    for statement in statements(script):
        if found := _OWNER.fullmatch(statement) or _GRANTEE.fullmatch(statement):
            roles.add(_unquoted(found[1]))
        elif found := _DEFAULTS.fullmatch(statement):
            roles.update(map(_unquoted, found.groups()))
        elif found := _EXTENSION.fullmatch(statement):
            extensions.add(_unquoted(found[1]))
        elif found := _TABLESPACE.fullmatch(statement):
            tablespaces.add(_unquoted(found[1].strip("'")))
    return Needs(frozenset(roles - _NOBODY), frozenset(extensions), frozenset(tablespaces - {""}))


def needs_of_archive(tools: Tools, archive: Path, *, stop: StopSignal) -> Needs:
    """Of what `dump` wrote. Raises ToolFailed, Interrupted."""
    with placed(tools, archive, contents_alone=True, stop=stop) as path:
        argv = [tools.path("pg_restore"), "--schema-only", "--file=-", path]
        finished = tools.runner.run(argv, stop=stop, environment=tool_environment())
    if finished.code != 0:
        raise tool_failure("pg_restore", finished.status, finished.stderr)
    return needs_of_script(finished.stdout.decode("utf-8", "replace"))


def demand(connection: Connection, needs: Needs) -> None:
    """Raises Refused, naming what is not there."""
    missing = [
        *_absent(connection, "role", needs.roles, "SELECT rolname FROM pg_catalog.pg_roles"),
        *_absent(connection, "extension", needs.extensions, "SELECT name FROM pg_catalog.pg_available_extensions"),
        *_absent(connection, "tablespace", needs.tablespaces, "SELECT spcname FROM pg_catalog.pg_tablespace"),
    ]
    if missing:
        more = f" and {len(missing) - _NAMED} more" if len(missing) > _NAMED else ""
        raise Refused(
            f"The backup needs what this server does not have: {', '.join(missing[:_NAMED])}{more}.",
            "Create the roles and tablespaces (the backup's globals.sql has their definitions) and install the "
            "packages of the extensions, then ask again.",
        )


def _absent(connection: Connection, kind: str, wanted: Iterable[str], query: str) -> list[str]:
    with readable_errors(f"listing {kind}s"):
        there = {row[0] for row in connection.execute(query.encode()).fetchall()}
    return [f"{kind} {name}" for name in sorted(set(wanted) - there)]


def _unquoted(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name
