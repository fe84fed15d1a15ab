"""Queries of an operator that a restored database has to pass."""

from __future__ import annotations

from collections.abc import Sequence

import psycopg
from psycopg import Connection

from bot.errors import VerificationFailed
from bot.postgres.cancel import cancelled_by
from bot.runtime.stop import StopSignal


def run_smoke(connection: Connection, queries: Sequence[str], *, stop: StopSignal) -> None:
    """Each query has to give a first value that is neither false nor null; all are tried, read-only.

    Raises VerificationFailed, which names each query that did not pass, and Interrupted.
    """
    problems = []
    with cancelled_by(connection, stop):
        connection.execute("SET default_transaction_read_only = on")
        for query in queries:
            stop.check()
            problem = _problem(connection, query)
            if problem is not None:
                problems.append(f"{query}: {problem}")
    if problems:
        raise VerificationFailed(f"{len(problems)} smoke query did not pass: {problems[0]}", problems)


def _problem(connection: Connection, query: str) -> str | None:
    try:
        row = connection.execute(query.encode()).fetchone()
    except psycopg.Error as error:
        return str(error).strip().splitlines()[0]
    if row is None:
        return "no row"
    return f"gave {row[0]!r}" if row[0] is None or row[0] is False else None
