"""The planner's statistics, which quote values of rows to whoever may read the table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from psycopg import Connection

from bot.errors import BaselinerError
from bot.postgres.errors import readable_errors

_REMOVE = ("DELETE FROM pg_catalog.pg_statistic", "DELETE FROM pg_catalog.pg_statistic_ext_data")
_WRITE_ANEW = "VACUUM (FULL) pg_catalog.pg_statistic, pg_catalog.pg_statistic_ext_data"
_COLLECTED = """
    SELECT s.schema, s.relation, s.attribute, s.inherited, format('%I.%I', n.nspname, t.relname)
    FROM (SELECT schemaname AS schema, tablename AS relation, attname AS attribute, inherited FROM pg_catalog.pg_stats
          UNION ALL
          SELECT schemaname, tablename, NULL, coalesce((to_jsonb(e) ->> 'inherited')::bool, true)
          FROM pg_catalog.pg_stats_ext e) s
    JOIN pg_catalog.pg_namespace r ON r.nspname = s.schema
    JOIN pg_catalog.pg_class c ON c.relnamespace = r.oid AND c.relname = s.relation
    LEFT JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid
    JOIN pg_catalog.pg_class t ON t.oid = coalesce(i.indrelid, c.oid) AND t.relkind IN ('r', 'p', 'm')
    JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace
    WHERE s.schema NOT IN ('pg_catalog', 'information_schema')
    ORDER BY 5, 3
"""
_CLEARS = 180000
"""From this version on an owner may remove statistics of a column."""


@dataclass(frozen=True)
class _Collected:
    schema: str
    relation: str
    """an index, for one of expressions"""
    attribute: str | None
    """None for extended statistics"""
    inherited: bool
    table: str
    """quoted"""


def forget_values(connection: Connection) -> None:
    """Leave no statistics of rows as they were before a change of them; ANALYZE collects new ones.

    Autovacuum may have collected some, and ANALYZE leaves those of a table that is empty by now. `connection` is in
    autocommit; what was changed in place is written anew, so that nothing collects it any more. Raises BaselinerError
    where a role that is no superuser cannot remove them.
    """
    with readable_errors("removing statistics of masked tables"):
        if connection.info.parameter_status("is_superuser") == "on":
            for statement in _REMOVE:
                connection.execute(statement.encode())
        else:
            connection.execute("ANALYZE")
            for each in _of_empty_tables(connection):
                _clear(connection, each)
        connection.execute(_WRITE_ANEW.encode())


def _of_empty_tables(connection: Connection) -> Iterator[_Collected]:
    empty: dict[str, bool] = {}
    for each in [_Collected(*row) for row in connection.execute(_COLLECTED.encode()).fetchall()]:
        rows = each.table if each.inherited else f"ONLY {each.table}"
        if rows not in empty:
            empty[rows] = connection.execute(f"SELECT FROM {rows} LIMIT 1".encode()).fetchone() is None
        if empty[rows]:
            yield each


def _clear(connection: Connection, each: _Collected) -> None:
    if each.attribute is not None and connection.info.server_version >= _CLEARS:
        column = [each.schema, each.relation, each.attribute, each.inherited]
        connection.execute("SELECT pg_catalog.pg_clear_attribute_stats(%s, %s, %s, %s)", column)
        return
    role = connection.info.user
    raise BaselinerError(
        f"PostgreSQL keeps statistics with values that were in {each.table}, which is empty by now, and {role} may not "
        "remove them.",
        f"Let the masking leave a made-up row in {each.table}, or make Baseliner's role a superuser.",
    )
