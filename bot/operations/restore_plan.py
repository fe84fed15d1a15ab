"""What a restore would do, and what binds its approval."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.errors import Refused
from bot.models import Backup, Operation
from bot.operations.backups import Backups
from bot.operations.context import Context
from bot.operations.revisions import deployed_revisions
from bot.operations.storages import sources_of
from bot.postgres.connection import Server, server_of
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
from bot.runtime.stop import StopSignal
from bot.storage import fetch_text

_BINDING = (
    ("database", "the database's name"),
    ("system_identifier", "the server's system identifier"),
    ("database_oid", "the database itself (its oid)"),
    ("server_major", "the server's major version"),
    ("current_revision", "the database's revision"),
    ("services", "the services to be stopped"),
)


class RestorePlanner:
    def __init__(self, context: Context, backups: Backups) -> None:
        self._context = context
        self._backups = backups

    def body(self, operation: Operation, stop: StopSignal) -> dict[str, Any]:
        """What the restore would do, of now. Raises whatever blocks it."""
        context = self._context
        settings = context.target(operation.target)
        backup = self._backups.get(operation.target, str(operation.parameters["backup_id"]))
        self._demand_key(backup, stop)
        server = server_of(settings, context.environment)
        with server.connect() as connection:
            facts = server_facts(connection)
            database = database_facts(connection, server.database)
            revision = alembic_revision(
                connection, settings.migrations.version_table if settings.migrations else "alembic_version"
            )
            found = sessions(connection, server.database)
            _blockers(facts, server, backup, prepared_transactions(connection, server.database),
                      [slot for slot in replication_slots(connection, server.database)])  # fmt: skip
        policy = context.settings.policy_of(operation.target)
        return {
            "operation": operation.id,
            "kind": operation.kind,
            "target": operation.target,
            **_database(facts, database),
            "requester": {"id": operation.requester.id, "name": operation.requester.name},
            "reason": operation.reason,
            "backup": _backup(backup),
            "loses": {
                "since": backup.taken_at,
                "database_bytes": database.size,
                "sessions": [
                    {"application_name": item.application_name, "user": item.user, "count": item.count}
                    for item in found
                ],
            },
            "services": [service.name for service in settings.application.services],
            "safety_backup": True,
            "current_revision": revision,
            "heads": deployed_revisions(settings, stop).heads if settings.migrations else [],
            "keep_old_for": int(settings.keep_old_for.total_seconds()),
            "warnings": _warnings(backup, revision),
            "required_approvals": 1,
            "expires_in": int(policy.approval_expires.total_seconds()),
        }

    def _demand_key(self, backup: Backup, stop: StopSignal) -> None:
        """Raises KeyMissing where the backup is encrypted and cannot be opened here: its smallest object proves it."""
        if backup.manifest.recipients:
            fetch_text(sources_of(self._context, backup.target), backup, "globals", stop=stop)

    def moved(self, approved: Mapping[str, Any], fresh: Mapping[str, Any]) -> list[str]:
        return drift(approved, fresh)


def drift(approved: Mapping[str, Any], fresh: Mapping[str, Any]) -> list[str]:
    """What the approval was given for and is no longer so. What lives (sizes, sessions) may move."""
    moved = [
        f"{title}: {approved.get(key)} was approved, it is {fresh.get(key)} now"
        for key, title in _BINDING
        if approved.get(key) != fresh.get(key)
    ]
    if approved["backup"]["manifest_sha256"] != fresh["backup"]["manifest_sha256"]:
        moved.append("the backup: its manifest is not the one that was approved")
    return moved


def _database(facts: ServerFacts, database: DatabaseFacts) -> dict[str, Any]:
    return {
        "database": database.name,
        "database_oid": database.oid,
        "database_bytes": database.size,
        "system_identifier": facts.system_identifier,
        "server_version": facts.version,
        "server_major": facts.version_num // 10000,
    }


def _backup(backup: Backup) -> dict[str, Any]:
    return {
        "id": backup.id,
        "kind": backup.kind,
        "taken_at": backup.taken_at,
        "size": backup.size,
        "manifest_sha256": backup.manifest_sha256,
        "revision": backup.manifest.revision,
        "rows": backup.manifest.digest.rows,
        "server_version": backup.manifest.server_version,
        "location": backup.location,
    }


def _warnings(backup: Backup, revision: str | None) -> list[str]:
    if backup.manifest.revision != revision:
        return [
            f"The backup is at revision {backup.manifest.revision}, the database at {revision}: deploy the matching "
            "version of the application, or it may migrate the restored data when it starts."
        ]
    return []


def _blockers(facts: ServerFacts, server: Server, backup: Backup, prepared: int, slots: list[Any]) -> None:
    if facts.in_recovery:
        raise Refused(f"{server.database} is on a standby.", "Point the target at the primary.")
    if backup.manifest.server_version_num // 10000 > facts.version_num // 10000:
        raise Refused(
            f"The backup comes from PostgreSQL {backup.manifest.server_version}, newer than {facts.version} here.",
            "Restore it on a server of its own major version or newer.",
        )
    if prepared:
        raise Refused(
            f"{server.database} holds {prepared} prepared transaction(s), which would block the swap.",
            "Finish them: SELECT gid FROM pg_prepared_xacts; then COMMIT PREPARED or ROLLBACK PREPARED.",
        )
    if slots:
        names = ", ".join(str(slot.name) for slot in slots)
        raise Refused(
            f"Logical replication slots hang on {server.database}: {names}.",
            "Drop them first (pg_drop_replication_slot) and let the subscriber be set up anew afterwards.",
        )
