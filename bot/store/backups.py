"""The catalog: one row a backup, written when its manifest has been."""

from __future__ import annotations

import json
from datetime import datetime

from psycopg.types.json import Jsonb

from bot.models import Backup, BackupKind
from bot.storage.manifest import from_json, to_json
from bot.store.database import Connection, Row


def insert(connection: Connection, backup: Backup, now: datetime) -> None:
    """Recording a backup twice is recording it once."""
    connection.execute(
        """INSERT INTO backups (id, target, kind, operation_id, storage, location, taken_at, manifest_sha256, manifest,
                                recorded_at)
           VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT (id) DO NOTHING""",
        (
            backup.id,
            backup.target,
            backup.kind,
            backup.operation_id,
            backup.storage,
            backup.location,
            backup.taken_at,
            backup.manifest_sha256,
            Jsonb(json.loads(to_json(backup.manifest))),
            now,
        ),
    )


def get(connection: Connection, backup_id: str) -> Backup | None:
    row = connection.execute("SELECT * FROM backups WHERE id = %s", (backup_id,)).fetchone()
    return _backup(row) if row else None


def newest_first(connection: Connection, target: str, limit: int, offset: int = 0) -> list[Backup]:
    rows = connection.execute(
        "SELECT * FROM backups WHERE target = %s ORDER BY taken_at DESC, id DESC LIMIT %s OFFSET %s",
        (target, limit, offset),
    ).fetchall()
    return [_backup(row) for row in rows]


def note_verified(
    connection: Connection, backup_id: str, operation_id: str, now: datetime, restore_seconds: float
) -> None:
    """A drill has restored it and every digest was equal."""
    connection.execute(
        "UPDATE backups SET verified_at = %s, verified_by = %s, restore_seconds = %s WHERE id = %s",
        (now, operation_id, restore_seconds, backup_id),
    )


def _backup(row: Row) -> Backup:
    return Backup(
        id=row["id"],
        target=row["target"],
        kind=BackupKind(row["kind"]),
        operation_id=row["operation_id"],
        storage=row["storage"],
        location=row["location"],
        manifest_sha256=row["manifest_sha256"],
        manifest=from_json(json.dumps(row["manifest"]).encode()),
        verified_at=row["verified_at"],
    )
