"""Backups that are in storage and in the catalog without a dump having been made, for tests of what becomes of many."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from bot.ids import new_id
from bot.models import Backup, BackupKind, StoredObject
from bot.operations.backup_engine import BackupEngine
from bot.operations.context import Context
from bot.store import backups
from tests.unit.handlers import samples

CONTENT = b"rows"


def store_backup(
    context: Context,
    target: str,
    taken_at: datetime,
    *,
    verified: bool = False,
    kind: BackupKind = BackupKind.SCHEDULED,
    operation_id: str | None = None,
) -> Backup:
    """One small object and its manifest, where the target's backups are kept; recorded in the catalog."""
    backup_id = new_id(taken_at, context.chance)
    storage = BackupEngine(context).storage_of(target)
    with storage.writer(target, backup_id, "database.toc.dat.zst") as writer:
        writer.write(CONTENT)
        written = writer.complete()
    item = StoredObject("database.toc.dat.zst", written.size, written.sha256, "dump", written.size)
    manifest = replace(
        samples.backup().manifest,
        backup_id=backup_id,
        target=target,
        kind=kind,
        started_at=taken_at,
        finished_at=taken_at + timedelta(seconds=7),
        objects=(item,),
    )
    backup = samples.backup(
        id=backup_id,
        target=target,
        kind=kind,
        operation_id=operation_id,
        storage=context.target(target).storage[0],
        location=storage.location(target, backup_id),
        manifest_sha256=storage.put_manifest(manifest),
        manifest=manifest,
    )
    with context.database.transaction() as connection:
        backups.insert(connection, backup, context.now())
        if verified:
            backups.note_verified(connection, backup_id, "a drill", context.now(), 3.5)
    return backup
