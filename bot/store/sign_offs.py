"""What was done at the shell without approval, and who has signed it off. Noted in the operation's result."""

from __future__ import annotations

from datetime import datetime

from psycopg.types.json import Jsonb

from bot.models import Actor, Operation, SubjectKind
from bot.store import messages
from bot.store.database import Connection
from bot.store.operations import operation_of


def sign(connection: Connection, operation_id: str, actor: Actor, now: datetime) -> bool:
    """False when somebody else was first."""
    signed = {"id": actor.id, "name": actor.name, "surface": actor.surface, "at": now.isoformat()}
    cursor = connection.execute(
        """UPDATE operations SET result = result || jsonb_build_object('signed_off', %s::jsonb), version = version + 1
           WHERE id = %s AND NOT result ? 'signed_off'""",
        (Jsonb(signed), operation_id),
    )
    if cursor.rowcount == 1:
        messages.touch(connection, (SubjectKind.OPERATION,), operation_id, urgent=True)
    return cursor.rowcount == 1


def unsigned(connection: Connection) -> list[Operation]:
    """Oldest first, without their steps; see `Operation.broke_glass`."""
    rows = connection.execute(
        """SELECT * FROM operations WHERE requester_surface = 'cli' AND plan_hash IS NOT NULL
             AND started_at IS NOT NULL AND NOT result ? 'signed_off' ORDER BY started_at, id"""
    ).fetchall()
    return [operation_of(row) for row in rows]
