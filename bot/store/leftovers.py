"""Backups that were broken off and could not be removed yet, because their storage was away."""

from __future__ import annotations

from bot.models import Operation
from bot.store import messages, operations
from bot.store.database import Connection

KEY = "unsettled"
"""in an operation's memory: the backup's id"""

UNCLEANED = "uncleaned"
"""in an operation's memory: it could not be cleaned up after it, as while its server is away"""


def of_target(connection: Connection, target: str) -> list[tuple[Operation, str]]:
    """Operations that have ended, each with the backup that it left."""
    rows = connection.execute(
        "SELECT id, memory->>'unsettled' AS backup_id FROM operations"
        " WHERE target = %s AND memory->>'unsettled' IS NOT NULL AND finished_at IS NOT NULL ORDER BY id",
        (target,),
    ).fetchall()
    found = [(operations.get(connection, row["id"]), str(row["backup_id"])) for row in rows]
    return [(operation, backup_id) for operation, backup_id in found if operation is not None]


def settled(connection: Connection, operation_id: str) -> None:
    connection.execute("UPDATE operations SET memory = memory - 'unsettled' WHERE id = %s", (operation_id,))


def uncleaned(connection: Connection, target: str) -> list[Operation]:
    rows = connection.execute(
        "SELECT id FROM operations"
        " WHERE target = %s AND memory->>'uncleaned' IS NOT NULL AND finished_at IS NOT NULL AND state <> 'done'"
        " ORDER BY id",
        (target,),
    ).fetchall()
    found = [operations.get(connection, row["id"]) for row in rows]
    return [operation for operation in found if operation is not None]


def cleaned(connection: Connection, operation_id: str, left: str) -> None:
    """`left` is how everything is now, instead of what the operation said before."""
    connection.execute(
        """UPDATE operations SET memory = memory - 'uncleaned', version = version + 1,
               failure = jsonb_set(failure, '{left_as_it_was}', to_jsonb(%s::text)) WHERE id = %s""",
        (left, operation_id),
    )
    messages.touch(connection, operations.VISIBLE, operation_id, urgent=True)
