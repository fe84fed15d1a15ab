"""Schedules: up to where their fires were heard, and who has paused them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.models import Pause, ScheduleName
from bot.store.actors import from_document, to_document
from bot.store.database import Connection, Row


@dataclass(frozen=True)
class Heard:
    """How far a schedule's fires have been dealt with."""

    target: str
    schedule: ScheduleName
    definition: str
    until: datetime
    held: datetime | None
    """the fire that waits for the end of a maintenance window"""


def heard(connection: Connection) -> dict[tuple[str, ScheduleName], Heard]:
    """Of every schedule that was ever seen."""
    found = [_heard(row) for row in connection.execute("SELECT * FROM schedule_fires").fetchall()]
    return {(each.target, each.schedule): each for each in found}


def lock(connection: Connection, target: str, schedule: ScheduleName) -> Heard | None:
    """Nobody else deals with its fires until the transaction ends."""
    row = connection.execute(
        "SELECT * FROM schedule_fires WHERE target = %s AND schedule = %s FOR UPDATE", (target, schedule)
    ).fetchone()
    return _heard(row) if row else None


def begin(connection: Connection, target: str, schedule: ScheduleName, definition: str, now: datetime) -> None:
    """From now on its fires count: it is new, or was defined anew."""
    connection.execute(
        """INSERT INTO schedule_fires (target, schedule, definition, heard_until) VALUES (%s, %s, %s, %s)
           ON CONFLICT (target, schedule) DO UPDATE SET definition = EXCLUDED.definition,
             heard_until = EXCLUDED.heard_until, held = NULL
             WHERE schedule_fires.definition <> EXCLUDED.definition""",
        (target, schedule, definition, now),
    )


def hear(connection: Connection, target: str, schedule: ScheduleName, until: datetime) -> None:
    """Every fire up to here is dealt with."""
    connection.execute(
        """UPDATE schedule_fires SET heard_until = greatest(heard_until, %s), held = NULL
           WHERE target = %s AND schedule = %s""",
        (until, target, schedule),
    )


def hold(connection: Connection, target: str, schedule: ScheduleName, fire: datetime) -> bool:
    """False when one is held already."""
    cursor = connection.execute(
        "UPDATE schedule_fires SET held = %s WHERE target = %s AND schedule = %s AND held IS NULL",
        (fire, target, schedule),
    )
    return cursor.rowcount == 1


def pause(connection: Connection, pause: Pause) -> bool:
    """False when it is paused already."""
    cursor = connection.execute(
        """INSERT INTO schedule_pauses (target, schedule, reason, paused_by, paused_at) VALUES (%s, %s, %s, %s, %s)
           ON CONFLICT (target, schedule) DO NOTHING""",
        (pause.target, pause.schedule, pause.reason, to_document(pause.paused_by), pause.paused_at),
    )
    return cursor.rowcount == 1


def resume(connection: Connection, target: str, schedule: ScheduleName) -> bool:
    """False when it was not paused."""
    cursor = connection.execute("DELETE FROM schedule_pauses WHERE target = %s AND schedule = %s", (target, schedule))
    return cursor.rowcount == 1


def pauses(connection: Connection, target: str | None = None) -> list[Pause]:
    rows = connection.execute(
        """SELECT * FROM schedule_pauses WHERE %(target)s::text IS NULL OR target = %(target)s
           ORDER BY target, schedule""",
        {"target": target},
    ).fetchall()
    return [_pause(row) for row in rows]


def pause_of(connection: Connection, target: str, schedule: ScheduleName) -> Pause | None:
    return next((pause for pause in pauses(connection, target) if pause.schedule is schedule), None)


def _heard(row: Row) -> Heard:
    return Heard(row["target"], ScheduleName(row["schedule"]), row["definition"], row["heard_until"], row["held"])


def _pause(row: Row) -> Pause:
    return Pause(
        row["target"],
        ScheduleName(row["schedule"]),
        row["reason"],
        from_document(row["paused_by"]),
        row["paused_at"],
    )
