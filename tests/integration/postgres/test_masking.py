"""Masking by a role that may little: what it cannot mask, or cannot remove for good, is an error."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from bot.errors import BaselinerError, DatabaseUnreachable
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


AUDITED = """
    CREATE TABLE people (id int PRIMARY KEY, name text);
    CREATE TABLE audit (id int, name text);
    CREATE TABLE letters (id int REFERENCES people ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED, name text);
    CREATE TABLE parts (id int, name text) PARTITION BY LIST (id);
    CREATE TABLE part PARTITION OF parts FOR VALUES IN (1);
    INSERT INTO people SELECT i, 'person ' || i FROM generate_series(1, 3) i;
    INSERT INTO letters TABLE people;
    INSERT INTO parts SELECT FROM people WHERE id < 0;
    INSERT INTO part VALUES (1, 'person 1');
    CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN INSERT INTO public.audit VALUES (OLD.id, OLD.name); RETURN NEW; END $$;
    CREATE TRIGGER plain BEFORE UPDATE ON people FOR EACH ROW EXECUTE FUNCTION keep();
    CREATE TRIGGER always BEFORE UPDATE ON people FOR EACH ROW EXECUTE FUNCTION keep();
    CREATE TRIGGER never BEFORE UPDATE ON people FOR EACH ROW EXECUTE FUNCTION keep();
    CREATE TRIGGER doomed BEFORE UPDATE ON letters FOR EACH ROW EXECUTE FUNCTION keep();
    CREATE TRIGGER cloned AFTER UPDATE ON parts FOR EACH ROW EXECUTE FUNCTION keep();
    CREATE RULE also AS ON UPDATE TO people DO ALSO INSERT INTO audit VALUES (OLD.id, OLD.name);
    ALTER TABLE people ENABLE ALWAYS TRIGGER always;
    ALTER TABLE people ENABLE REPLICA RULE also;
    ALTER TABLE people DISABLE TRIGGER never;
    ALTER TABLE part DISABLE TRIGGER cloned;
    CREATE VIEW between_them AS SELECT name FROM people;
    CREATE MATERIALIZED VIEW z_first AS SELECT name FROM between_them;
    CREATE MATERIALIZED VIEW a_second AS SELECT name || '!' AS name, 1 AS id FROM z_first;
    CREATE MATERIALIZED VIEW empty AS SELECT name FROM z_first WITH NO DATA;
"""
SWITCHES = """
    SELECT array_agg(concat_ws(' ', r::regclass, n, e) ORDER BY r::regclass::text, n) FROM (
        SELECT tgrelid, tgname, tgenabled FROM pg_trigger WHERE NOT tgisinternal
        UNION ALL SELECT ev_class, rulename, ev_enabled FROM pg_rewrite WHERE rulename = 'also') s (r, n, e)
"""


def value(database: Database, query: str) -> object:
    with psycopg.connect(database.dsn) as connection:
        row = connection.execute(query.encode()).fetchone()
    return row[0] if row else None


def test_nothing_that_follows_from_a_change_keeps_rows_as_they_were(database: Database, tmp_path: Path) -> None:
    database.cluster.execute(AUDITED, database.name)
    text = (
        "ALTER TABLE letters RENAME TO notes; DROP TRIGGER doomed ON notes; DELETE FROM people WHERE id = 2;"
        "UPDATE people SET name = 'x'; UPDATE parts SET name = 'x'; UPDATE notes SET name = 'x'"
    )
    before = value(database, SWITCHES)
    assert run(Server(database.dsn), database, tmp_path, text) == ["public.notes", "public.part", "public.people"]
    assert value(database, "SELECT count(*) FROM audit") == 0, "no trigger and no rule fired"
    assert value(database, "SELECT array_agg(id) FROM notes") == [1, 3], "a foreign key still deletes"
    assert isinstance(before, list)
    assert value(database, SWITCHES) == [each for each in before if "doomed" not in each]
    assert {"people also R", "people always A", "people never D", "part cloned D", "parts cloned O"} <= set(before)
    assert names(database, "a_second") == ["x!", "x!"]
    assert value(database, "SELECT relispopulated FROM pg_class WHERE relname = 'empty'") is False


def test_triggers_and_views_that_the_role_may_not_touch_are_an_error(
    keeper: Server, database: Database, tmp_path: Path
) -> None:
    database.cluster.execute("CREATE MATERIALIZED VIEW seen AS SELECT name FROM people", database.name)
    with pytest.raises(BaselinerError, match=r"view public\.seen still has rows as they were .*: must be owner of"):
        run(keeper, database, tmp_path, "UPDATE people SET name = 'x'")
    for statement in (
        "DROP MATERIALIZED VIEW seen",
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
        "CREATE TRIGGER t BEFORE UPDATE ON people FOR EACH ROW EXECUTE FUNCTION f()",
    ):
        database.cluster.execute(statement, database.name)
    with pytest.raises(BaselinerError, match=r"fire the trigger t of public\.people, .* must be owner of"):
        run(keeper, database, tmp_path, "UPDATE people SET name = 'x'")
    assert names(database, "people")[0] == "person 1"


def test_what_a_function_raises_about_a_row_is_not_told(database: Database, tmp_path: Path) -> None:
    """Whatever SQLSTATE it takes for it, and whatever it makes PostgreSQL say."""
    for statement in (
        *(f"RAISE EXCEPTION 'alice' USING ERRCODE = '{code}'" for code in ("P0001", "23514", "38000", "57P01")),
        """EXECUTE format('SELECT %I', 'alice')""",
        "ASSERT false, 'alice'",
    ):
        with pytest.raises(BaselinerError, match="SQLSTATE ") as caught:
            run(Server(database.dsn), database, tmp_path, f"DO $$ /* {'x' * 60} */ BEGIN {statement}; END $$")
        assert "alice" not in str(caught.value), statement


def test_a_session_that_ends_is_no_fault_of_the_file(database: Database, tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnreachable, match="terminating connection") as caught:
        run(Server(database.dsn), database, tmp_path, "SELECT pg_terminate_backend(pg_backend_pid())")
    assert "server's log" in caught.value.remedy


VIEWED = """
    CREATE TABLE people (id int, name text);
    INSERT INTO people VALUES (1, 'person 1');
    CREATE TABLE audit (name text);
    CREATE VIEW seen AS SELECT * FROM people;
    CREATE VIEW counted AS SELECT name, count(*) AS n FROM people GROUP BY name;
    CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN INSERT INTO public.audit VALUES (OLD.name); RETURN NEW; END $$;
    CREATE TRIGGER "{al}so" INSTEAD OF UPDATE ON seen FOR EACH ROW EXECUTE FUNCTION keep();
    CREATE TRIGGER also INSTEAD OF UPDATE ON counted FOR EACH ROW EXECUTE FUNCTION keep();
    COMMENT ON TRIGGER "{al}so" ON seen IS 'it''s audited';
    CREATE RULE also AS ON DELETE TO seen DO INSTEAD (INSERT INTO audit VALUES (OLD.name); DELETE FROM people);
