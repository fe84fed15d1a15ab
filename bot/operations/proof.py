"""Whether the application's database is well after a swap, seen from the database itself."""

from __future__ import annotations

import time
from collections.abc import Collection

import psycopg
from tenacity import RetryError, Retrying, retry_if_result, stop_after_delay, wait_fixed

from bot.errors import DatabaseUnreachable, ServiceFailed, VerificationFailed
from bot.postgres.connection import Server
from bot.postgres.facts import alembic_revision
from bot.postgres.smoke import run_smoke
from bot.runtime.stop import StopSignal
from bot.settings import TargetSettings

_ASK_EVERY = 0.5
_SHORTEST = 0.5


def await_proof(
    settings: TargetSettings, server: Server, revisions: Collection[str | None] | None, stop: StopSignal
) -> str:
    """Ask until the revision is one of these (None: any is right) and every smoke query passes. Returns what was seen.

    Raises ServiceFailed with what is not so after the application's `health_deadline`, Interrupted.
    """
    problems = [""]
    deadline = settings.application.health_deadline
    ends_at = time.monotonic() + deadline.total_seconds()

    def ask() -> bool:
        stop.check()
        problems[0] = _problem(settings, server, revisions, max(_SHORTEST, ends_at - time.monotonic()), stop)
        return not problems[0]

    retrying = Retrying(
        stop=stop_after_delay(deadline), wait=wait_fixed(_ASK_EVERY), retry=retry_if_result(_no), sleep=stop.wait
    )
    try:
        retrying(ask)
    except RetryError as error:
        raise ServiceFailed(
            f"{server.database} is not as it should be {deadline.total_seconds():g} s after the start: {problems[0]}",
            "Look at the application's log, and at [targets.….application] smoke.",
        ) from error
    return _seen(settings, revisions)


def _no(done: bool) -> bool:
    return not done


def _problem(
    settings: TargetSettings,
    server: Server,
    revisions: Collection[str | None] | None,
    within: float,
    stop: StopSignal,
) -> str:
    """What is not so, asked within so many seconds; empty when all is well."""
    try:
        with server.connect() as connection:
            # A query may wait for a lock that a migration holds.
            connection.execute("SELECT set_config('statement_timeout', %s, false)", (f"{int(within * 1000)}ms",))
            if revisions is not None:
                revision = alembic_revision(connection, settings.version_table)
                if revision not in revisions:
                    expected = " or ".join(str(item) for item in revisions)
                    return f"its revision is {revision}, not {expected}"
            run_smoke(connection, settings.application.smoke, stop=stop)
    except (VerificationFailed, DatabaseUnreachable, psycopg.Error) as error:
        return str(error).strip()
    return ""


def _seen(settings: TargetSettings, revisions: Collection[str | None] | None) -> str:
    seen = [f"revision {' or '.join(str(item) for item in revisions)}"] if revisions is not None else []
    count = len(settings.application.smoke)
    if count:
        seen.append(f"{count} smoke {'queries' if count > 1 else 'query'} passed")
    return ", ".join(seen)
