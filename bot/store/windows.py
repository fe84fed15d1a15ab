"""Maintenance windows."""

from __future__ import annotations

from datetime import datetime

from bot.models import Actor, SubjectKind, Surface, Window, WindowState
from bot.store import messages
from bot.store.database import Connection, Row


def insert(connection: Connection, window: Window, now: datetime) -> None:
    connection.execute(
        """INSERT INTO windows (id, target, starts_at, ends_at, reason, state, announced_by_id, announced_by_name,
                                announced_by_surface, channel, created_at)
           VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)""",
        (
            window.id,
            window.target,
            window.starts_at,
            window.ends_at,
            window.reason,
            window.state,
            window.announced_by.id,
            window.announced_by.name,
            window.announced_by.surface,
            window.channel,
            now,
        ),
    )


def get(connection: Connection, window_id: str) -> Window | None:
    row = connection.execute("SELECT * FROM windows WHERE id = %s", (window_id,)).fetchone()
    return _window(row) if row else None


def to_come(connection: Connection, target: str | None = None) -> list[Window]:
    """Scheduled and open ones, by their start."""
    rows = connection.execute(
        """SELECT * FROM windows WHERE state IN ('scheduled', 'open')
             AND (%(target)s::text IS NULL OR target = %(target)s)
           ORDER BY starts_at, id""",
        {"target": target},
    ).fetchall()
    return [_window(row) for row in rows]


def transition(connection: Connection, window_id: str, before: tuple[WindowState, ...], after: WindowState) -> bool:
    """Compare-and-set of the state."""
    cursor = connection.execute(
        "UPDATE windows SET state = %s, version = version + 1 WHERE id = %s AND state = ANY(%s)",
        (after, window_id, list(before)),
    )
    if cursor.rowcount == 1:
        messages.touch(connection, (SubjectKind.WINDOW,), window_id, urgent=True)
    return cursor.rowcount == 1


def _window(row: Row) -> Window:
    return Window(
        id=row["id"],
        target=row["target"],
        starts_at=row["starts_at"],
        ends_at=row["ends_at"],
        reason=row["reason"],
        state=WindowState(row["state"]),
        announced_by=Actor(row["announced_by_id"], row["announced_by_name"], Surface(row["announced_by_surface"])),
        version=row["version"],
        channel=row["channel"],
    )
