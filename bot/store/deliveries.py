"""Which of Slack's payloads have been heard."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.store.database import Connection

KEPT = timedelta(hours=6)
"""Slack takes a request's signature for five minutes, and delivers an envelope again within seconds."""

_FORGET = """
    DELETE FROM deliveries WHERE key IN (
        SELECT key FROM deliveries WHERE heard_at < %(before)s LIMIT 100 FOR UPDATE SKIP LOCKED)
"""


def first(connection: Connection, key: str, now: datetime) -> bool:
    """Whether this one was not heard before; whoever asks the same at once waits for the other's transaction."""
    connection.execute(_FORGET, {"before": now - KEPT})
    inserted = connection.execute(
        "INSERT INTO deliveries (key, heard_at) VALUES (%s, %s) ON CONFLICT DO NOTHING", (key, now)
    )
    return inserted.rowcount == 1
