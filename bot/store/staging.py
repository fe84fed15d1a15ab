"""To which operations folders in staging areas and tools in containers belong, by the name of their owner.

That is the operation itself, or a backup that it takes.
"""

from __future__ import annotations

from collections.abc import Collection

from bot.store.database import Connection


def note(connection: Connection, operation_id: str, backup_id: str) -> None:
    """This operation takes this backup, which has a folder on whichever host it runs on now."""
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


def begin(connection: Connection, operation_id: str) -> None:
    """At its first start: what runs in containers from now on is noted."""
    connection.execute(
        "UPDATE operations SET memory = memory || '{\"contained\": []}' WHERE id = %s AND NOT memory ? 'contained'",
        (operation_id,),
    )


def note_containers(connection: Connection, owner: str) -> None:
    """Tools of this owner run in containers."""
    connection.execute(
        """UPDATE operations
           SET memory = jsonb_set(
               memory, '{contained}', coalesce(memory->'contained', '[]') || to_jsonb(%(owner)s::text))
           WHERE (id = %(owner)s OR memory->'staged' ? %(owner)s)
             AND NOT coalesce(memory->'contained', '[]') ? %(owner)s""",
        {"owner": owner},
    )


def in_containers(connection: Connection, owner: str) -> bool | None:
    """Whether any did; None where no operation is known by this owner, or a version before noted none."""
    row = connection.execute(
        """SELECT bool_or(memory->'contained' ? %(owner)s) AS found FROM operations
           WHERE id = %(owner)s OR memory->'staged' ? %(owner)s""",
        {"owner": owner},
    ).fetchone()
    return row["found"] if row else None
