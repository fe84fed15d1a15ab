"""The catalog: one row a backup, written when its manifest has been. Reads leave out what retention has removed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from psycopg.types.json import Jsonb

from bot.models import Backup, BackupKind
from bot.storage.manifest import from_value, to_json
from bot.store.database import Connection, Row, one

_UNDER_WAY = ("planning", "awaiting_approval", "queued", "running")


@dataclass(frozen=True)
class Listed:
    """A catalog entry without its manifest, and what ties retention's hands."""

    id: str
    storage: str
    kind: BackupKind
    taken_at: datetime
    verified: bool
    pinned: str
    """the pin's reason; empty where there is none"""
    needed_by: str
    """the operation under way that wants it; empty where none does"""
    protects: str
    """the database set aside that it stands for as a safety backup, while that is there"""


@dataclass(frozen=True)
class Removed:
    """A backup that retention took out of the catalog."""

    id: str
    target: str
    storage: str
    removed_at: datetime
    why: str


def insert(connection: Connection, backup: Backup, now: datetime) -> bool:
    """Recording a backup twice is recording it once. False when it was there already."""
    cursor = connection.execute(
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
    return cursor.rowcount == 1


def get(connection: Connection, backup_id: str) -> Backup | None:
    row = connection.execute("SELECT * FROM backups WHERE id = %s AND removed_at IS NULL", (backup_id,)).fetchone()
    return _backup(row) if row else None


def newest_first(connection: Connection, target: str | None, limit: int, offset: int = 0) -> list[Backup]:
    """Of one target, or of all."""
    rows = connection.execute(
        """SELECT * FROM backups WHERE removed_at IS NULL AND (%(target)s::text IS NULL OR target = %(target)s)
           ORDER BY taken_at DESC, id DESC LIMIT %(limit)s OFFSET %(offset)s""",
        {"target": target, "limit": limit, "offset": offset},
    ).fetchall()
    return [_backup(row) for row in rows]


def latest(connection: Connection, target: str, until: datetime | None = None) -> Backup | None:
    """The newest (of those taken `until` then) that was asked for or scheduled.

    A safety backup is of the state that somebody wanted to leave.
    """
    row = connection.execute(
        """SELECT * FROM backups WHERE removed_at IS NULL AND target = %(target)s AND kind <> 'safety'
             AND (%(until)s::timestamptz IS NULL OR taken_at <= %(until)s)
           ORDER BY taken_at DESC, id DESC LIMIT 1""",
        {"target": target, "until": until},
    ).fetchone()
    return _backup(row) if row else None


def count(connection: Connection, target: str | None) -> int:
    query = """SELECT count(*) AS n FROM backups
               WHERE removed_at IS NULL AND (%(target)s::text IS NULL OR target = %(target)s)"""
    return int(one(connection.execute(query, {"target": target}))["n"])


def listed(connection: Connection, target: str) -> list[Listed]:
    """All of a target's, by age, oldest first.

    A safety backup protects the database that its restore set aside; after undos, the one that the last of them did.
    """
    rows = connection.execute(
        """SELECT b.id, b.storage, b.kind, b.taken_at, b.verified_at IS NOT NULL AS verified,
                  coalesce(p.reason, '') AS pinned, coalesce(wanted.by, '') AS needed_by,
                  coalesce(aside.database, '') AS protects
           FROM backups b
           LEFT JOIN pins p ON p.backup_id = b.id
           LEFT JOIN LATERAL (SELECT kind || ' ' || id AS by FROM operations
                              WHERE state = ANY(%(under_way)s)
                                AND (parameters->>'backup_id' = b.id OR memory->>'backup_id' = b.id)
                              LIMIT 1) wanted ON true
           LEFT JOIN LATERAL (WITH RECURSIVE swaps AS (
                                  SELECT result FROM operations WHERE id = b.operation_id AND kind = 'restore'
                                  UNION
                                  SELECT o.result FROM operations o JOIN swaps s ON o.id = s.result->>'undone_by')
                              SELECT result->>'aside_database' AS database FROM swaps
                              WHERE NOT result ? 'undone_by' AND NOT result ? 'aside_removed_at')
             aside ON b.kind = 'safety'
           WHERE b.target = %(target)s AND b.removed_at IS NULL ORDER BY b.taken_at, b.id""",
        {"target": target, "under_way": list(_UNDER_WAY)},
    ).fetchall()
    return [Listed(**{**row, "kind": BackupKind(row["kind"])}) for row in rows]


def lock(connection: Connection, backup_id: str) -> Backup | None:
    """Until the transaction ends nobody else pins or removes it. None where it is not in the catalog."""
    connection.execute("SELECT FROM backups WHERE id = %s FOR UPDATE", (backup_id,))
    return get(connection, backup_id)


def begin_removal(connection: Connection, backup_id: str, why: str, now: datetime) -> bool:
    """Take a locked backup out of the catalog. False when somebody has pinned it or wants it meanwhile."""
    cursor = connection.execute(
        """UPDATE backups SET removed_at = %(now)s, removed_why = %(why)s
           WHERE id = %(id)s AND removed_at IS NULL AND NOT EXISTS (SELECT FROM pins WHERE backup_id = %(id)s)
             AND NOT EXISTS (SELECT FROM operations WHERE state = ANY(%(under_way)s)
                             AND (parameters->>'backup_id' = %(id)s OR memory->>'backup_id' = %(id)s))""",
        {"id": backup_id, "why": why, "now": now, "under_way": list(_UNDER_WAY)},
    )
    return cursor.rowcount == 1


def purged(connection: Connection, backup_id: str, now: datetime) -> None:
    """Storage is rid of it."""
    connection.execute("UPDATE backups SET purged_at = %s WHERE id = %s", (now, backup_id))


def to_purge(connection: Connection, target: str) -> list[Removed]:
    """Removed from the catalog, but perhaps not from storage yet."""
    rows = connection.execute(
        """SELECT * FROM backups WHERE target = %s AND removed_at IS NOT NULL AND purged_at IS NULL
           ORDER BY removed_at, id""",
        (target,),
    ).fetchall()
    return [_removed(row) for row in rows]


def removal(connection: Connection, backup_id: str) -> Removed | None:
    """What became of a backup that is not in the catalog any more."""
    row = connection.execute("SELECT * FROM backups WHERE id = %s AND removed_at IS NOT NULL", (backup_id,)).fetchone()
    return _removed(row) if row else None


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
        manifest=from_value(row["manifest"]),
        verified_at=row["verified_at"],
        verified_by=row["verified_by"],
        restore_seconds=row["restore_seconds"],
    )


def _removed(row: Row) -> Removed:
    return Removed(row["id"], row["target"], row["storage"], row["removed_at"], row["removed_why"])