"""
OF_VIEWS = """
    SELECT array_agg(definition ORDER BY definition) FROM (
        SELECT pg_get_triggerdef(oid) || coalesce(obj_description(oid, 'pg_trigger'), '') FROM pg_trigger
        UNION ALL SELECT pg_get_ruledef(oid) FROM pg_rewrite WHERE rulename = 'also') s (definition)
"""


def test_what_a_view_does_instead_of_a_change_is_not_done(database: Database, tmp_path: Path) -> None:
    database.cluster.execute(VIEWED, database.name)
    before, server = value(database, OF_VIEWS), Server(database.dsn)
    assert isinstance(before, list)
    assert len(before) == 3
    assert run(server, database, tmp_path, "SET search_path = pg_catalog; UPDATE public.seen SET name = 'x'") == [
        "public.people"
    ]
    assert names(database, "people") == ["x"]
    assert value(database, "SELECT count(*) FROM audit") == 0
    assert value(database, OF_VIEWS) == before
    with pytest.raises(BaselinerError, match='cannot update view "counted"'):
        run(server, database, tmp_path, "UPDATE counted SET name = 'y'")
    with pytest.raises(BaselinerError, match=r"rule also of public\.seen .* could not be made again"):
        run(server, database, tmp_path, "ALTER VIEW seen RENAME TO old")
    run(server, database, tmp_path, "DELETE FROM seen; DROP VIEW seen")
    assert (value(database, "SELECT count(*) FROM people"), value(database, "SELECT count(*) FROM audit")) == (0, 0)


FORBIDS = """
    CREATE FUNCTION forbid() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no DDL'; END $$;
    CREATE EVENT TRIGGER forbids ON ddl_command_start EXECUTE FUNCTION forbid();
    ALTER EVENT TRIGGER forbids ENABLE ALWAYS;
"""


def test_event_triggers_do_not_fire_either(keeper: Server, database: Database, tmp_path: Path) -> None:
    role = keeper.dsn.partition("user=")[2].split()[0]
    for statement in (
        "CREATE MATERIALIZED VIEW seen AS SELECT name FROM people",
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
        "CREATE TRIGGER t BEFORE UPDATE ON people FOR EACH ROW EXECUTE FUNCTION f()",
        f"ALTER TABLE people OWNER TO {role}",
        FORBIDS,
    ):
        database.cluster.execute(statement, database.name)
    try:
        run(Server(database.dsn), database, tmp_path, "UPDATE people SET name = 'x'; CREATE TABLE made ()")
        assert value(database, "SELECT evtenabled FROM pg_event_trigger") == "A"
        with pytest.raises(BaselinerError, match=r"fire the trigger t of public\.people, .*SQLSTATE P0001") as caught:
            run(keeper, database, tmp_path, "UPDATE people SET name = 'y'")
        assert "event trigger" in caught.value.remedy
    finally:
        database.cluster.execute("DROP EVENT TRIGGER forbids", database.name)
        database.cluster.execute("DROP MATERIALIZED VIEW seen", database.name)
