"""Single tables of a backup, brought into a schema of their own beside the live ones, for people to take rows from."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from psycopg import Connection, errors, sql

from bot.errors import Conflict, UsageError
from bot.models import TableDigest
from bot.postgres.archives import placed
from bot.postgres.cancel import cancelled_by
from bot.postgres.connection import Server, quoted_database
from bot.postgres.digest import pinned, table_digest
from bot.postgres.errors import readable_errors, tool_failure
from bot.postgres.tools import Tools
from bot.runtime.stop import StopSignal

_PREFIX = "restored_"
_SUFFIX_LENGTH = 24

_COLUMNS = """
    SELECT a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod)
    FROM pg_catalog.pg_attribute a WHERE a.attrelid = %s AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
"""


@dataclass(frozen=True)
class Table:
    """A table by its parts, and by the name that a manifest has for it (`public."Odd name"`)."""

    schema: str
    name: str
    quoted: str
    oid: int


def side_schema_name(operation_id: str) -> str:
    """Such as `restored_20261122t101500z7k3f`."""
    return _PREFIX + "".join(re.findall(r"[a-z0-9]", operation_id.lower()))[-_SUFFIX_LENGTH:]


def load_tables(
    server: Server, tools: Tools, archive: Path, database: str, tables: Sequence[str], jobs: int, *, stop: StopSignal
) -> list[Table]:
    """Load every definition of an archive into `database`, and the rows of these tables alone. Returns them.

    No index, no constraint, no owner: nobody works with it. Raises ToolFailed, Interrupted.
    """
    common = [tools.path("pg_restore"), "--exit-on-error", "--no-owner", "--no-privileges"]
    common += ["--no-password", f"--dbname={quoted_database(database)}"]
    with placed(tools, archive, stop=stop) as path:
        _pg_restore(server, tools, database, [*common, "--section=pre-data", path], stop)
        with server.connect(database) as connection:
            found = _tables(connection, tables)
        by_schema: dict[str, list[str]] = {}
        for table in found:
            by_schema.setdefault(table.schema, []).append(table.name)
        for schema, names in by_schema.items():
            # By schema, since pg_restore takes each --table in each --schema.
            chosen = [f"--schema={schema}", *(f"--table={name}" for name in names)]
            argv = [*common, "--section=data", f"--jobs={jobs}", "--disable-triggers", *chosen, path]
            _pg_restore(server, tools, database, argv, stop)
    return found


def digests(connection: Connection, tables: Sequence[Table], hashed: Callable[[str], bool]) -> list[TableDigest]:
    """Count and content of these tables."""
    with pinned(connection):
        return [
            table_digest(
                connection,
                sql.Identifier(table.schema, table.name),
                table.quoted,
                table.oid,
                hashed=hashed(table.quoted),
            )
            for table in tables
        ]


def copy_to_side(
    source: Server, database: str, server: Server, side: str, tables: Sequence[Table], jobs: int, *, stop: StopSignal
) -> dict[str, str]:
    """Make the schema `side` in `server`'s database and copy the rows there: by the quoted name, the name it has.

    Bare columns: a row that was lost must not be refused by what the others have become. Raises Conflict when the
    schema exists, DatabaseUnreachable, Interrupted; then `drop_side` removes what is there.
    """
    names = _names(tables)
    with server.connect() as connection, readable_errors(f"making the schema {side!r}"):
        try:
            connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(side)))
        except errors.DuplicateSchema as error:
            raise Conflict(f"The schema {side!r} exists already.", "Drop it, or rename it.") from error
    with ThreadPoolExecutor(min(jobs, len(tables)), thread_name_prefix="side") as executor:
        work = [
            executor.submit(_copy, source, database, server, side, item, names[item.quoted], stop) for item in tables
        ]
        for future in work:
            future.result()
    return names


def drop_side(connection: Connection, side: str) -> None:
    """Remove a schema that `copy_to_side` made; fine when there is none. Raises UsageError for any other name."""
    if not re.fullmatch(_PREFIX + r"[a-z0-9]+", side):
        raise UsageError(f"{side!r} is not a schema that Baseliner made; it is not dropped.")
    with readable_errors(f"dropping the schema {side!r}"):
        connection.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql.Identifier(side)))


def side_tables(connection: Connection, side: str, names: Mapping[str, str]) -> list[Table]:
    """The copies, each by the quoted name of the table that it is a copy of."""
    rows = connection.execute(
        "SELECT relname, oid FROM pg_catalog.pg_class WHERE relnamespace = %s::regnamespace AND relkind = 'r'", (side,)
    ).fetchall()
    oids: dict[str, int] = dict(rows)
    return [Table(side, name, quoted, oids[name]) for quoted, name in names.items()]


def _tables(connection: Connection, wanted: Sequence[str]) -> list[Table]:
    rows = connection.execute(
        """SELECT n.nspname, c.relname, format('%%I.%%I', n.nspname, c.relname), c.oid
           FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
           WHERE c.relkind = 'r' AND format('%%I.%%I', n.nspname, c.relname) = ANY(%s) ORDER BY 3""",
        (list(wanted),),
    ).fetchall()
    return [Table(*row) for row in rows]


def _names(tables: Sequence[Table]) -> dict[str, str]:
    """The table's own name; with its schema before it where two have the same."""
    bare = [table.name for table in tables]
    return {
        table.quoted: table.name if bare.count(table.name) == 1 else f"{table.schema}.{table.name}"[:63]
        for table in tables
    }


def _copy(source: Server, database: str, server: Server, side: str, table: Table, name: str, stop: StopSignal) -> None:
    with (
        source.connect(database) as reading,
        server.connect(autocommit=False) as writing,
        readable_errors(f"copying {table.quoted}"),
        cancelled_by(reading, stop),
        cancelled_by(writing, stop),
    ):
        reading.execute("SET search_path = ''")  # so that types are named with their schemas
        columns = reading.execute(_COLUMNS, (table.oid,)).fetchall()
        made = sql.Identifier(side, name)
        definitions = sql.SQL(", ").join(
            sql.SQL("{} {}").format(sql.Identifier(column), sql.SQL(kind)) for column, kind in columns
        )
        writing.execute(sql.SQL("CREATE TABLE {} ({})").format(made, definitions))
        if columns:
            _copy_rows(reading, writing, sql.Identifier(table.schema, table.name), made, [row[0] for row in columns])
        writing.commit()


def _copy_rows(
    reading: Connection, writing: Connection, table: sql.Identifier, made: sql.Identifier, columns: Sequence[str]
) -> None:
    listed = sql.SQL(", ").join(map(sql.Identifier, columns))
    out = sql.SQL("COPY (SELECT {} FROM ONLY {}) TO STDOUT").format(listed, table)
    into = sql.SQL("COPY {} ({}) FROM STDIN").format(made, listed)
    with reading.cursor().copy(out) as taking, writing.cursor().copy(into) as giving:
        for block in taking:
            giving.write(block)


def _pg_restore(server: Server, tools: Tools, database: str, argv: Sequence[str], stop: StopSignal) -> None:
    finished = tools.runner.run(argv, stop=stop, environment=server.tool_environment(database))
    if finished.code != 0:
        raise tool_failure("pg_restore", finished.status, finished.stderr)
