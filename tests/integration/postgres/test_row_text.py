"""The text of a row: rows that differ have different texts, whatever their values hold."""

from __future__ import annotations

from itertools import combinations

from psycopg import Connection, sql

from bot.models import DatabaseDigest
from bot.postgres.digest import database_digest
from bot.postgres.row_text import COLUMNS, columns_of, row_text
from bot.runtime.stop import StopSignal
from tests.integration.postgres.engine import Engine

ALIKE = """
    CREATE TABLE alike (a text, b text, c varchar(9), d char(3), e text[], f json, g text NOT NULL, h integer);
    INSERT INTO alike (a, b, c, d, e, f, g, h) VALUES
        (NULL, NULL, NULL, NULL, NULL, NULL, '', NULL),
        ('', NULL, NULL, NULL, NULL, NULL, '', NULL),
        (NULL, '', NULL, NULL, NULL, NULL, '', NULL),
        (NULL, NULL, '', NULL, NULL, NULL, '', NULL),
        (NULL, NULL, NULL, '', NULL, NULL, '', NULL),
        (NULL, NULL, NULL, NULL, '{}', NULL, '', NULL),
        (NULL, NULL, NULL, NULL, '{""}', NULL, '', NULL),
        (NULL, NULL, NULL, NULL, '{NULL}', NULL, '', NULL),
        (NULL, NULL, NULL, NULL, NULL, '{}', '', NULL),
        (NULL, NULL, NULL, NULL, NULL, '{ }', '', NULL),
        (NULL, NULL, NULL, NULL, NULL, NULL, '0', NULL),
        (NULL, NULL, NULL, NULL, NULL, NULL, '', 0),
        ('x', E'y\\x1fz', NULL, NULL, NULL, NULL, '', NULL),
        (E'x\\x1fy', 'z', NULL, NULL, NULL, NULL, '', NULL),
        (E'x\\x1f1\\x1fy', 'z', NULL, NULL, NULL, NULL, '', NULL),
        ('x', E'1\\x1fy\\x1fz', NULL, NULL, NULL, NULL, '', NULL),
        ('x ', NULL, NULL, NULL, NULL, NULL, '', NULL),
        ('x', NULL, NULL, NULL, NULL, NULL, '', NULL),
        (NULL, NULL, 'x', NULL, NULL, NULL, '', NULL),
        (NULL, NULL, NULL, 'x', NULL, NULL, '', NULL)
"""


def texts(connection: Connection, table: str) -> list[str]:
    oid = connection.execute("SELECT %s::regclass::oid", (table,)).fetchone()
    assert oid is not None
    columns = connection.execute(COLUMNS, (oid[0],)).fetchone()
    assert columns is not None
    query = sql.SQL("SELECT {} FROM {} AS t").format(row_text("t", columns_of(*columns)), sql.Identifier(table))
    return [row[0] for row in connection.execute(query).fetchall()]


def test_rows_that_differ_have_different_texts(engine: Engine) -> None:
    with engine.server.connect() as connection:
        connection.execute(ALIKE)
        found = texts(connection, "alike")
    assert len(found) == 20
    for one, other in combinations(found, 2):
        assert one != other


def test_a_table_may_have_more_columns_than_a_function_has_arguments_and_also_none(engine: Engine) -> None:
    names = [f"c{number:04}" for number in range(1_000)]
    with engine.server.connect() as connection:
        connection.execute(f"CREATE TABLE wide ({', '.join(f'{name} bool' for name in names)})".encode())
        connection.execute("CREATE TABLE none ()")
        connection.execute("INSERT INTO none DEFAULT VALUES")
        for name in names[::100]:
            connection.execute(f"INSERT INTO wide ({name}) VALUES (false), (true)".encode())
        assert len(set(texts(connection, "wide"))) == 20
        assert texts(connection, "none") == [""]


def test_the_number_of_processes_that_read_is_bounded(engine: Engine) -> None:
    def parallel_plan(connection: Connection) -> str:
        plan = connection.execute("EXPLAIN SELECT count(*) FROM public.many").fetchall()
        return "\n".join(row[0] for row in plan)

    def seen(processes: int | None) -> tuple[DatabaseDigest, str]:
        plans: list[str] = []

        def hashed(name: str, _size: int) -> bool:
            if name == "public.many":
                plans.append(parallel_plan(connection))
            return True

        with engine.server.connect() as connection:
            digest = database_digest(connection, stop=StopSignal(), hashed=hashed, processes=processes)
        return digest, plans[0]

    with engine.server.connect() as connection:
        connection.execute("CREATE TABLE many AS SELECT generate_series(1, 10000) AS n")
        connection.execute("ALTER TABLE many SET (parallel_workers = 4); ANALYZE many")
        database = connection.info.dbname
        for setting in ("min_parallel_table_scan_size", "parallel_setup_cost", "parallel_tuple_cost"):
            connection.execute(f'ALTER DATABASE "{database}" SET {setting} = 0'.encode())
    digests, plans = zip(*(seen(processes) for processes in (None, 2, 1)), strict=True)
    assert digests[0] == digests[1] == digests[2]
    assert "Workers Planned: 2" in plans[0]
    assert "Workers Planned: 1" in plans[1]
    assert "Workers" not in plans[2]
