"""What a change of rows sets off in a database, kept from it or done anew."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
from psycopg import Connection, errors

from bot.errors import BaselinerError
from bot.postgres.discretion import told_without_values
from bot.postgres.errors import is_about_statement

_ENABLED_AS = {"O": "ENABLE", "R": "ENABLE REPLICA", "A": "ENABLE ALWAYS", "D": "DISABLE"}

# Partitions come after their parents: a parent's switch is that of its partitions too.
_TRIGGERS_AND_RULES = """
    SELECT f.oid, format('%I.%I', n.nspname, c.relname), f.kind, quote_ident(f.name), f.enabled, f.inherited
    FROM (SELECT oid, tgrelid AS relation, 'TRIGGER' AS kind, tgname AS name, tgenabled AS enabled,
                 tgparentid <> 0 AS inherited
          FROM pg_catalog.pg_trigger WHERE NOT tgisinternal
          UNION ALL
          SELECT oid, ev_class, 'RULE', rulename, ev_enabled, false
          FROM pg_catalog.pg_rewrite WHERE rulename <> '_RETURN') f
    JOIN pg_catalog.pg_class c ON c.oid = f.relation AND c.relkind IN ('r', 'p')
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    ORDER BY (SELECT count(*) FROM pg_catalog.pg_partition_ancestors(c.oid)), 2, 3, 4
"""

# A view has a rule that depends on what it reads: the longest way down to tables gives the order.
_MATERIALIZED_VIEWS = """
    WITH RECURSIVE reads AS (
        SELECT DISTINCT r.ev_class AS reader, d.refobjid AS read
        FROM pg_catalog.pg_rewrite r
        JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND d.objid = r.oid
             AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid <> r.ev_class
        JOIN pg_catalog.pg_class c ON c.oid = r.ev_class AND c.relkind IN ('v', 'm')
        WHERE r.rulename = '_RETURN'
    ), ways AS (
        SELECT oid AS view, 0 AS depth FROM pg_catalog.pg_class WHERE relkind IN ('v', 'm')
        UNION SELECT reads.reader, ways.depth + 1 FROM ways JOIN reads ON reads.read = ways.view WHERE ways.depth < 100
    )
    SELECT format('%I.%I', n.nspname, c.relname) FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    JOIN ways ON ways.view = c.oid
    WHERE c.relkind = 'm' AND c.relispopulated
    GROUP BY 1 ORDER BY max(ways.depth), 1
"""


@dataclass(frozen=True)
class _Switch:
    oid: int
    table: str
    """quoted, as `name` is"""
    kind: str
    name: str
    enabled: str
    """PostgreSQL's letter"""
    inherited: bool


@contextmanager
def event_triggers_off(connection: Connection) -> Iterator[None]:
    """No event trigger that the role may switch off fires in this block of the transaction."""
    before = _event_triggers(connection)
    for name, enabled in before.values():
        if enabled != "D":
            connection.execute(f"ALTER EVENT TRIGGER {name} DISABLE".encode())
    yield
    for oid, (name, _off) in _event_triggers(connection).items():
        if oid in before:
            connection.execute(f"ALTER EVENT TRIGGER {name} {_ENABLED_AS[before[oid][1]]}".encode())


@contextmanager
def triggers_off(connection: Connection) -> Iterator[None]:
    """No trigger and no rule of the database's own fires in this block of the transaction; foreign keys hold.

    `session_replication_role` would switch off foreign keys as well, with rows that they delete. Raises BaselinerError
    where the role does not own a table that has some.
    """
    before = _switches(connection)
    for each in before.values():
        if each.enabled != "D":
            _switch(connection, each, "DISABLE")
    yield
    for oid, now in _switches(connection).items():
        former = before.get(oid)
        if former is not None and (former.enabled != "D" or former.inherited):
            _switch(connection, now, _ENABLED_AS[former.enabled])


def refresh_materialized_views(connection: Connection) -> None:
    """All that are populated, those first which others read. Raises BaselinerError."""
    # Their queries run as always: a policy that was made for them is no surprise.
    connection.execute("SET LOCAL row_security = on")
    for (view,) in connection.execute(_MATERIALIZED_VIEWS.encode()).fetchall():
        try:
            connection.execute(f"REFRESH MATERIALIZED VIEW {view}".encode())
        except psycopg.Error as error:
            raise BaselinerError(
                f"The materialized view {view} still has rows as they were before the masking, since it could not be "
                f"refreshed: {told_without_values(error)}",
                "Make Baseliner's role a member of its owner, or let the masking drop it.",
            ) from error


def _event_triggers(connection: Connection) -> dict[int, tuple[str, str]]:
    """Quoted names, and PostgreSQL's letters for how they are enabled."""
    rows = connection.execute(
        """SELECT oid, quote_ident(evtname), evtenabled FROM pg_catalog.pg_event_trigger
           WHERE pg_has_role(evtowner, 'USAGE')"""
    ).fetchall()
    return {oid: (name, enabled) for oid, name, enabled in rows}


def _switches(connection: Connection) -> dict[int, _Switch]:
    return {row[0]: _Switch(*row) for row in connection.execute(_TRIGGERS_AND_RULES.encode()).fetchall()}


def _switch(connection: Connection, each: _Switch, how: str) -> None:
    try:
        connection.execute(f"ALTER TABLE {each.table} {how} {each.kind} {each.name}".encode())
    except psycopg.Error as error:
        if not is_about_statement(error):
            raise
        raise BaselinerError(
            f"The masking would fire the {each.kind.lower()} {each.name} of {each.table}, which may copy rows before "
            f"they are masked, and it could not be switched off: {told_without_values(error)}",
            remedy_for(error, "the table's owner"),
        ) from error


def remedy_for(error: psycopg.Error, owner: str) -> str:
    """What to do where DDL of ours was refused; by a function of the database's own, if not for want of a role."""
    if isinstance(error, errors.InsufficientPrivilege):
        return f"Make Baseliner's role a member of {owner}."
    return "Read the server's log for this moment; an event trigger may forbid it."
