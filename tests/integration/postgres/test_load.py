"""A load that cannot be whole fails, and says why."""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from bot.errors import Conflict, Interrupted, NotFound, ToolFailed
from bot.postgres.dump import Snapshot, dump
from bot.postgres.facts import database_facts
from bot.postgres.load import analyze, apply_properties, create_database, load
from bot.postgres.tools import Tools
from bot.runtime.process import run
from bot.runtime.stop import StopSignal
from tests.integration.postgres.engine import Engine, nowhere
from tests.support import Database, eventually, one_major

ROWS = "CREATE TABLE devices AS SELECT i, md5(i::text) AS hash FROM generate_series(1, 200000) i"


def archive_of(engine: Engine, path: Path) -> Path:
    """An archive as `fetch_archive` leaves it: decompressed."""
    argv = [engine.tools.path("pg_dump"), "--format=directory", "--compress=0", f"--file={path}"]
    finished = run(argv, stop=StopSignal(), environment=engine.server.tool_environment())
    assert finished.code == 0, finished.stderr
    return path


@pytest.fixture
def target(engine: Engine, scratch: str, database: Database) -> str:
    """An empty database like the live one."""
    with engine.server.maintenance() as connection:
        create_database(connection, scratch, database_facts(connection, database.name).as_properties())
    return scratch


@one_major
def test_progress_is_the_size_of_the_new_database(engine: Engine, target: str, tmp_path: Path) -> None:
    engine.execute(ROWS, "CREATE INDEX ON devices (hash)")
    seen: list[int] = []
    load(
        engine.server,
        engine.tools,
        archive_of(engine, tmp_path / "a"),
        target,
        2,
        stop=StopSignal(),
        on_progress=seen.append,
    )
    assert engine.value("SELECT count(*) FROM devices", target) == 200_000
    assert seen == sorted(seen)
    assert 10 << 20 < seen[-1] <= int(str(engine.value(f"SELECT pg_database_size('{target}')")))
    analyze(engine.server, target)
    assert engine.value("SELECT reltuples FROM pg_class WHERE relname = 'devices'", target) == 200_000


