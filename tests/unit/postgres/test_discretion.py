"""What pg_restore says of rows that nobody may see yet."""

from __future__ import annotations

import pytest

from bot.errors import DatabaseUnreachable, ToolFailed
from bot.postgres.discretion import values_untold
from bot.postgres.errors import tool_failure

COPY = 'pg_restore: error: COPY failed for table "users": ERROR:  '
NAMED = 'duplicate key value violates unique constraint "users_pkey"'


def told(stderr: str) -> ToolFailed:
    with pytest.raises(ToolFailed) as caught, values_untold():
        raise tool_failure("pg_restore", "ended with exit code 1", stderr)
    assert "alice" not in str(caught.value) + caught.value.stderr
    assert "the server's log has it" in str(caught.value)
    return caught.value


@pytest.mark.parametrize(
    ("stderr", "shown"),
    [
        (
            f"{COPY}{NAMED}\nDETAIL:  Key (email)=(alice) already exists.\nCONTEXT:  COPY users, line 7",
            f"{COPY}{NAMED}",
        ),
        (
            f'{COPY}invalid input syntax for type integer: "a"b alice"',
            f"{COPY}invalid input syntax for type integer: …",
        ),
        (f'{COPY}invalid input value for enum mood: "sad\nalice"\nCONTEXT:  x', "for enum mood: …"),
        (f"{COPY}alice is odd\nCONTEXT:  PL/pgSQL function f(text) line 1 at RAISE", "exit code 1:"),
        (f"{COPY}column alice is odd\nCONTEXT:  PL/pgSQL function f(text) line 1 at EXECUTE\nx", "exit code 1: What"),
        (f"{COPY}no such type\nCommand was: CREATE TRIGGER t EXECUTE FUNCTION f();", "no such type"),
        ("pg_restore: error: FEHLER:  ungültig: »alice«", "FEHLER:  ungültig: …"),
        ("pg_restore: Warnung: alice", "exit code 1: What it quotes"),
        (f"{COPY}{NAMED}\npg_restore: error: a worker process died unexpectedly", f"1: {COPY}{NAMED}. What it quotes"),
        (
            'pg_restore: error: connection to server at "db", port 5432 failed: FATAL:  database "x" is not "alice"',
            'server at "db", port 5432 failed: FATAL:  database "x" is not …',
        ),
    ],
)
def test_only_the_error_without_values_is_told(stderr: str, shown: str) -> None:
    assert shown in str(told(stderr))


def test_a_remedy_that_helps_stays() -> None:
    assert "globals" in told('pg_restore: error: could not execute query: ERROR:  role "x" does not exist').remedy
    assert "server's log" in told(f"{COPY}{NAMED}").remedy


def test_what_quotes_no_rows_is_told_as_it_is() -> None:
    for error in (ToolFailed("Copying the archive", "failed", "/tmp: full"), DatabaseUnreachable("gone")):
        with pytest.raises(type(error)) as caught, values_untold():
            raise error
        assert caught.value is error
