"""What the plans of a restore and of an undo share: both put another database in the place of the live one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from psycopg import Connection

from bot.errors import Refused
from bot.models import Operation
from bot.operations.context import Context
from bot.postgres.connection import Server
from bot.postgres.dependents import dependents, enabled_subscriptions
from bot.postgres.facts import (
    DatabaseFacts,
    ServerFacts,
    alembic_revision,
    database_facts,
    prepared_transactions,
    replication_slots,
    server_facts,
    sessions,
)
from bot.settings import TargetSettings

_NAMED = 10
_BINDING = (
    ("database", "the database's name"),
    ("system_identifier", "the server's system identifier"),
    ("database_oid", "the database itself (its oid)"),
    ("server_major", "the server's major version"),
    ("current_revision", "the database's revision"),
    ("services", "the services to be stopped"),
)


def swap_body(
    context: Context,
    operation: Operation,
    connection: Connection,
    server: Server,
    lost_since: datetime,
    *,
    replaces: bool = True,
) -> dict[str, Any]:
    """The live database, what is lost or interrupted, what is asked. Raises Refused for what blocks the swap.

    Unless it `replaces` the live database, nothing is lost, stopped or kept aside, and nothing blocks it.
    """
    settings = context.target(operation.target)
    policy = context.settings.policy_of(operation.target)
    facts = server_facts(connection)
    database = database_facts(connection, server.database)
    warnings = []
    if replaces:
        _refuse_blockers(connection, facts, server.database)
        warnings = _dependents(connection, server, allowed=settings.foreign_dependents == "allow")
    return {
        "operation": operation.id,
        "kind": operation.kind,
        "target": operation.target,
        **_database(facts, database),
        "requester": {"id": operation.requester.id, "name": operation.requester.name},
        "reason": operation.reason,
        **(_given_up(settings, connection, database, lost_since) if replaces else {}),
        "services": [service.name for service in settings.application.services] if replaces else [],
        "current_revision": alembic_revision(connection, settings.version_table),
        "required_approvals": policy.required_approvals,
        "expires_in": int(policy.approval_expires.total_seconds()),
        "warnings": warnings,
    }


def _given_up(
    settings: TargetSettings, connection: Connection, database: DatabaseFacts, lost_since: datetime
) -> dict[str, Any]:
    """What a swap takes away, and how long the former database stays."""
    return {
        "loses": {
            "since": lost_since,
            "database_bytes": database.size,
            "sessions": _sessions(connection, database.name),
        },
        "keep_old_for": int(settings.keep_old_for.total_seconds()),
    }


def _sessions(connection: Connection, database: str) -> list[dict[str, Any]]:
    return [
        {"application_name": item.application_name, "user": item.user, "count": item.count}
        for item in sessions(connection, database)
    ]


def moved_in_common(approved: Mapping[str, Any], fresh: Mapping[str, Any]) -> list[str]:
    """What the approval was given for and is no longer so. What lives (sizes, sessions) may move."""
    return [
        f"{title}: {approved.get(key)} was approved, it is {fresh.get(key)} now"
        for key, title in _BINDING
        if approved.get(key) != fresh.get(key)
    ]


def _database(facts: ServerFacts, database: DatabaseFacts) -> dict[str, Any]:
    return {
        "database": database.name,
        "database_oid": database.oid,
        "database_bytes": database.size,
        "system_identifier": facts.system_identifier,
        "server_version": facts.version,
        "server_major": facts.version_num // 10000,
    }


def _refuse_blockers(connection: Connection, facts: ServerFacts, database: str) -> None:
    if facts.in_recovery:
        raise Refused(f"{database} is on a standby.", "Point the target at the primary.")
    prepared = prepared_transactions(connection, database)
    if prepared:
        raise Refused(
            f"{database} holds {prepared} prepared transaction(s), which would block the swap.",
            "Finish them: SELECT gid FROM pg_prepared_xacts; then COMMIT PREPARED or ROLLBACK PREPARED.",
        )
    slots = replication_slots(connection, database)
    if slots:
        names = ", ".join(str(slot.name) for slot in slots)
        raise Refused(
            f"Logical replication slots hang on {database}: {names}.",
            "Drop them first (pg_drop_replication_slot) and let the subscriber be set up anew afterwards.",
        )
    subscriptions = enabled_subscriptions(connection, database)
    if subscriptions:
        raise Refused(
            f"{database} subscribes by logical replication: {', '.join(subscriptions)}. What arrives would go on into "
            "the database that is set aside.",
            "Disable it first (ALTER SUBSCRIPTION … DISABLE) and set it up anew afterwards.",
        )


def _dependents(connection: Connection, server: Server, *, allowed: bool) -> list[str]:
    """What to mind. Raises Refused for foreign servers that lead to the database, unless they are allowed."""
    found = dependents(connection, server, server.database)
    links = ", ".join(found.foreign_servers[:_NAMED])
    if links and not allowed:
        raise Refused(
            f"Other databases read {server.database} through foreign servers, and would see other data: {links}.",
            'Drop or repoint them, or set foreign_dependents = "allow" for this target.',
        )
    warnings = [f"Foreign servers of other databases lead here and will see the other data: {links}."] if links else []
    if found.perhaps:
        perhaps = ", ".join(found.perhaps[:_NAMED])
        warnings.append(f"Whether these foreign servers of other databases lead here could not be told: {perhaps}.")
    if found.unseen:
        unseen = ", ".join(found.unseen[:_NAMED])
        warnings.append(f"Whether these databases read this one through foreign servers could not be seen: {unseen}.")
    return warnings
