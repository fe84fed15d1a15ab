"""What a database holds, as counts and hashes, and how two such accounts differ."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from psycopg import Connection, sql
from psycopg.pq import TransactionStatus

from bot.models import DatabaseDigest, TableDigest
from bot.postgres.cancel import cancelled_by
from bot.postgres.errors import readable_errors
from bot.postgres.row_text import COLUMNS, columns_of, row_text
from bot.postgres.schema_hash import schema_sha256
from bot.runtime.stop import StopSignal

LARGE_OBJECTS = "large objects"
_LOCK_TIMEOUT = "30s"
_LARGE_OBJECT_PIECE = 64 << 20

# Whatever the session, role or database set, the same row gives the same text.
_PINNED = {
    "search_path": "",
    "TimeZone": "UTC",
    "DateStyle": "ISO, YMD",
    "IntervalStyle": "postgres",
    "extra_float_digits": "1",
    "bytea_output": "hex",
    "lc_monetary": "C",
    "xmloption": "content",
    "quote_all_identifiers": "off",
    "row_security": "off",
    "lock_timeout": _LOCK_TIMEOUT,
}

_TABLES = """
    SELECT n.nspname, c.relname, format('%I.%I', n.nspname, c.relname),
           c.oid, pg_catalog.pg_table_size(c.oid)
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND c.oid >= 16384
      AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
      AND NOT (c.relpersistence = 'u' AND pg_catalog.pg_is_in_recovery())
      AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                      WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
    ORDER BY 3
"""

# Values taken since the start: grows whatever the direction. A cycling sequence may go back, so it has no position.
_SEQUENCES = """
    SELECT format('%I.%I', schemaname, sequencename),
           coalesce(div(last_value::numeric - start_value, increment_by)::bigint + 1, 0)
    FROM pg_catalog.pg_sequences
    WHERE NOT cycle AND schemaname !~ '^pg_temp'
    ORDER BY 1
"""

# Gives back the oids of those which may go on behind this piece.
_LARGE_OBJECT_ROUND = """
    SELECT coalesce(sum(hashtextextended(
               oid || ':' || %(at)s || ':' || encode(sha256(data), 'hex') COLLATE "C", 0)::numeric), 0),
           coalesce(array_agg(oid) FILTER (WHERE length(data) = %(size)s), '{}')
    FROM (SELECT oid, lo_get(oid, %(at)s::bigint, %(size)s::int) AS data
          FROM unnest(%(oids)s::oid[]) AS oid OFFSET 0) AS pieces
