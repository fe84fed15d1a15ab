"""Masking by a role that may little: what it cannot mask, or cannot remove for good, is an error."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from bot.errors import BaselinerError
from bot.postgres.connection import Server
from bot.postgres.masking import mask, read_script
from bot.runtime.stop import StopSignal
from tests.support import Database, one_major, random_name

pytestmark = one_major


@pytest.fixture
def keeper(database: Database) -> Iterator[Server]:
    """A role that may change the rows of two tables, and owns neither."""
    role = random_name("keeper")
    for statement in (
        f"CREATE ROLE {role} LOGIN PASSWORD 'secret'",
        "CREATE TABLE people AS SELECT i AS id, 'person ' || i AS name FROM generate_series(1, 3) i",
        "CREATE TABLE hidden AS TABLE people",
        "ALTER TABLE hidden ENABLE ROW LEVEL SECURITY",
        f"CREATE POLICY narrow ON hidden TO {role} USING (id = 1)",
        f"GRANT SELECT, UPDATE ON people, hidden TO {role}",
    ):
        database.cluster.execute(statement, database.name)
    yield Server(make_conninfo(database.dsn, user=role, password="secret"))
    database.cluster.execute(f"DROP OWNED BY {role}", database.name)
    database.cluster.execute(f"DROP ROLE {role}")


def run(server: Server, database: Database, folder: Path, text: str) -> list[str]:
    path = folder / "mask.sql"
    path.write_text(text)
    return mask(server, database.name, read_script(path), stop=StopSignal())


def names(database: Database, table: str) -> list[str]:
    with psycopg.connect(database.dsn) as connection:
        return [row[0] for row in connection.execute(f"SELECT name FROM {table} ORDER BY id".encode()).fetchall()]


def test_rows_that_a_policy_hides_are_an_error_and_not_left_unmasked(
    keeper: Server, database: Database, tmp_path: Path
) -> None:
    with pytest.raises(BaselinerError, match="row-level security"):
        run(keeper, database, tmp_path, "UPDATE people SET name = 'x'; UPDATE hidden SET name = 'x'")
    assert names(database, "people")[0] == "person 1", "all of it or nothing"


def test_former_rows_that_cannot_be_removed_are_an_error(keeper: Server, database: Database, tmp_path: Path) -> None:
    with pytest.raises(BaselinerError, match=r"former rows of public\.people stay") as caught:
        run(keeper, database, tmp_path, "UPDATE people SET name = 'x'")
    assert "ALTER TABLE public.people OWNER TO" in caught.value.remedy


def test_each_table_that_was_changed_is_written_anew(database: Database, keeper: Server, tmp_path: Path) -> None:
    text = "DELETE FROM people WHERE id = 2; ALTER TABLE hidden DROP COLUMN name; CREATE TABLE made (id int)"
    assert run(Server(database.dsn), database, tmp_path, text) == ["public.hidden", "public.people"]
    database.cluster.execute(f"ALTER DATABASE {database.name} SET track_counts = off")
    assert run(Server(database.dsn), database, tmp_path, "SELECT 1") == [
        "public.hidden",
        "public.made",
        "public.people",
    ]
