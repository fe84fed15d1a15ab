"""An operator's SQL that changes rows which must not be seen, run in a database that is closed to everybody else."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import Connection, sql

from bot.canonical import sha256_hex
from bot.errors import BaselinerError, Refused
from bot.postgres.cancel import cancelled_by
from bot.postgres.connection import Server
from bot.postgres.discretion import told_without_values, values_untold
from bot.postgres.errors import is_about_statement, readable_errors
from bot.postgres.planner_statistics import forget_values
from bot.postgres.side_effects import event_triggers_off, refresh_materialized_views, triggers_off
from bot.postgres.statements import statements
from bot.postgres.views_bare import views_bare
from bot.runtime.stop import StopSignal

_LARGEST = 4 << 20
_SHOWN = 60
_TRANSACTION = re.compile(
    r"(?:BEGIN|START\s+TRANSACTION|COMMIT|END|ROLLBACK|ABORT|PREPARE\s+TRANSACTION)\b", re.IGNORECASE
)


@dataclass(frozen=True)
class MaskingScript:
    path: Path
    sha256: str
    """of the file"""
    statements: tuple[str, ...]


def read_script(path: Path) -> MaskingScript:
    """Raises Refused where the file cannot be read, or cannot be run as one transaction."""
    try:
        if path.stat().st_size > _LARGEST:
            raise Refused(f"The masking file {path} is larger than {_LARGEST:,} bytes.", "Name a file of SQL.")
        text = path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise Refused(
            f"The masking file {path} cannot be read: {why}.", "Put it where the target's workers can read it."
        ) from error
    found = tuple(statements(text))
    if not found:
        raise Refused(f"The masking file {path} has no statement.", "Write one, or set masking = false.")
    for statement in found:
        _refuse_strange(path, statement)
    return MaskingScript(path, sha256_hex(text), found)


def mask(server: Server, database: str, script: MaskingScript, *, stop: StopSignal) -> list[str]:
    """Run the script in one transaction, then write the tables that it changed anew, without their former rows.

    Triggers and rules of the database do not fire; materialized views are refreshed; the planner's statistics, which
    quote rows, are removed. Returns the tables' quoted names. Raises BaselinerError at the first statement that fails,
    DatabaseUnreachable where the session ends; then nothing is changed.
    """
    with (
        values_untold(),
        readable_errors("masking"),
        server.connect(database, autocommit=False) as connection,
        cancelled_by(connection, stop),
    ):
        changed = _change(connection, script)
        connection.commit()
        connection.autocommit = True
        _rewrite(connection, changed)
        forget_values(connection)
    return changed


def _change(connection: Connection, script: MaskingScript) -> list[str]:
    # A policy that hides rows would leave these unmasked: so it is an error.
    connection.execute("SET LOCAL row_security = off")
    with event_triggers_off(connection):
        with triggers_off(connection), views_bare(connection):
            for number, statement in enumerate(script.statements, 1):
                _run(connection, script, number, statement)
            # What is deferred to the end keeps triggers from being switched on again.
            _run(connection, script, len(script.statements), "SET CONSTRAINTS ALL IMMEDIATE")
        changed = _changed(connection)
        refresh_materialized_views(connection)
    _run(connection, script, len(script.statements), "COMMIT")
    return changed


def _refuse_strange(path: Path, statement: str) -> None:
    if statement.startswith("\\"):
        raise Refused(
            f"The masking file {path} has a command of psql: {_shown(statement)}.", "Write SQL alone: it is not psql."
        )
    if _TRANSACTION.match(statement):
        raise Refused(
            f"The masking file {path} ends or begins a transaction: {_shown(statement)}.",
            "Leave that out: the whole file is one transaction.",
        )


def _run(connection: Connection, script: MaskingScript, number: int, statement: str) -> None:
    try:
        connection.execute(statement.encode())
    except psycopg.Error as error:
        if not is_about_statement(error):
            raise
        where = f"Masking failed at statement {number} of {len(script.statements)}: {_shown(statement)}"
        raise BaselinerError(
            f"{where}: {told_without_values(error)}",
            f"Correct {script.path}, try it on a copy, then ask again.",
        ) from error


def _changed(connection: Connection) -> list[str]:
    """Tables of which this transaction updated or deleted rows, or dropped columns (a load makes none that is dropped).

    All, where the server does not count.
    """
    counted = connection.execute("SELECT current_setting('track_counts')::bool").fetchone() == (True,)
    rows = connection.execute(
        """SELECT format('%%I.%%I', s.schemaname, s.relname) FROM pg_catalog.pg_stat_xact_user_tables s
           JOIN pg_catalog.pg_class c ON c.oid = s.relid
           WHERE c.relkind IN ('r', 'm') AND (s.n_tup_upd + s.n_tup_del > 0 OR NOT %s OR EXISTS (
             SELECT FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attisdropped)) ORDER BY 1""",
        (counted,),
    ).fetchall()
    return [row[0] for row in rows]


def _rewrite(connection: Connection, tables: Sequence[str]) -> None:
    """Raises BaselinerError for one that is left as it was: PostgreSQL skips what the role may not, with a warning."""
    with readable_errors("removing the former rows of masked tables"):
        for table in tables:
            before = _file(connection, table)
            connection.execute(f"VACUUM (FULL) {table}".encode())
            if _file(connection, table) == before:
                role = sql.Identifier(connection.info.user).as_string(connection)
                raise BaselinerError(
                    f"The former rows of {table} stay in its file, since {role} may not write it anew.",
                    f"Make the role a member of its owner, or end the masking by ALTER TABLE {table} OWNER TO {role}",
                )


def _file(connection: Connection, table: str) -> int | None:
    row = connection.execute("SELECT pg_relation_filenode(%s::regclass)", (table,)).fetchone()
    return int(row[0]) if row and row[0] is not None else None


def _shown(statement: str) -> str:
    line = " ".join(statement.split())
    return repr(line if len(line) <= _SHOWN else f"{line[:_SHOWN]}…")
