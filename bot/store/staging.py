"""Whose the folders in staging areas are."""

from __future__ import annotations

from collections.abc import Collection

from bot.store.database import Connection


def note(connection: Connection, operation_id: str, backup_id: str) -> None:
    """This operation makes a folder for this backup, on whichever host it runs now."""
    connection.execute(
        """UPDATE operations
           SET memory = jsonb_set(memory, '{staged}', coalesce(memory->'staged', '[]') || to_jsonb(%s::text))
           WHERE id = %s""",
        (backup_id, operation_id),
    )


def ended(connection: Connection, owners: Collection[str]) -> dict[str, bool]:
    """Of operations and backups that are known: whether the operation has ended."""
    wanted = list(owners)
    rows = connection.execute(
        """SELECT id, memory->'staged' AS staged, finished_at IS NOT NULL AS ended FROM operations
           WHERE id = ANY(%s) OR memory->'staged' ?| %s""",
        (wanted, wanted),
    ).fetchall()
    found: dict[str, bool] = {}
    for row in rows:
        for owner in (row["id"], *(row["staged"] or ())):
            found[owner] = bool(row["ended"]) and found.get(owner, True)
    return found