"""


Hashed = Callable[[str, int], bool]
"""Whether the content of a table is hashed, by its name and its size in bytes, or only its rows counted."""


def hashed_up_to(size: int) -> Hashed:
    """Tables of at most this many bytes."""
    return lambda _name, table_size: table_size <= size


def hashed_in(digest: DatabaseDigest) -> Hashed:
    """The same tables as in that digest, so that both can be compared."""
    counted = set(digest.only_counted)
    return lambda name, _size: name not in counted


def _everything(_name: str, _size: int) -> bool:
    return True


def database_digest(
    connection: Connection,
    *,
    stop: StopSignal,
    sequences: Mapping[str, int] | None = None,
    hashed: Hashed = _everything,
    processes: int | None = None,
) -> DatabaseDigest:
    """Digest of the connection's database in its current transaction's snapshot, or in one of its own.

    `sequences` are positions read before the dump began (see Snapshot). At most `processes` of the server read, where
    that is given. Raises DatabaseUnreachable when a table may not be read, is under row security or is locked;
    Interrupted.
    """
    with readable_errors("computing the digest"), cancelled_by(connection, stop), pinned(connection):
        if processes is not None:
            _limit(connection, processes)
        positions = sequence_positions(connection) if sequences is None else sequences
        tables = list(_table_digests(connection, stop, hashed))
        large_objects = _large_objects(connection, stop, hashed)
        if large_objects.rows:
            tables.append(large_objects)
        return DatabaseDigest(tuple(tables), dict(positions), large_objects.rows, schema_sha256(connection))


def _limit(connection: Connection, processes: int) -> None:
    limit = "max_parallel_workers_per_gather"
    query = "SELECT set_config(%s, least(current_setting(%s)::int, %s)::text, true)"
    connection.execute(query, (limit, limit, processes - 1))


def sequence_positions(connection: Connection) -> dict[str, int]:
    """How many values each sequence has given out."""
    return {name: int(position) for name, position in connection.execute(_SEQUENCES).fetchall()}


def compare(expected: DatabaseDigest, actual: DatabaseDigest, *, same_major: bool = True) -> list[str]:
    """Each difference as a sentence; none when `actual` is what was backed up.

    Major versions of PostgreSQL write the same definitions differently: across them the schema's hash says nothing.
    """
    differences = list(_table_differences(expected, actual))
    for name, position in sorted(expected.sequences.items()):
        found = actual.sequences.get(name)
        if found is None:
            differences.append(f"sequence {name}: in the backup, missing in the restored database")
        elif found < position:
            differences.append(f"sequence {name}: at {position:,} in the backup, at {found:,} restored")
    if expected.large_objects != actual.large_objects:
        differences.append(
            f"large objects: {expected.large_objects:,} in the backup, {actual.large_objects:,} restored"
        )
    if same_major and expected.schema_sha256 != actual.schema_sha256:
        differences.append("schema: definitions of tables, indexes, constraints, views or functions differ")
    return differences


def _table_differences(expected: DatabaseDigest, actual: DatabaseDigest) -> Iterator[str]:
    none = TableDigest(LARGE_OBJECTS, 0, "")
    before = {LARGE_OBJECTS: none} | {table.table: table for table in expected.tables}
    after = {LARGE_OBJECTS: none} | {table.table: table for table in actual.tables}
    for name in sorted(before.keys() | after.keys()):
        unit = "" if name == LARGE_OBJECTS else " rows"
        if name not in after:
            yield f"{name}: {before[name].rows:,} rows in the backup, missing in the restored database"
        elif name not in before:
            yield f"{name}: not in the backup, {after[name].rows:,} rows in the restored database"
        elif before[name].rows != after[name].rows:
            yield f"{name}: {before[name].rows:,}{unit} in the backup, {after[name].rows:,} restored"
        elif before[name].content != after[name].content:
            yield f"{name}: same{unit[:-1]} count ({before[name].rows:,}), different content"


def _table_digests(connection: Connection, stop: StopSignal, hashed: Hashed) -> Iterator[TableDigest]:
    for schema, table, name, oid, size in connection.execute(_TABLES).fetchall():
        stop.check()
        yield table_digest(connection, sql.Identifier(schema, table), name, oid, hashed=hashed(name, size))


def table_digest(connection: Connection, table: sql.Identifier, name: str, oid: int, *, hashed: bool) -> TableDigest:
    """Of one table, inside `pinned`, under the `name` that its digest is to have."""
    with readable_errors(f"reading {name}"):
        content = _content(connection, oid) if hashed else sql.SQL("NULL")
        row = connection.execute(sql.SQL("SELECT count(*), {} FROM ONLY {} AS t").format(content, table)).fetchone()
    assert row is not None  # noqa: S101 - an aggregate has one row
    return TableDigest(name, int(row[0]), None if row[1] is None else str(row[1]))


def _content(connection: Connection, table: int) -> sql.Composed:
    row = connection.execute(COLUMNS, (table,)).fetchone()
    assert row is not None  # noqa: S101 - an aggregate has one row
    # "C": a collation may change what hashes alike. A sum of bigint is a numeric: it does not overflow.
    return sql.SQL('coalesce(sum(hashtextextended({} COLLATE "C", 0)), 0)').format(row_text("t", columns_of(*row)))


def _large_objects(connection: Connection, stop: StopSignal, hashed: Hashed) -> TableDigest:
    """Count, and a hash over every piece of every large object; read in rounds, since one may be larger than memory."""
    oids = [row[0] for row in connection.execute("SELECT oid FROM pg_catalog.pg_largeobject_metadata").fetchall()]
    count, content, at = len(oids), 0, 0
    size = connection.execute("SELECT pg_catalog.pg_table_size('pg_catalog.pg_largeobject')").fetchone()
    if not hashed(LARGE_OBJECTS, int(size[0]) if size else 0):
        return TableDigest(LARGE_OBJECTS, count, None)
    while oids:
        stop.check()
        row = connection.execute(_LARGE_OBJECT_ROUND, {"oids": oids, "at": at, "size": _LARGE_OBJECT_PIECE}).fetchone()
        assert row is not None  # noqa: S101 - an aggregate has one row
        content, oids = content + int(row[0]), list(row[1])
        at += _LARGE_OBJECT_PIECE
    return TableDigest(LARGE_OBJECTS, count, str(content))


@contextmanager
def pinned(connection: Connection) -> Iterator[None]:
    """Pin the settings for this block alone, in the transaction under way or a repeatable read of its own."""
    own = connection.info.transaction_status == TransactionStatus.IDLE
    with connection.transaction(force_rollback=True):
        if own:
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        for name, value in _PINNED.items():
            connection.execute("SELECT set_config(%s, %s, true)", (name, value))
        yield
