"""Errors about rows that must not be seen, told without what they quote of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from bot.errors import DatabaseUnreachable, ToolFailed

_MAY_QUOTE = ("22", "38", "39", "HV", "P0", "XX")
"""Classes of SQLSTATE whose messages may quote a value: data exceptions, what functions and foreign servers raise."""
_LOADER = "pg_restore"
_ERROR = "pg_restore: error:"
_SERVERS = re.compile(r"ERROR:|FATAL:")
# A function raises what it wants under any SQLSTATE, and runs statements that it makes of values.
_BY_FUNCTION = re.compile(r"\bRAISE\b|\b(?:ASSERT|EXECUTE|RETURN QUERY)$|\bPL/(?!pgSQL)", re.MULTILINE)
_NAMED = r"(?:table|relation|constraint|index|role|user|column|schema|extension|tablespace|database|server at|socket) "
# Values hold quotes themselves: nothing behind the first that is no name can be trusted.
_UP_TO_VALUES = re.compile(rf"(?:{_NAMED}\"[^\"]*\"|[^\"'„“«»‘‚])*")
_ELSEWHERE = "What it quotes of rows is not shown, since they are not masked yet: the server's log has it."


@contextmanager
def values_untold() -> Iterator[None]:
    """Errors of this block reach people without values of rows; the server's log has all."""
    try:
        yield
    except ToolFailed as failure:
        if failure.tool != _LOADER:
            raise
        raise _reduced(failure) from None
    except DatabaseUnreachable as error:
        cause = error.__cause__
        if not isinstance(cause, psycopg.Error) or cause.sqlstate is None:
            raise
        said = f"PostgreSQL refused, while rows are not masked yet: {told_without_values(cause)}"
        raise DatabaseUnreachable(said, error.remedy) from None


def told_without_values(error: psycopg.Error) -> str:
    """What PostgreSQL said, without what it may quote of rows."""
    by_function = _BY_FUNCTION.search(error.diag.context or "")
    if error.sqlstate is None or error.sqlstate.startswith(_MAY_QUOTE) or by_function:
        return f"{type(error).__name__} (SQLSTATE {error.sqlstate}); the server's log has its words"
    return error.diag.message_primary or type(error).__name__


def _reduced(failure: ToolFailed) -> ToolFailed:
    told = [] if _BY_FUNCTION.search(failure.stderr) else failure.stderr.splitlines()
    lines = [_without_values(line) for line in told if line.startswith(_ERROR)]
    # What the server refused, before what came of it: ToolFailed looks at the last line.
    *others, reason = sorted(lines, key=lambda line: bool(_SERVERS.search(line))) or [""]
    reduced = ToolFailed(failure.tool, failure.status, "\n".join([*others, f"{reason}. {_ELSEWHERE}".lstrip(". ")]))
    unhelpful = failure.remedy == reduced.remedy
    reduced.remedy = "Read the server's log for this moment." if unhelpful else failure.remedy
    return reduced


def _without_values(line: str) -> str:
    found = _UP_TO_VALUES.match(line)
    told = found[0] if found else ""
    return line if told == line else f"{told}…"
