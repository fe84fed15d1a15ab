"""What was written to a database since a moment, by PostgreSQL's own tuple counters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from psycopg import Connection

from bot.models import TupleCounters
from bot.postgres.errors import readable_errors

_COUNTERS = """
    SELECT format('%I.%I', schemaname, relname), n_tup_ins, n_tup_upd, n_tup_del
    FROM pg_catalog.pg_stat_user_tables WHERE n_tup_ins + n_tup_upd + n_tup_del > 0 ORDER BY 1
"""


@dataclass(frozen=True)
class RowChanges:
    """Of one table."""

    table: str
    inserted: int
    updated: int
    deleted: int

    @property
    def rows(self) -> int:
        return self.inserted + self.updated + self.deleted


def tuple_counters(connection: Connection) -> TupleCounters:
    """Counters of the connection's database (`pg_stat_user_tables`); they lag by up to a minute, and TRUNCATE is not
    counted. With them when they were reset: by a person, or (then the background writer's are too) after a crash.
    """
    with readable_errors("reading tuple counters"):
        row = connection.execute(
            "SELECT d.oid::int8, concat_ws(' ', coalesce(extract(epoch FROM s.stats_reset)::text, '-'),"
            " (SELECT extract(epoch FROM stats_reset)::text FROM pg_catalog.pg_stat_bgwriter))"
            " FROM pg_catalog.pg_database d LEFT JOIN pg_catalog.pg_stat_database s ON s.datid = d.oid"
            " WHERE d.datname = current_database()"
        ).fetchone()
        tables = connection.execute(_COUNTERS).fetchall()
    assert row is not None  # noqa: S101 - the connection's own database
    return TupleCounters(
        row[0], row[1], {name: (inserted, updated, deleted) for name, inserted, updated, deleted in tables}
    )


def changes_between(before: TupleCounters, after: TupleCounters) -> list[RowChanges] | None:
    """Each table that was written to, most first; None where the counters cannot be compared: another database, or
    statistics that were reset in between (by a person, or by a crash of the server).
    """
    if (before.database_oid, before.stats_reset) != (after.database_oid, after.stats_reset):
        return None
    if any(_went_back(counted, after.tables.get(table)) for table, counted in before.tables.items()):
        return None
    changes = [_change(table, before.tables, counted) for table, counted in after.tables.items()]
    return sorted((change for change in changes if change.rows), key=lambda change: (-change.rows, change.table))


def _went_back(before: tuple[int, int, int], after: tuple[int, int, int] | None) -> bool:
    # A table that is gone took its counters with it.
    return after is not None and any(now < then for then, now in zip(before, after, strict=True))


def _change(table: str, before: Mapping[str, tuple[int, int, int]], after: tuple[int, int, int]) -> RowChanges:
    then = before.get(table, (0, 0, 0))
    return RowChanges(table, *(now - earlier for earlier, now in zip(then, after, strict=True)))
