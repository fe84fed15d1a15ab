"""The backup operation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.models import Backup, BackupKind, Operation
from bot.operations.backup_engine import BackupEngine, BackupOrder
from bot.operations.context import Context
from bot.operations.copies import COPY_STEP, copy_to_others, said_of
from bot.operations.journal import Journal
from bot.operations.leftovers import Settled, record, settle, settle_or_later
from bot.runtime.stop import StopSignal

STEPS = (("dump", "Dump, digest and upload"), ("commit", "Record in the catalog"))


class BackupJob:
    locks_target = True
    threaded = False
    attempts = 3
    patience = 0.0

    def __init__(self, context: Context, engine: BackupEngine) -> None:
        self._context = context
        self._engine = engine

    def run(self, operation: Operation, journal: Journal, stop: StopSignal) -> Mapping[str, Any]:
        has_copies = len(self._context.target(operation.target).storage) > 1
        journal.plan((*STEPS, COPY_STEP) if has_copies else STEPS)
        committed = self._settle(operation, journal).backup
        if committed is not None:
            journal.found_done("dump", committed.location)
            journal.found_done("commit", "")
            return {**result_of(committed), **self._copied(operation.target, journal, stop)}
        order = BackupOrder(
            backup_id=self._context.new_id(),
            target=operation.target,
            kind=BackupKind(operation.parameters.get("kind", BackupKind.ON_DEMAND)),
            operation_id=operation.id,
            note=str(operation.parameters.get("note", "")),
            with_script=operation.parameters.get("format") == "plain",
        )
        journal.remember(backup_id=order.backup_id)
        with journal.step("dump") as notes:
            backup = self._engine.take(order, stop, journal.progress)
            notes.detail = backup.location
        with journal.step("commit"):
            record(self._context, backup)
        return {**result_of(backup), **self._copied(operation.target, journal, stop)}

    def clean_up(self, operation: Operation, journal: Journal) -> str:
        backup_id = journal.memory.get("backup_id")
        settled = (
            settle_or_later(self._context, self._engine, operation, journal, str(backup_id)) if backup_id else Settled()
        )
        if settled.backup is not None:
            return f"Backup {settled.backup.id} itself is whole and in the catalog. The database was only read."
        if settled.left:
            return f"No backup was recorded. {settled.left} The database was only read."
        return "No backup was recorded and storage was cleaned. The database was only read."

    def _copied(self, target: str, journal: Journal, stop: StopSignal) -> dict[str, Any]:
        if len(self._context.target(target).storage) == 1:
            return {}
        with journal.step(COPY_STEP[0]) as notes:
            copies = copy_to_others(self._context, target, stop)
            notes.detail = said_of(copies)
        return {"copies": copies}

    def _settle(self, operation: Operation, journal: Journal) -> Settled:
        """What an earlier attempt left: recorded where its manifest was written, removed where not."""
        backup_id = journal.memory.get("backup_id")
        if backup_id is None:
            return Settled()
        return settle(self._context, self._engine, operation, str(backup_id))


def script_location(backup: Backup) -> str | None:
    """Where its SQL script lies, if it has one."""
    script = next((item.name for item in backup.manifest.objects if item.role == "script"), None)
    return f"{backup.location}{script}" if script else None


def result_of(backup: Backup) -> dict[str, Any]:
    """What a finished backup has to say."""
    manifest = backup.manifest
    duration = backup.duration
    return {
        "backup_id": backup.id,
        "size": backup.size,
        "dump_bytes": manifest.dump_bytes,
        "database_bytes": manifest.database_bytes,
        "duration": duration,
        "rate": manifest.dump_bytes / duration if duration > 0 else None,
        "location": backup.location,
        "script": script_location(backup),
        "revision": manifest.revision,
        "rows": manifest.digest.rows,
        "tables": len(manifest.digest.tables),
        "manifest_sha256": backup.manifest_sha256,
    }
