"""Fleet's database: its history, its rows, and what a plain dump of it would lose."""

import subprocess
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from sandbox.sample.database import DEPLOYED, ROLE, alembic, create_fleet, migrate
from sandbox.sample.seed import ROWS, seed
from tests.conftest import Clusters
from tests.support import Database, fresh_database, one_major, random_name

NOW = datetime(2026, 11, 22, 10, 15, tzinfo=UTC)
SMALL = {"devices": 200, "policies": 8, "runs": 12, "run_items": 600, "audit_log": 100}


def content_of(database: Database, rows: dict[str, int] = SMALL) -> list[object]:
    migrate(database.dsn, DEPLOYED)
    with psycopg.connect(database.dsn) as connection:
        seed(connection, NOW, rows)
        return [
            connection.execute(
                f"SELECT count(*), md5(string_agg(t::text, '' ORDER BY t::text)) FROM {table} t"
            ).fetchone()
            for table in rows
        ]


def test_the_seed_is_the_same_for_the_same_moment(clusters: Clusters) -> None:
    with fresh_database(clusters.get(16)) as one, fresh_database(clusters.get(18)) as other:
        content = content_of(one)
        assert content == content_of(other)
        assert [row[0] for row in content if isinstance(row, tuple)] == list(SMALL.values())


def test_the_whole_database_is_there_with_the_marks_that_a_dump_loses(clusters: Clusters) -> None:
    cluster = clusters.get(16)
    name = random_name("fleet")
    dsn = create_fleet(cluster, name, NOW)
    try:
        with psycopg.connect(dsn) as connection:
            counted = {
                table: (connection.execute(f"SELECT count(*) FROM {table}").fetchone() or (0,))[0] for table in ROWS
            }
            assert counted == ROWS
            orphans = connection.execute(
                "SELECT count(*) FROM run_items LEFT JOIN devices ON devices.id = device_id "
                "LEFT JOIN runs ON runs.id = run_id LEFT JOIN policies ON policies.id = policy_id "
                "WHERE policies.id IS NULL OR devices.id IS NULL"
            ).fetchone()
            assert orphans == (0,)
            assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == (DEPLOYED,)
            marks = connection.execute(
                "SELECT pg_get_userbyid(datdba), datconnlimit, shobj_description(oid, 'pg_database') LIKE 'Config%', "
                "has_database_privilege('pg_monitor', oid, 'CONNECT') "
                "FROM pg_database WHERE datname = current_database()"
            ).fetchone()
            assert marks == (ROLE, 60, True, False)
    finally:
        cluster.drop_database(name)
        cluster.execute(f"DROP ROLE {ROLE}")


@one_major
def test_one_migration_waits_and_applies(database: Database) -> None:
    migrate(database.dsn, DEPLOYED)
    with psycopg.connect(database.dsn) as connection:
        seed(connection, NOW, SMALL)
    migrate(database.dsn, "head")
    with psycopg.connect(database.dsn) as connection:
        teams = connection.execute("SELECT DISTINCT owner_team FROM devices ORDER BY 1").fetchall()
    assert ("network-ber",) in teams
    assert len(teams) == 6


@pytest.mark.parametrize(("word", "line"), [("heads", "0005 (head)"), ("history", "0004 -> 0005 (head)")])
def test_the_history_is_told_without_a_database(word: str, line: str, tmp_path: Path) -> None:
    answer = subprocess.run(
        alembic(word), env={"PATH": "/usr/bin:/bin"}, cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert answer.stdout.startswith(line)
    assert answer.stderr == ""
