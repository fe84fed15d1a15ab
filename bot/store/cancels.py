"""Calling off an operation, as its worker hears of it."""

from __future__ import annotations

from dataclasses import asdict

from psycopg.types.json import Jsonb

from bot.models import Actor
from bot.store import messages
from bot.store.database import Connection
from bot.store.operations import VISIBLE, actor_of


def ask_to_cancel(connection: Connection, operation_id: str, actor: Actor) -> None:
    """Tell its worker; the first who asks is remembered."""
    connection.execute(
        """UPDATE operations SET cancel_asked_by = coalesce(cancel_asked_by, %s), version = version + 1
           WHERE id = %s""",
        (Jsonb(asdict(actor)), operation_id),
    )
    messages.touch(connection, VISIBLE, operation_id, urgent=True)


def cancel_asked_by(connection: Connection, operation_id: str) -> Actor | None:
    row = connection.execute("SELECT cancel_asked_by FROM operations WHERE id = %s", (operation_id,)).fetchone()
    return actor_of(row["cancel_asked_by"]) if row else None
