"""Pins: backups that people keep, whatever retention says."""

from __future__ import annotations

from collections.abc import Collection

from bot.models import Pin
from bot.store.actors import from_document, to_document
from bot.store.database import Connection, Row


def insert(connection: Connection, pin: Pin) -> bool:
    """False when the backup has a pin already."""
    cursor = connection.execute(
        """INSERT INTO pins (backup_id, reason, pinned_by, pinned_at) VALUES (%s, %s, %s, %s)
           ON CONFLICT (backup_id) DO NOTHING""",
        (pin.backup_id, pin.reason, to_document(pin.pinned_by), pin.pinned_at),
    )
    return cursor.rowcount == 1


def delete(connection: Connection, backup_id: str) -> bool:
    """False when there was none."""
    return connection.execute("DELETE FROM pins WHERE backup_id = %s", (backup_id,)).rowcount == 1


def get(connection: Connection, backup_id: str) -> Pin | None:
    return of(connection, [backup_id]).get(backup_id)


def of(connection: Connection, backup_ids: Collection[str]) -> dict[str, Pin]:
    """The pins of these backups, by backup."""
    rows = connection.execute("SELECT * FROM pins WHERE backup_id = ANY(%s)", (list(backup_ids),)).fetchall()
    return {row["backup_id"]: _pin(row) for row in rows}


def _pin(row: Row) -> Pin:
    return Pin(row["backup_id"], row["reason"], from_document(row["pinned_by"]), row["pinned_at"])
