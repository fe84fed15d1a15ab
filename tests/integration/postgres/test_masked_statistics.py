"""The planner's statistics of rows that were masked: whoever may read a table may read these."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from bot.errors import BaselinerError
from bot.postgres.connection import Server
from bot.postgres.masking import mask, read_script
from bot.runtime.stop import StopSignal
from tests.support import Database, random_name

ANALYZED = """
    CREATE TABLE people AS SELECT i AS id, 'alice' AS name FROM generate_series(1, 100) i;
    CREATE TABLE emptied AS TABLE people;
    CREATE TABLE filled AS TABLE people;
    CREATE INDEX ON emptied (upper(name));
    CREATE STATISTICS emptied_stats (mcv) ON id, name, (lower(name)) FROM emptied;
    CREATE TABLE parts (id int, name text) PARTITION BY LIST (id);
    CREATE TABLE part PARTITION OF parts FOR VALUES IN (1);
    INSERT INTO parts SELECT 1, name FROM people;
    ANALYZE;
"""
MASK = """
    UPDATE people SET name = 'x';
    TRUNCATE emptied, filled;
    INSERT INTO filled VALUES (1, 'y');
    DELETE FROM part;
"""
QUOTED = """
    SELECT tablename FROM pg_stats WHERE most_common_vals::text ILIKE '%alice%'
    UNION SELECT tablename FROM pg_stats_ext WHERE most_common_vals::text ILIKE '%alice%'
    UNION SELECT tablename FROM pg_stats_ext_exprs WHERE most_common_vals::text ILIKE '%alice%' ORDER BY 1
"""
QUOTING = ["emptied", "emptied_upper_idx", "filled", "part", "parts", "people"]


def run(server: Server, database: Database, folder: Path, text: str = MASK) -> None:
    path = folder / "mask.sql"
    path.write_text(text)
    mask(server, database.name, read_script(path), stop=StopSignal())


def quoting(database: Database) -> list[str]:
    with psycopg.connect(database.dsn) as connection:
        return [row[0] for row in connection.execute(QUOTED).fetchall()]


def files(database: Database) -> bytes:
    """What the server keeps of statistics, with all that is only marked as deleted."""
    query = """SELECT string_agg(pg_read_binary_file(pg_relation_filepath(c)), '')
               FROM unnest('{pg_statistic,pg_statistic_ext_data}'::regclass[]) c"""
    with psycopg.connect(database.dsn) as connection:
        connection.execute("CHECKPOINT")
        return bytes((connection.execute(query).fetchone() or (b"",))[0])


def test_none_is_left_of_what_was_masked(database: Database, tmp_path: Path) -> None:
    database.cluster.execute(ANALYZED, database.name)
    assert quoting(database) == QUOTING
    assert b"alice" in files(database)
    run(Server(database.dsn), database, tmp_path)
    assert quoting(database) == []
    assert b"alice" not in files(database)


def test_a_role_that_is_no_superuser_removes_them_or_says_that_it_cannot(database: Database, tmp_path: Path) -> None:
    keeper, cluster = random_name("keeper"), database.cluster
    cluster.execute(f"CREATE ROLE {keeper} LOGIN PASSWORD 'secret'")
    cluster.execute(ANALYZED, database.name)
    cluster.execute(f"ALTER DATABASE {database.name} OWNER TO {keeper}")
    for table in ("people", "emptied", "filled", "parts", "part"):
        cluster.execute(f"ALTER TABLE {table} OWNER TO {keeper}", database.name)
    server = Server(make_conninfo(database.dsn, user=keeper, password="secret"))
    try:
        with pytest.raises(BaselinerError, match=rf"values that were in public\.emptied, .* {keeper} ") as caught:
            run(server, database, tmp_path)
        assert "made-up row" in caught.value.remedy
        made_up = "INSERT INTO emptied VALUES (1, 'y'); INSERT INTO part VALUES (1, 'y')"
        run(server, database, tmp_path, made_up)
        assert quoting(database) == []
        assert b"alice" not in files(database)
        with server.connect() as connection:
            connection.execute("DROP STATISTICS emptied_stats")
            connection.execute("ANALYZE")
            if connection.info.server_version >= 180000:
                run(server, database, tmp_path, "TRUNCATE emptied")
            else:
                with pytest.raises(BaselinerError, match=r"values that were in public\.emptied,"):
                    run(server, database, tmp_path, "TRUNCATE emptied")
    finally:
        cluster.execute(f"REASSIGN OWNED BY {keeper} TO postgres", database.name)
        cluster.execute(f"DROP ROLE {keeper}")
