"""Whose backup a restore takes, under which name it comes back, and what is done to its rows on the way."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from difflib import get_close_matches
from typing import Any

from psycopg import Connection

from bot.errors import BadName, Refused, UsageError
from bot.models import Backup, Operation, RestoreRequest
from bot.operations.context import Context
from bot.postgres.connection import database_of
from bot.postgres.facts import DatabaseFacts, database_exists, server_facts
from bot.postgres.masking import MaskingScript, read_script
from bot.postgres.swap import is_ours
from bot.settings import RestoreSource

_OF_THE_PLACE = ("owner", "tablespace", "connection_limit", "is_template", "comment", "grants", "settings")
LONGEST_NAME = 63
"""Characters of a database's name (source: PostgreSQL's NAMEDATALEN, less its end)."""
_NAME = re.compile(rf"[A-Za-z_][A-Za-z0-9_-]{{0,{LONGEST_NAME - 1}}}")
_TAKEN = ("postgres", "template0", "template1")


def source_of(operation: Operation) -> str:
    """The target whose backup comes back; mostly the operation's own."""
    return str(operation.parameters.get("source", operation.target))


def new_name_of(operation: Operation) -> str | None:
    """The database that is made beside the live one; None where that is replaced."""
    name = operation.parameters.get("new_name")
    return str(name) if name else None


def is_elsewhere(operation: Operation) -> bool:
    """Whether the backup comes to another place than the one it is of: owner, grants and settings are the place's."""
    return source_of(operation) != operation.target or new_name_of(operation) is not None


def sources_for(context: Context, target: str) -> list[str]:
    """Other targets whose backups may come here."""
    return [source for source in context.target(target).restore_from if source != target]


def demand_clear(context: Context, request: RestoreRequest) -> None:
    """Raises NotFound for an unknown source, Refused for one not allowed, UsageError for what cannot be meant."""
    if request.source is not None:
        context.target(request.source)
        _allowed(context, request.target, request.source)
    if request.only and request.source not in (None, request.target):
        raise UsageError(
            "Single tables come beside the live ones of their own target alone: of another target they could not be "
            "masked.",
            "Leave out either “only” or “from”.",
        )
    if request.only and request.new_name:
        raise BadName(
            "Single tables come into a schema of the live database: none is made that a new name could be for.",
            "Leave empty either “Only these tables” (only) or “Under a new name” (as).",
        )
    if request.new_name:
        _demand_name(request.new_name, database_of(context.target(request.target), context.environment))


def masks(context: Context, operation: Operation) -> bool:
    """Whether rows are masked. Raises Refused when the source is not allowed."""
    allowed = _allowed(context, operation.target, source_of(operation)) if is_elsewhere(operation) else None
    return allowed is not None and allowed.script is not None


def masking_of(context: Context, operation: Operation) -> MaskingScript | None:
    """What is run. Raises Refused when the source is not allowed, or the file does not do."""
    allowed = _allowed(context, operation.target, source_of(operation)) if is_elsewhere(operation) else None
    return read_script(allowed.script) if allowed is not None and allowed.script is not None else None


def origin_body(context: Context, operation: Operation) -> dict[str, Any]:
    """For the plan. Empty where a target gets its own backup back."""
    if not is_elsewhere(operation):
        return {}
    script = masking_of(context, operation)
    masking: dict[str, Any] = {"masking": None, "masking_sha256": None, "statements": 0}
    if script is not None:
        masking = {"masking": str(script.path), "masking_sha256": script.sha256, "statements": len(script.statements)}
    return {"source": {"target": source_of(operation), **masking}}


def moved_in_origin(approved: Mapping[str, Any], fresh: Mapping[str, Any]) -> list[str]:
    """What the approval was given for and is no longer so."""
    before, now = approved.get("source"), fresh.get("source")
    return ["the masking file: it is not the one that was approved"] if before != now else []


def place_properties(operation: Operation, backup: Mapping[str, Any], live: DatabaseFacts) -> dict[str, Any]:
    """Encoding, locale and extensions are the data's; elsewhere all else is as the live database there has it."""
    if not is_elsewhere(operation):
        return dict(backup)
    place = live.as_properties()
    properties = {**backup, **{name: place[name] for name in _OF_THE_PLACE}}
    if new_name_of(operation) is not None:
        told = f"Baseliner: {operation.parameters['backup_id']} of {source_of(operation)}, operation {operation.id}"
        properties |= {"comment": told, "is_template": False}
    return properties


def placed_backup(operation: Operation, backup: Backup, live: DatabaseFacts) -> Backup:
    """The backup as if it were of the place that it comes to, by its database's properties."""
    properties = place_properties(operation, backup.manifest.properties, live)
    return replace(backup, manifest=replace(backup.manifest, properties=properties))


def lost(
    operation: Operation, loses: Mapping[str, Any], rows_since: Callable[[], Mapping[str, Any]]
) -> Mapping[str, Any]:
    """Another target's data replace all that is there: it has no moment since when it is lost."""
    if source_of(operation) == operation.target:
        return {**loses, **rows_since()}
    return {name: value for name, value in loses.items() if name != "since"}


def demand_free_name(connection: Connection, name: str) -> None:
    """Raises Refused where a database has it, or the server makes none."""
    if server_facts(connection).in_recovery:
        raise Refused("The target is a standby, on which no database is made.", "Point the target at the primary.")
    if database_exists(connection, name):
        raise Refused(f"A database {name!r} exists already; it is left as it is.", "Ask again, with another name.")


def _allowed(context: Context, target: str, source: str) -> RestoreSource | None:
    """None where a target's own backup needs no permission: who may see the rows is as before."""
    sources = context.target(target).restore_from
    if source in sources:
        return sources[source]
    if source == target:
        return None
    nearest = get_close_matches(source, list(sources), n=1)
    hint = f" Did you mean {nearest[0]}?" if nearest else ""
    raise Refused(
        f"{target} takes no backups of {source}.",
        f"An operator allows it by [targets.{target}.restore_from.{source}] with masking = a file of SQL.{hint}",
    )


def _demand_name(name: str, live: str) -> None:
    if name == live:
        raise BadName(
            f"{name!r} is the live database itself, which a new name leaves as it is.",
            f"Use another name, as {name[:58]}_copy; or none, to put the backup in its place.",
        )
    if not _NAME.fullmatch(name) or name in _TAKEN or is_ours(name):
        raise BadName(
            f"{name!r} cannot be the new database's name.",
            "Use letters, digits, - and _, at most 63 of them, as in inventory_copy.",
        )
