"""Views without what they do instead of a change, which PostgreSQL lets nobody switch off."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
from psycopg import Connection, sql

from bot.errors import BaselinerError
from bot.postgres.discretion import told_without_values
from bot.postgres.errors import is_about_statement
from bot.postgres.side_effects import remedy_for

_OF_VIEWS = """
    SELECT c.oid, format('%I.%I', n.nspname, c.relname), f.kind, quote_ident(f.name), f.definition, f.comment
    FROM (SELECT tgrelid AS relation, 'TRIGGER' AS kind, tgname AS name, pg_get_triggerdef(oid) AS definition,
                 obj_description(oid, 'pg_trigger') AS comment
          FROM pg_catalog.pg_trigger WHERE NOT tgisinternal
          UNION ALL
          SELECT ev_class, 'RULE', rulename, pg_get_ruledef(oid), obj_description(oid, 'pg_rewrite')
          FROM pg_catalog.pg_rewrite WHERE rulename <> '_RETURN') f
    JOIN pg_catalog.pg_class c ON c.oid = f.relation AND c.relkind = 'v'
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname NOT IN ('pg_catalog', 'information_schema')
    ORDER BY 2, 3, 4
"""


@dataclass(frozen=True)
class _Effect:
    oid: int
    """of the view"""
    view: str
    """quoted, as `name` is"""
    kind: str
    name: str
    definition: str
    """with each name in its schema"""
    comment: str | None

    @property
    def told(self) -> str:
        return f"the {self.kind.lower()} {self.name} of {self.view}"


@contextmanager
def views_bare(connection: Connection) -> Iterator[None]:
    """In this block of the transaction views have neither triggers nor rules.

    A change of one is that of its table, where it is so simple, or PostgreSQL's error. Raises BaselinerError where the
    role does not own such a view, or where the block makes it another one.
    """
    with _names_in_full(connection):
        found = [_Effect(*row) for row in connection.execute(_OF_VIEWS.encode()).fetchall()]
        for each in found:
            _drop(connection, each)
    yield
    with _names_in_full(connection):
        for each in found:
            if _is_there(connection, each.oid):
                _make_again(connection, each)


@contextmanager
def _names_in_full(connection: Connection) -> Iterator[None]:
    former = connection.execute("SELECT current_setting('search_path')").fetchone()
    connection.execute("SELECT set_config('search_path', '', true)")
    yield
    connection.execute("SELECT set_config('search_path', %s, true)", former)


def _is_there(connection: Connection, oid: int) -> bool:
    return connection.execute("SELECT FROM pg_catalog.pg_class WHERE oid = %s", [oid]).fetchone() is not None


def _drop(connection: Connection, each: _Effect) -> None:
    try:
        connection.execute(f"DROP {each.kind} {each.name} ON {each.view}".encode())
    except psycopg.Error as error:
        if not is_about_statement(error):
            raise
        raise BaselinerError(
            f"The masking would fire {each.told}, which may copy rows before they are masked, and it could not be "
            f"taken off meanwhile: {told_without_values(error)}",
            remedy_for(error, "the view's owner"),
        ) from error


def _make_again(connection: Connection, each: _Effect) -> None:
    # Joined, not formatted: names may have braces.
    comment = sql.SQL(f"COMMENT ON {each.kind} {each.name} ON {each.view} IS ") + sql.Literal(each.comment)
    try:
        connection.execute(each.definition.encode())
        if each.comment is not None:
            connection.execute(comment)
    except psycopg.Error as error:
        if not is_about_statement(error):
            raise
        raise BaselinerError(
            f"The masking had {each.told} taken off meanwhile, and it could not be made again: "
            f"{told_without_values(error)}",
            f"Let the masking leave {each.view} as it is, or drop it.",
        ) from error
