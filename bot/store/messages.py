"""The messages that are wanted in Slack. A message is a drawing of state and can always be drawn again."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from bot.models import Drawing, SubjectKind
from bot.store.database import Connection, Row, one

PACE = timedelta(seconds=5)
"""Between two edits of one message, unless its subject reached a state that people wait for."""


def want(
    connection: Connection,
    subject: SubjectKind,
    subject_id: str,
    channel: str,
    now: datetime,
    *,
    detail: str = "",
    thread_of: int | None = None,
) -> int:
    """Ask for a message; asking twice is asking once. Returns its id."""
    row = one(
        connection.execute(
            """INSERT INTO messages (subject, subject_id, detail, channel, thread_of, not_before)
           VALUES (%s, %s, %s, %s, %s, %s)
           ON CONFLICT (subject, subject_id, detail, channel)
             DO UPDATE SET wanted_version = messages.wanted_version + 1
           RETURNING id""",
            (subject, subject_id, detail, channel, thread_of, now),
        )
    )
    return int(row["id"])


def touch(
    connection: Connection,
    subjects: Collection[SubjectKind],
    subject_id: str,
    *,
    detail: str | None = None,
    urgent: bool = False,
) -> None:
    """The subject has changed: its messages are to be drawn again."""
    connection.execute(
        """UPDATE messages SET wanted_version = wanted_version + 1, urgent = urgent OR %(urgent)s
           WHERE subject = ANY(%(subjects)s) AND subject_id = %(id)s
             AND (%(detail)s::text IS NULL OR detail = %(detail)s)""",
        {"subjects": list(subjects), "id": subject_id, "detail": detail, "urgent": urgent},
    )


def headline(connection: Connection, subject: SubjectKind, subject_id: str) -> Drawing | None:
    """The first message of a subject: threads hang below it."""
    row = connection.execute(
        "SELECT *, NULL AS thread_ts FROM messages WHERE subject = %s AND subject_id = %s ORDER BY id LIMIT 1",
        (subject, subject_id),
    ).fetchone()
    return _drawing(row) if row else None


def due(connection: Connection, now: datetime, limit: int) -> list[Drawing]:
    """What is to be drawn now, oldest first; a thread only once its parent stands."""
    rows = connection.execute(
        """SELECT m.*, parent.ts AS thread_ts FROM messages m LEFT JOIN messages parent ON parent.id = m.thread_of
           WHERE m.wanted_version > m.drawn_version AND m.not_before <= %(now)s
             AND (m.thread_of IS NULL OR parent.ts IS NOT NULL)
             AND (m.ts IS NULL OR m.urgent OR m.drawn_at <= %(paced)s)
           ORDER BY m.id LIMIT %(limit)s""",
        {"now": now, "paced": now - PACE, "limit": limit},
    ).fetchall()
    return [_drawing(row) for row in rows]


def drawn(connection: Connection, drawing_id: int, ts: str, version: int, now: datetime) -> None:
    """`version` of the subject stands at `ts` now."""
    connection.execute(
        """UPDATE messages SET ts = %(ts)s, drawn_version = greatest(drawn_version, %(version)s), drawn_at = %(now)s,
             urgent = urgent AND wanted_version > %(version)s, problem = ''
           WHERE id = %(id)s""",
        {"id": drawing_id, "ts": ts, "version": version, "now": now},
    )


def postpone(connection: Connection, drawing_id: int, problem: str, until: datetime) -> None:
    connection.execute(
        "UPDATE messages SET problem = %s, not_before = %s WHERE id = %s", (problem[:500], until, drawing_id)
    )


def stands(connection: Connection, channel: str, ts: str, subject_id: str) -> bool:
    row = connection.execute(
        "SELECT FROM messages WHERE subject_id = %s AND channel = %s AND ts = %s", (subject_id, channel, ts)
    ).fetchone()
    return row is not None


def undrawn(connection: Connection) -> int:
    """How many messages Slack does not show as they should be."""
    row = one(connection.execute("SELECT count(*) AS n FROM messages WHERE wanted_version > drawn_version"))
    return int(row["n"])


def _drawing(row: Row) -> Drawing:
    return Drawing(
        id=row["id"],
        subject=SubjectKind(row["subject"]),
        subject_id=row["subject_id"],
        detail=row["detail"],
        channel=row["channel"],
        thread_of=row["thread_of"],
        ts=row["ts"],
        drawn_version=row["drawn_version"],
        wanted_version=row["wanted_version"],
        thread_ts=row["thread_ts"],
    )
