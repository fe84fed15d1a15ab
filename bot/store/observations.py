"""What was seen of the targets: facts, the last sweep of each, and the alerts that sweeps opened."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

from psycopg.types.json import Jsonb

from bot.models import Alert, AlertState, Check, Checklist, CheckState, SubjectKind
from bot.store import messages
from bot.store.database import Connection, Row


def checks_to_document(checklist: Checklist) -> list[dict[str, str]]:
    return [asdict(check) for check in checklist.checks]


def checks_from_document(document: list[dict[str, str]]) -> tuple[Check, ...]:
    return tuple(Check(**{**item, "state": CheckState(item["state"])}) for item in document)  # type: ignore[arg-type]


def record_target(
    connection: Connection,
    name: str,
    database: str,
    system_identifier: str,
    server_version: str,
    database_bytes: int,
    now: datetime,
) -> None:
    """Note that a target was seen, and as what."""
    connection.execute(
        """INSERT INTO targets (name, database, system_identifier, server_version, database_bytes, first_seen,
                                last_seen)
           VALUES (%(name)s, %(database)s, %(system)s, %(version)s, %(bytes)s, %(now)s, %(now)s)
           ON CONFLICT (name) DO UPDATE SET database = EXCLUDED.database, last_seen = EXCLUDED.last_seen,
             system_identifier = EXCLUDED.system_identifier, server_version = EXCLUDED.server_version,
             database_bytes = EXCLUDED.database_bytes""",
        {
            "name": name,
            "database": database,
            "system": system_identifier,
            "version": server_version,
            "bytes": database_bytes,
            "now": now,
        },
    )


def first_seen(connection: Connection, target: str) -> datetime | None:
    row = connection.execute("SELECT first_seen FROM targets WHERE name = %s", (target,)).fetchone()
    return row["first_seen"] if row else None


def record_sweep(connection: Connection, checklist: Checklist) -> bool:
    """False when a newer sweep of the target is there already."""
    cursor = connection.execute(
        """INSERT INTO sweeps (target, checked_at, checks) VALUES (%s, %s, %s)
           ON CONFLICT (target) DO UPDATE SET checked_at = EXCLUDED.checked_at, checks = EXCLUDED.checks
             WHERE sweeps.checked_at < EXCLUDED.checked_at""",
        (checklist.target, checklist.checked_at, Jsonb(checks_to_document(checklist))),
    )
    return cursor.rowcount == 1


def last_sweeps(connection: Connection) -> dict[str, Checklist]:
    rows = connection.execute("SELECT * FROM sweeps").fetchall()
    return {
        row["target"]: Checklist(row["target"], row["checked_at"], checks_from_document(row["checks"])) for row in rows
    }


def open_alert(connection: Connection, target: str, check: Check, now: datetime) -> int | None:
    """Id of the new alert; None when it was open already (then its words are brought up to date)."""
    row = connection.execute(
        """INSERT INTO alerts (target, condition, title, summary, remedy, severity, opened_at)
           VALUES (%s, %s, %s, %s, %s, %s, %s)
           ON CONFLICT (target, condition) WHERE resolved_at IS NULL DO NOTHING RETURNING id""",
        (target, check.name, check.title, check.summary, check.remedy, check.state, now),
    ).fetchone()
    if row is not None:
        return int(row["id"])
    _update_alert(connection, target, check)
    return None


def _update_alert(connection: Connection, target: str, check: Check) -> None:
    row = connection.execute(
        """UPDATE alerts SET summary = %(summary)s, remedy = %(remedy)s, severity = %(severity)s, version = version + 1
           WHERE target = %(target)s AND condition = %(condition)s AND resolved_at IS NULL
             AND (summary, remedy, severity) IS DISTINCT FROM (%(summary)s, %(remedy)s, %(severity)s)
           RETURNING id""",
        {
            "target": target,
            "condition": check.name,
            "summary": check.summary,
            "remedy": check.remedy,
            "severity": check.state,
        },
    ).fetchone()
    if row is not None:
        messages.touch(connection, (SubjectKind.ALERT,), str(row["id"]))


def resolve_alert(connection: Connection, target: str, condition: str, now: datetime) -> int | None:
    row = connection.execute(
        """UPDATE alerts SET resolved_at = %s, version = version + 1
           WHERE target = %s AND condition = %s AND resolved_at IS NULL RETURNING id""",
        (now, target, condition),
    ).fetchone()
    if row is None:
        return None
    messages.touch(connection, (SubjectKind.ALERT,), str(row["id"]), urgent=True)
    return int(row["id"])


def get_alert(connection: Connection, alert_id: int) -> Alert | None:
    row = connection.execute("SELECT * FROM alerts WHERE id = %s", (alert_id,)).fetchone()
    return _alert(row) if row else None


def open_alerts(connection: Connection, target: str | None = None) -> list[Alert]:
    rows = connection.execute(
        """SELECT * FROM alerts WHERE resolved_at IS NULL AND (%(target)s::text IS NULL OR target = %(target)s)
           ORDER BY opened_at""",
        {"target": target},
    ).fetchall()
    return [_alert(row) for row in rows]


def _alert(row: Row) -> Alert:
    return Alert(
        id=row["id"],
        target=row["target"],
        condition=row["condition"],
        title=row["title"],
        summary=row["summary"],
        remedy=row["remedy"],
        severity=CheckState(row["severity"]),
        state=AlertState.OPEN if row["resolved_at"] is None else AlertState.RESOLVED,
        opened_at=row["opened_at"],
        resolved_at=row["resolved_at"],
        version=row["version"],
    )
