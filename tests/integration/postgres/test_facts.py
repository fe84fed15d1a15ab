"""Facts of a server and its databases."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bot.errors import NotFound, ToolMissing
from bot.postgres.connection import Server
from bot.postgres.dump import Snapshot, dump
from bot.postgres.facts import alembic_revision, database_facts, estimated_dump_bytes, replication_slots, server_facts
from bot.postgres.tools import find_tools
from bot.runtime.stop import StopSignal
from tests.integration.postgres.engine import Engine, nowhere
from tests.support import Database


def test_a_server_says_who_and_of_which_version_it_is(engine: Engine, database: Database) -> None:
    with engine.server.connect() as connection:
        facts = server_facts(connection)
    assert facts.major == database.cluster.major
    assert facts.version.startswith(f"{facts.major}.")
    assert facts.system_identifier.isdigit()
    assert not facts.in_recovery


def test_tools_are_of_the_major_that_was_asked_for(engine: Engine, database: Database) -> None:
    tools = find_tools(database.cluster.major, [database.cluster.bin_dir])
    assert tools.major == database.cluster.major
    with pytest.raises(ToolMissing, match=r"No PostgreSQL 9 client tools found.*PostgreSQL [0-9]") as missing:
        find_tools(9, [database.cluster.bin_dir])
    assert str(database.cluster.bin_dir) in str(missing.value)


def test_properties_of_a_database_are_json(engine: Engine, database: Database) -> None:
    with engine.server.connect() as connection:
        facts = database_facts(connection, database.name)
        with pytest.raises(NotFound):
            database_facts(connection, "nowhere")
    assert facts.size > 1_000_000
    assert facts.extensions == {"plpgsql": "1.0"}
    properties = facts.as_properties()
    assert json.loads(json.dumps(properties)) == properties
    assert {"grantee": None, "privilege": "CONNECT", "grantable": False} in properties["grants"]


def test_the_revision_is_found_in_whatever_schema(engine: Engine) -> None:
    with engine.server.connect() as connection:
        assert alembic_revision(connection) is None
        connection.execute("CREATE SCHEMA app; CREATE TABLE app.alembic_version (version_num varchar(32))")
        assert alembic_revision(connection) is None
        connection.execute("INSERT INTO app.alembic_version VALUES ('b2'), ('a1')")
        assert alembic_revision(connection) == "a1,b2"
        assert alembic_revision(connection, "app.alembic_version") == "a1,b2"
        assert alembic_revision(connection, "public.alembic_version") is None


@pytest.mark.parametrize(
    "rows",
    [
        "SELECT i, i % 7 AS branch, repeat(' ', 84) AS filler FROM generate_series(1, 60000) i",
        "SELECT i, jsonb_build_object('name', 'device ' || i, 'tags', '[]') AS d FROM generate_series(1, 60000) i",
    ],
)
def test_the_dump_is_estimated_within_half_and_double(engine: Engine, tmp_path: Path, rows: str) -> None:
    engine.execute(f"CREATE TABLE sample AS {rows}", "CREATE INDEX ON sample (i)", "ANALYZE")
    with engine.server.connect() as connection:
        estimated = estimated_dump_bytes(connection)
    with Snapshot(engine.server) as snapshot:
        seen: list[int] = []
        result = dump(
            engine.server,
            engine.tools,
            snapshot.id,
            nowhere(tmp_path),
            jobs=2,
            stop=StopSignal(),
            on_progress=seen.append,
        )
    assert 0.5 < estimated / result.raw_bytes < 2
    assert seen[-1] == result.raw_bytes
    assert seen == sorted(seen)


def test_logical_slots_belong_to_their_database(engine: Engine, database: Database) -> None:
    with engine.server.connect() as connection:
        assert replication_slots(connection, database.name) == []
        assert replication_slots(connection, "postgres") == []


def test_another_session_of_a_snapshot_sees_the_same_moment(engine: Engine) -> None:
    engine.execute("CREATE TABLE t AS SELECT 1 AS i")
    with Snapshot(engine.server) as snapshot:
        engine.execute("INSERT INTO t VALUES (2)")
        with snapshot.connect() as connection:
            row = connection.execute("SELECT count(*) FROM t").fetchone()
    assert row == (1,)


def test_time_limits_of_the_role_do_not_end_our_work(engine: Engine, database: Database) -> None:
    engine.execute(
        f"ALTER DATABASE {database.name} SET statement_timeout = '5ms'",
        f"ALTER DATABASE {database.name} SET idle_in_transaction_session_timeout = '5ms'",
        f"ALTER DATABASE {database.name} SET default_transaction_read_only = on",
    )
    server: Server = engine.server
    with server.connect() as connection:
        connection.execute("BEGIN; SELECT pg_sleep(0.1)")
        connection.execute("CREATE TABLE written (i int); COMMIT")
