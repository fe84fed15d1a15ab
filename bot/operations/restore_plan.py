"""What a restore would do, and what binds its approval."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.errors import Refused
from bot.models import Backup, Downtime, Operation
from bot.operations.backups import Backups
from bot.operations.consequences import differences, lost_rows, migrations_outlook, moved_migrations
from bot.operations.context import Context
from bot.operations.disk_room import room_for
from bot.operations.images import changed_images, current_images
from bot.operations.origin import (
    demand_free_name,
    lost,
    masks,
    moved_in_origin,
    new_name_of,
    origin_body,
    placed_backup,
    source_of,
)
from bot.operations.storages import sources_of
from bot.operations.swap_plan import moved_in_common, swap_body
from bot.operations.tooling import choose_tools
from bot.postgres.closed import demand_own_role
from bot.postgres.connection import server_of
from bot.postgres.facts import ServerFacts, database_facts, server_facts
from bot.postgres.needs import demand, needs_of_database
from bot.postgres.side import side_schema_name
from bot.runtime.stop import StopSignal
from bot.storage import fetch_text
from bot.store import asides


class RestorePlanner:
    def __init__(self, context: Context, backups: Backups) -> None:
        self._context = context
        self._backups = backups

    def body(self, operation: Operation, stop: StopSignal) -> dict[str, Any]:
        """What the restore would do, of now. Raises whatever blocks it."""
        context = self._context
        settings = context.target(operation.target)
        backup = self._backups.get(source_of(operation), str(operation.parameters["backup_id"]))
        origin = origin_body(context, operation)
        self._demand_key(backup, stop)
        server = server_of(settings, context.environment)
        with server.connect() as connection:
            _refuse_newer(server_facts(connection), backup)
            backup = placed_backup(operation, backup, database_facts(connection, server.database))
            if masks(context, operation):
                demand_own_role(connection, backup.manifest.properties["owner"])
            demand(connection, needs_of_database(backup.manifest.properties))
            only, new_name = operation.parameters.get("only"), new_name_of(operation)
            disk = None if only else room_for(context, operation, connection, server, backup.manifest, stop)
            replaces = not only and new_name is None
            common = swap_body(context, operation, connection, server, backup.taken_at, replaces=replaces)
            common |= {**origin, "backup": _backup(backup)}
            if settings.docker is not None:
                common["tools"] = str(choose_tools(settings, context.settings.staging, server_facts(connection).major))
            if only:
                return common | {"side": _side(operation, backup)}
            if new_name is not None:
                demand_free_name(connection, new_name)
                return common | {"new_database": new_name, "disk": disk}
            common["loses"] = lost(operation, common["loses"], lambda: lost_rows(connection, backup))
            differing = differences(connection, backup, server.database)
        migrations, to_mind = migrations_outlook(settings, backup, common["current_revision"], stop)
        return common | {
            "safety_backup": True,
            "disk": disk,
            "last_time": self._last_time(operation),
            "downtime": operation.parameters.get("downtime", Downtime.NOW),
            **migrations,
            "differences": differing,
            "other_images": changed_images(backup.manifest.images, current_images(context, operation.target)),
            "warnings": [*common["warnings"], *to_mind],
        }

    def _last_time(self, operation: Operation) -> dict[str, Any] | None:
        """What the last restore of this target took, in seconds; None before the first."""
        downtime = operation.parameters.get("downtime", Downtime.NOW)
        with self._context.database.transaction() as connection:
            last = asides.last_restore(connection, operation.target, downtime)
        if last is None:
            return None
        downtime_seconds = round(last.result["downtime_seconds"], 1)
        return {"operation": last.id, "seconds": round(last.duration or 0, 1), "downtime_seconds": downtime_seconds}

    def _demand_key(self, backup: Backup, stop: StopSignal) -> None:
        """Raises KeyMissing where the backup is encrypted and cannot be opened here: its smallest object proves it."""
        if backup.manifest.recipients:
            fetch_text(sources_of(self._context, backup.target), backup, "globals", stop=stop)

    def moved(self, approved: Mapping[str, Any], fresh: Mapping[str, Any]) -> list[str]:
        moved = moved_in_common(approved, fresh)
        if moved_migrations(approved, fresh):
            moved.append("the migrations that the deployed application would run on the restored data")
        if approved["backup"]["manifest_sha256"] != fresh["backup"]["manifest_sha256"]:
            moved.append("the backup: its manifest is not the one that was approved")
        return moved + moved_in_origin(approved, fresh)


def _side(operation: Operation, backup: Backup) -> dict[str, Any]:
    rows = {table.table: table.rows for table in backup.manifest.digest.tables}
    return {
        "schema": side_schema_name(operation.id),
        "tables": {name: rows[name] for name in operation.parameters["only"]},
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


def _refuse_newer(facts: ServerFacts, backup: Backup) -> None:
    if backup.manifest.server_version_num // 10000 > facts.version_num // 10000:
        raise Refused(
            f"The backup comes from PostgreSQL {backup.manifest.server_version}, newer than {facts.version} here.",
            "Restore it on a server of its own major version or newer.",
        )
