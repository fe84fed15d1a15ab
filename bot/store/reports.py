"""Daily reports: the row of a day is what makes its report the only one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from psycopg.types.json import Jsonb
from pydantic import TypeAdapter

from bot.models import Report, Tally
from bot.store.database import Connection, one

_REPORT = TypeAdapter(Report)


@dataclass(frozen=True)
class Made:
    """The last report, or the beginning of their count."""

    day: date
    at: datetime


def to_document(report: Report) -> dict[str, Any]:
    document: dict[str, Any] = _REPORT.dump_python(report, mode="json")
    return document


def insert(connection: Connection, day: date, made_at: datetime, report: Report | None) -> bool:
    """False when the day has one already. None: from this day on they are counted."""
    document = Jsonb(to_document(report)) if report is not None else None
    cursor = connection.execute(
        "INSERT INTO reports (day, made_at, document) VALUES (%s, %s, %s) ON CONFLICT (day) DO NOTHING",
        (day, made_at, document),
    )
    return cursor.rowcount == 1


def get(connection: Connection, day: date) -> Report | None:
    row = connection.execute("SELECT document FROM reports WHERE day = %s", (day,)).fetchone()
    return _REPORT.validate_python(row["document"]) if row and row["document"] else None


def last(connection: Connection) -> Made | None:
    row = connection.execute("SELECT day, made_at FROM reports ORDER BY day DESC LIMIT 1").fetchone()
    return Made(row["day"], row["made_at"]) if row else None


def tally(connection: Connection, target: str, since: datetime, until: datetime) -> Tally:
    """Later than `since`, not later than `until`."""
    row = one(
        connection.execute(
            """SELECT (SELECT count(*) FROM operations WHERE target = %(target)s AND kind = 'backup' AND state = 'done'
                         AND finished_at > %(since)s AND finished_at <= %(until)s) AS taken,
                      (SELECT count(*) FROM operations WHERE target = %(target)s AND kind = 'backup'
                         AND state = 'failed' AND finished_at > %(since)s AND finished_at <= %(until)s) AS failed,
                      (SELECT count(*) FROM backups WHERE target = %(target)s
                         AND removed_at > %(since)s AND removed_at <= %(until)s) AS removed""",
            {"target": target, "since": since, "until": until},
        )
    )
    return Tally(**row)
