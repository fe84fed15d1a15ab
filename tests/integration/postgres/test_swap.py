"""A restored database takes the place of the live one, whole, and a broken swap can be ended either way."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
import pytest
from psycopg import sql

from bot.errors import Conflict, DatabaseUnreachable, Interrupted, UsageError
from bot.postgres.facts import database_facts, prepared_transactions, sessions
from bot.postgres.load import apply_properties, create_database
from bot.postgres.swap import SwapState, aside_name, drop_database, rename, reopen, scratch_name, swap, swap_state
from bot.runtime.stop import StopSignal
from tests.integration.postgres.engine import Engine
from tests.support import Database, eventually, one_major

OPERATION = "20261122T101500Z-7k3f"


@dataclass(frozen=True)
class Names:
    live: str
    new: str
    aside: str


@pytest.fixture
def names(engine: Engine, database: Database) -> Iterator[Names]:
    """A live database with the old data, and a new one that waits."""
    names = Names(database.name, scratch_name(database.name, OPERATION), aside_name(database.name, OPERATION))
    with engine.server.maintenance() as connection:
        properties = database_facts(connection, names.live).as_properties()
        create_database(connection, names.new, properties)
        apply_properties(connection, names.new, properties)
    engine.execute("CREATE TABLE origin AS SELECT 'old' AS data", f"ALTER DATABASE {names.live} CONNECTION LIMIT 7")
    engine.execute("CREATE TABLE origin AS SELECT 'new' AS data", database=names.new)
    yield names
    database.cluster.drop_database(names.new)
    database.cluster.drop_database(names.aside)


def state(engine: Engine, names: Names) -> SwapState:
    with engine.server.maintenance() as connection:
        return swap_state(connection, names.live, names.new, names.aside)


def make_swap(engine: Engine, names: Names, stop: StopSignal | None = None) -> None:
    with engine.server.maintenance() as connection:
        swap(connection, names.live, names.new, names.aside, stop=stop)


def test_the_new_database_takes_the_place_of_the_old_one_which_stays_closed(engine: Engine, names: Names) -> None:
    with engine.server.connect() as live_session, engine.server.connect(names.new) as new_session:
        make_swap(engine, names)
        for session in (live_session, new_session):
            with pytest.raises(psycopg.OperationalError):
                session.execute("SELECT 1")
    assert engine.value("SELECT data FROM origin") == "new"
    assert engine.value(f"SELECT datconnlimit FROM pg_database WHERE datname = '{names.live}'") == 7
    with pytest.raises(DatabaseUnreachable, match="not currently accepting connections"):
        engine.server.connect(names.aside)
    assert state(engine, names) is SwapState.DONE


@one_major
def test_a_second_swap_changes_nothing(engine: Engine, names: Names) -> None:
    make_swap(engine, names)
    make_swap(engine, names)
    assert engine.value("SELECT data FROM origin") == "new"


@one_major
def test_the_way_back_is_a_swap_too(engine: Engine, names: Names) -> None:
    make_swap(engine, names)
    make_swap(engine, Names(live=names.live, new=names.aside, aside=names.new))
    assert engine.value("SELECT data FROM origin") == "old"


@one_major
def test_a_swap_that_was_broken_off_after_closing_can_be_ended_either_way(engine: Engine, names: Names) -> None:
    close = f"ALTER DATABASE {names.live} ALLOW_CONNECTIONS false"
    engine.execute(close, database="postgres")
    assert state(engine, names) is SwapState.CLOSED
    with engine.server.maintenance() as connection:
        reopen(connection, names.live)
    assert state(engine, names) is SwapState.BEFORE
    assert engine.value("SELECT data FROM origin") == "old"
    engine.execute(close, database="postgres")
    make_swap(engine, names)
    assert engine.value("SELECT data FROM origin") == "new"


@one_major
@pytest.mark.parametrize("at", ["the first rename", "the second rename", "the commit"])
def test_a_session_that_dies_within_the_swap_leaves_all_of_it_or_nothing(engine: Engine, names: Names, at: str) -> None:
    """The steps of the transaction one by one, with the session killed after each."""
    statements = [
        f"ALTER DATABASE {names.live} RENAME TO {names.aside}",
        f"ALTER DATABASE {names.new} RENAME TO {names.live}",
    ][: 1 if at == "the first rename" else 2]
    connection = engine.server.connect("postgres")
    try:
        connection.execute("BEGIN")
        for statement in statements:
            connection.execute(statement.encode())
        if at == "the commit":
            connection.execute("COMMIT")
        engine.execute(f"SELECT pg_terminate_backend({connection.info.backend_pid})", database="template1")
    finally:
        connection.close()
    expected = SwapState.DONE if at == "the commit" else SwapState.BEFORE
    assert eventually(lambda: state(engine, names) is expected)
    make_swap(engine, names)
    assert engine.value("SELECT data FROM origin") == "new"


@one_major
def test_a_prepared_transaction_is_named_before_anything_is_closed(database: Database, engine: Engine) -> None:
    if engine.value("SHOW max_prepared_transactions") == "0":
        database.cluster.configure(max_prepared_transactions="5")
        database.cluster.restart()
    engine.execute("CREATE TABLE t (i int)")
    with engine.server.connect() as connection:
        connection.execute("BEGIN; INSERT INTO t VALUES (1); PREPARE TRANSACTION 'left behind'")
    names = Names(database.name, scratch_name(database.name, OPERATION), aside_name(database.name, OPERATION))
    try:
        database.cluster.create_database(names.new)
        with pytest.raises(Conflict, match="has 1 prepared transaction; it cannot be renamed"):
            make_swap(engine, names)
        assert state(engine, names) is SwapState.BEFORE
        with engine.server.maintenance() as connection:
            assert prepared_transactions(connection, names.live) == 1
    finally:
        engine.execute("ROLLBACK PREPARED 'left behind'")
        database.cluster.drop_database(names.new)


@one_major
def test_a_stop_before_the_renames_opens_the_live_database_again(engine: Engine, names: Names) -> None:
    stop = StopSignal()
    stop.set()
    with pytest.raises(Interrupted):
        make_swap(engine, names, stop)
    assert state(engine, names) is SwapState.BEFORE
    assert engine.value("SELECT data FROM origin") == "old"


@one_major
def test_connections_that_come_all_the_time_do_not_hold_up_the_swap(engine: Engine, names: Names) -> None:
    ended, connected = threading.Event(), threading.Event()

    def knock() -> None:
        while not ended.is_set():
            try:
                with engine.server.connect() as connection:
                    connected.set()
                    connection.execute("SELECT pg_sleep(0.01)")
            except (DatabaseUnreachable, psycopg.OperationalError):
                continue

    knockers = [threading.Thread(target=knock) for _ in range(3)]
    for knocker in knockers:
        knocker.start()
    try:
        assert connected.wait(10)
        make_swap(engine, names)
    finally:
        ended.set()
        for knocker in knockers:
            knocker.join()
    assert engine.value("SELECT data FROM origin") == "new"


@one_major
def test_without_a_new_database_there_is_nothing_to_swap(engine: Engine, names: Names) -> None:
    with engine.server.maintenance() as connection:
        drop_database(connection, names.new, live=names.live)
        drop_database(connection, names.new, live=names.live)
        assert swap_state(connection, names.live, names.new, names.aside) is SwapState.NOTHING_TO_SWAP
        assert swap_state(connection, "nowhere", names.new, names.aside) is SwapState.UNCLEAR
    with pytest.raises(Conflict):
        make_swap(engine, names)


@one_major
def test_only_databases_of_ours_are_dropped(engine: Engine, names: Names) -> None:
    with engine.server.maintenance() as connection:
        for name in (names.live, "postgres"):
            with pytest.raises(UsageError):
                drop_database(connection, name, live=names.live)
        with pytest.raises(UsageError):
            drop_database(connection, names.new, live=names.new)
        with engine.server.connect(names.new):
            drop_database(connection, names.new, live=names.live)
    assert state(engine, names) is SwapState.NOTHING_TO_SWAP


def test_sessions_are_counted_by_application_without_ours(engine: Engine, database: Database) -> None:
    api = [psycopg.connect(database.dsn, application_name="api") for _ in range(2)]
    try:
        with engine.server.connect() as connection:
            found = [(each.application_name, each.user, each.count) for each in sessions(connection, database.name)]
        assert found == [("api", "postgres", 2)]
    finally:
        for session in api:
            session.close()


def test_what_a_dump_leaves_behind_is_carried_over(engine: Engine, database: Database) -> None:
    name, new, reader = database.name, f"{database.name}__new_1", f"reader of {database.name}"
    dbname, role = sql.Identifier(name), sql.Identifier(reader)
    statements = [
        sql.SQL("CREATE ROLE {role}"),
        sql.SQL("REVOKE CONNECT ON DATABASE {name} FROM PUBLIC"),
        sql.SQL("GRANT CONNECT ON DATABASE {name} TO {role} WITH GRANT OPTION"),
        sql.SQL("COMMENT ON DATABASE {name} IS 'it''s the inventory'"),
        sql.SQL("ALTER DATABASE {name} CONNECTION LIMIT 42"),
        sql.SQL('ALTER DATABASE {name} SET search_path = "$user", public, "odd, name"'),
        sql.SQL("ALTER DATABASE {name} SET work_mem = '13MB'"),
        sql.SQL("ALTER DATABASE {name} SET \"app.tenant\" = 'acme, it''s'"),
        sql.SQL("ALTER ROLE {role} IN DATABASE {name} SET statement_timeout = '3s'"),
    ]
    try:
        with engine.server.connect() as connection:
            for statement in statements:
                connection.execute(statement.format(name=dbname, role=role))
            before = database_facts(connection, name).as_properties()
        with engine.server.maintenance() as connection:
            create_database(connection, new, before)
            assert apply_properties(connection, new, before) == []
            assert apply_properties(connection, new, before) == [], "a second time changes nothing"
        with engine.server.connect(new) as connection:
            assert connection.execute("SHOW search_path").fetchone() == ('"$user", public, "odd, name"',)
            assert connection.execute("SHOW app.tenant").fetchone() == ("acme, it's",)
        with engine.server.maintenance() as connection:
            gone = {
                **before,
                "grants": [*before["grants"], {"grantee": "nobody here", "privilege": "CONNECT", "grantable": False}],
            }
            assert apply_properties(connection, new, gone) == [
                "grant of CONNECT to nobody here: in the backup, not now"
            ]
    finally:
        database.cluster.drop_database(new)
        database.cluster.execute(sql.SQL("DROP OWNED BY {}").format(role), name)
        database.cluster.execute(sql.SQL("ALTER ROLE {} IN DATABASE {} RESET ALL").format(role, dbname))
        database.cluster.execute(sql.SQL("DROP ROLE {}").format(role))


@one_major
def test_a_session_of_the_copy_ends_though_it_was_seen_in_the_same_transaction(engine: Engine, names: Names) -> None:
    with engine.server.connect(names.new), engine.server.maintenance() as connection:
        with connection.transaction():
            rename(connection, names.new, names.aside, stop=StopSignal())
        assert database_facts(connection, names.aside).name == names.aside


def test_a_new_database_has_encoding_and_locale_of_the_old(engine: Engine, database: Database) -> None:
    kinds = ["ENCODING 'LATIN1' LOCALE 'C'"]
    if engine.value("SELECT count(*) FROM pg_collation WHERE collname = 'de-x-icu'"):
        kinds.append("LOCALE_PROVIDER icu ICU_LOCALE 'de-DE' LOCALE 'C.UTF-8'")
    if database.cluster.major >= 17:
        kinds.append("LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8' LOCALE 'C'")
    odd, new = f"{database.name}_odd", f"{database.name}__new_1"
    for kind in kinds:
        try:
            engine.execute(f"CREATE DATABASE {odd} TEMPLATE template0 {kind}", database="postgres")
            with engine.server.maintenance() as connection:
                before = database_facts(connection, odd).as_properties()
                create_database(connection, new, before)
                assert apply_properties(connection, new, before) == [], kind
        finally:
            database.cluster.drop_database(odd)
            database.cluster.drop_database(new)