def test_half_an_archive_is_an_error(engine: Engine, target: str, tmp_path: Path) -> None:
    engine.execute(ROWS)
    archive = archive_of(engine, tmp_path / "a")
    # Half a table's data would pass: pg_restore takes it for all of it. Checksums and digests are what catches that.
    contents = archive / "toc.dat"
    contents.write_bytes(contents.read_bytes()[: contents.stat().st_size // 2])
    with pytest.raises(ToolFailed, match="pg_restore ended with exit code 1"):
        load(engine.server, engine.tools, archive, target, 2, stop=StopSignal())


def test_a_missing_role_is_an_error_with_its_remedy(
    engine: Engine, target: str, tmp_path: Path, database: Database
) -> None:
    role = f"owner_of_{database.name}"
    engine.execute(f"CREATE ROLE {role}", ROWS, f"ALTER TABLE devices OWNER TO {role}")
    archive = archive_of(engine, tmp_path / "a")
    engine.execute(f"REASSIGN OWNED BY {role} TO postgres", f"DROP ROLE {role}")
    with pytest.raises(ToolFailed, match=f'role "{role}" does not exist') as failed:
        load(engine.server, engine.tools, archive, target, 2, stop=StopSignal())
    assert "globals" in failed.value.remedy


@one_major
def test_a_stop_ends_pg_restore(engine: Engine, target: str, tmp_path: Path) -> None:
    engine.execute(ROWS)
    archive = archive_of(engine, tmp_path / "a")
    stop, outcome = StopSignal(), []
    with engine.server.connect(target) as locker:
        # pg_restore waits here, in the middle of its work, until it is told to stop.
        locker.execute("BEGIN; CREATE TABLE devices (i int, hash text)")

        def restore() -> None:
            with pytest.raises(Interrupted):
                load(engine.server, engine.tools, archive, target, 2, stop=stop)
            outcome.append("interrupted")

        thread = threading.Thread(target=restore)
        thread.start()
        waiting = f"SELECT count(*) FROM pg_stat_activity WHERE datname = '{target}' AND wait_event_type = 'Lock'"
        eventually(lambda: engine.value(waiting, "postgres"))
        stop.set()
        thread.join(20)
        locker.execute("ROLLBACK")
    assert outcome == ["interrupted"]
    others = f"SELECT count(*) FROM pg_stat_activity WHERE datname = '{target}'"
    assert eventually(lambda: engine.value(others, "postgres") == 0)


def test_a_new_database_is_closed_to_others_until_it_has_its_properties(
    engine: Engine, target: str, database: Database
) -> None:
    may_connect = f"SELECT has_database_privilege('public', '{target}', 'CONNECT')"
    assert engine.value(may_connect) is False
    with engine.server.maintenance() as connection:
        assert apply_properties(connection, target, database_facts(connection, database.name).as_properties()) == []
    assert engine.value(may_connect) is True


class Besieged(psycopg.Connection[Any]):
    """After each of its statements, somebody tries to connect."""

    besieger = ""
    let_in = 0

    def execute(self, *arguments: Any, **options: Any) -> psycopg.Cursor[Any]:
        cursor = super().execute(*arguments, **options)
        with suppress(psycopg.OperationalError), psycopg.connect(self.besieger):
            self.let_in += 1
        return cursor


@one_major
@pytest.mark.parametrize("closed", [False, True])
def test_nobody_connects_to_a_new_database_before_it_is_closed(
    engine: Engine, database: Database, closed: bool
) -> None:
    name, owner, stranger = f"{database.name}__new_1", f"owner_of_{database.name}", f"stranger_of_{database.name}"
    engine.execute(*(f"CREATE ROLE {role} LOGIN PASSWORD 'x'" for role in (owner, stranger)))
    try:
        with Besieged.connect(database.cluster.dsn(), autocommit=True) as connection:
            like = {**database_facts(connection, database.name).as_properties(), "owner": owner}
            connection.besieger = database.cluster.dsn(name, owner if closed else stranger, "x")
            create_database(connection, name, like, closed=closed)
            assert connection.let_in == 0
            assert database_facts(connection, name).owner == ("postgres" if closed else owner)
    finally:
        database.cluster.drop_database(name)
        engine.execute(f"DROP ROLE {owner}", f"DROP ROLE {stranger}")


def test_what_keeps_a_database_from_being_created_is_named(engine: Engine, target: str, database: Database) -> None:
    with engine.server.maintenance() as connection:
        like = database_facts(connection, database.name).as_properties()
        with pytest.raises(Conflict, match="exists already"):
            create_database(connection, target, like)
        with pytest.raises(NotFound, match='role "nobody" does not exist') as missing:
            create_database(connection, f"{target}x", {**like, "owner": "nobody"})
        with pytest.raises(NotFound, match='role "nobody" does not exist'):
            create_database(connection, f"{target}x", {**like, "owner": "nobody"}, closed=True)
    database.cluster.drop_database(f"{target}x")
    assert "globals" in missing.value.remedy


def test_warnings_of_a_good_dump_are_kept(engine: Engine, tmp_path: Path) -> None:
    script = tmp_path / "pg_dump"
    script.write_text(
        f"#!/bin/sh\necho 'pg_dump: warning: a thing is odd' >&2\nexec {engine.tools.path('pg_dump')} \"$@\"\n"
    )
    script.chmod(0o700)
    with Snapshot(engine.server) as snapshot:
        tools = Tools(tmp_path, engine.tools.version)
        result = dump(engine.server, tools, snapshot.id, nowhere(tmp_path), jobs=2, stop=StopSignal())
    assert result.stderr == "pg_dump: warning: a thing is odd\n"
    assert result.raw_bytes > 0


@one_major
def test_a_load_has_memory_for_its_indexes_and_keeps_what_the_dsn_sets(
    engine: Engine, target: str, tmp_path: Path
) -> None:
    engine.execute(
        "CREATE FUNCTION noted(i int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN"
        " IF current_setting('maintenance_work_mem') = '300MB' THEN RAISE EXCEPTION 'set: % %',"
        " current_setting('synchronous_commit'), current_setting('deadlock_timeout'); END IF; RETURN i; END $$",
        "CREATE TABLE t (i int CHECK (public.noted(i) = i))",
        "INSERT INTO t VALUES (1)",
    )
    server = replace(engine.server, dsn=make_conninfo(engine.server.dsn, options="-c deadlock_timeout=7s"))
    archive = archive_of(engine, tmp_path / "a")
    with pytest.raises(ToolFailed) as caught:
        load(server, engine.tools, archive, target, 1, stop=StopSignal(), index_memory=300 << 20)
    assert "set: off 7s" in caught.value.stderr
