"""The state database: reached, of this version's schema, its clock right; and the workers that live by it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import psycopg
from psycopg.rows import tuple_row

from bot.clock import Clock
from bot.doctor.examination import Line
from bot.doctor.skew import judge_skew
from bot.models import Check
from bot.settings import Settings
from bot.store import schema

STATE = Line("state_database", "The state database can be reached")
SCHEMA = Line("state_schema", "Its tables are those of this version")
CLOCK = Line("state_clock", "Its clock is right")
_FRESH = timedelta(minutes=3)
"""Three sweeps missed: the worker of that queue is gone."""


def worker_line(queue: str) -> Line:
    return Line(f"worker_{queue}", f"A worker serves the queue {queue}")


def look_at_state(settings: Settings, clock: Clock) -> Sequence[Check]:
    try:
        with psycopg.connect(settings.state.dsn.get_secret_value(), autocommit=True, connect_timeout=10) as connection:
            return _seen(connection, settings, clock)
    except psycopg.OperationalError as error:
        said = " ".join(str(error).split())
        return [STATE.failed(said, "Start it, or correct [state] dsn or BASELINER_STATE_DSN.")]


def _seen(connection: psycopg.Connection[Any], settings: Settings, clock: Clock) -> Sequence[Check]:
    before = clock.now()
    now, version = _row(connection, "SELECT clock_timestamp(), current_setting('server_version')")
    checks = [
        STATE.passed(f"{connection.info.dbname} on {connection.info.host}, PostgreSQL {version}"),
        judge_skew(CLOCK, before, now, clock.now()),
    ]
    found, newest = schema.revision_of(connection), schema.newest_revision()
    if found != newest:
        remedy = "baseliner db upgrade" if (found or "") < newest else "Run the version of Baseliner that made it."
        return [*checks, SCHEMA.failed(f"at revision {found or 'none'}, this version's is {newest}", remedy)]
    return [*checks, SCHEMA.passed(f"at revision {newest}"), *_workers(connection, settings, clock.now())]


def _workers(connection: psycopg.Connection[Any], settings: Settings, now: datetime) -> Sequence[Check]:
    """By what they leave behind: each target is swept every minute by a worker of its queue."""
    with connection.cursor(row_factory=tuple_row) as cursor:
        swept: dict[str, datetime] = dict(cursor.execute("SELECT target, checked_at FROM sweeps").fetchall())
    checks = []
    for queue in sorted({target.queue for target in settings.targets.values()}):
        line, targets = worker_line(queue), [name for name, it in settings.targets.items() if it.queue == queue]
        last = max((swept[name] for name in targets if name in swept), default=None)
        if last is not None and now - last <= _FRESH:
            checks.append(line.passed(f"it looked at {', '.join(targets)} within the last minutes"))
            continue
        said = f"none since {last:%Y-%m-%d %H:%M} UTC" if last else "none has worked for it yet"
        start = "baseliner serve" + (f", and baseliner worker --queue {queue}" if queue != "default" else "")
        checks.append(line.failed(said, f"Start it: {start}. Sweeps come by a serve that leads."))
    return checks


def _row(connection: psycopg.Connection[Any], query: str) -> tuple[Any, ...]:
    with connection.cursor(row_factory=tuple_row) as cursor:
        row = cursor.execute(query.encode()).fetchone()
    return row or ()
