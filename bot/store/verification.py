"""Which backups a drill has proved."""

from __future__ import annotations

from datetime import datetime

from bot.store.database import Connection


def note_verified(
    connection: Connection, backup_id: str, operation_id: str, now: datetime, restore_seconds: float
) -> None:
    """The drill has restored it, and every digest was equal."""
    connection.execute(
        "UPDATE backups SET verified_at = %s, verified_by = %s, restore_seconds = %s WHERE id = %s",
        (now, operation_id, restore_seconds, backup_id),
    )
