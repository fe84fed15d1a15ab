"""What a restore's plan says beside the backup: rows and tables, migrations, differences, and who depends on it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from bot.errors import ServiceFailed
from bot.models import Operation, OperationState
from bot.operations.proof import await_proof
from bot.postgres.connection import Server, server_of
from bot.postgres.dependents import dependents
from bot.runtime.stop import StopSignal
from tests.house import TARGET, Rig
from tests.support import eventually


def body(rig: Rig, planned: Operation) -> dict[str, Any]:
    assert planned.failure is None, planned.failure
    plan = rig.services.drawings.plan(planned.id)
    assert plan is not None
    return dict(plan.body)


@contextmanager
def deployed(rig: Rig) -> Iterator[Rig]:
    """The same house, told where code at 0003 is; the database is at 0002."""
    said = {"heads": "0003 (head)", "history": "0002 -> 0003 (head), change\n<base> -> 0002, begin"}
    for word, text in said.items():
        (rig.directory / word).write_text(text)
    migrations = {word: ["cat", str(rig.directory / word)] for word in said}
    with rig.rebuilt(rig.setup.changed(migrations=migrations)) as other:
        yield other


def counted(rig: Rig, query: str, expected: int) -> None:
    """The counters lag."""
    eventually(lambda: rig.value(query) == expected)


def test_rows_and_tables_that_change_since_the_backup_are_counted_by_table(rig: Rig) -> None:
    rig.execute("CREATE TABLE passing (i int)")
    rig.backup()
    rig.execute(
        "INSERT INTO devices SELECT i, 'new' FROM generate_series(101, 107) i",
        "UPDATE devices SET name = 'other' WHERE id <= 3",
        "DELETE FROM runs WHERE device = 1",
        "CREATE TABLE reports (i int)",
        "DROP TABLE passing",
    )
    counted(rig, "SELECT n_tup_ins FROM pg_stat_user_tables WHERE relname = 'devices'", 57)
    counted(rig, "SELECT n_tup_del FROM pg_stat_user_tables WHERE relname = 'runs'", 1)
    loses = body(rig, rig.planned_restore())["loses"]
    assert loses["changes"] == {
        "inserted": 7,
        "updated": 3,
        "deleted": 1,
        "by_table": [
            {"table": "public.devices", "inserted": 7, "updated": 3, "deleted": 0},
            {"table": "public.runs", "inserted": 0, "updated": 0, "deleted": 1},
        ],
        "more_tables": 0,
    }
    assert loses["tables_going"] == ["public.reports"]
    assert loses["tables_coming"] == ["public.passing"]


def test_counters_that_were_reset_say_nothing(rig: Rig) -> None:
    rig.backup()
    rig.execute("SELECT pg_stat_reset()")
    assert body(rig, rig.planned_restore())["loses"]["changes"] is None


def test_what_the_database_itself_will_lose_is_named(rig: Rig) -> None:
    rig.backup()
    rig.execute(f"ALTER DATABASE \"{rig.target.name}\" SET work_mem = '9MB'")
    assert "setting work_mem = 9MB: at present, not in the backup" in body(rig, rig.planned_restore())["differences"]


def test_the_migrations_that_would_follow_are_named(rig: Rig) -> None:
    rig.backup()
    with deployed(rig) as other:
        plan = body(other, other.planned_restore())
    assert (plan["heads"], plan["pending_migrations"]) == (["0003"], ["0003 change"])
    (warning,) = plan["warnings"]
    assert warning.startswith("When the application starts it may run 1 migration on the restored data: 0003 change")


def test_a_deploy_in_between_voids_the_approval(rig: Rig) -> None:
    rig.backup()
    with deployed(rig) as other:
        approved = other.approved_restore()
        history = rig.directory / "history"
        history.write_text(f"0003 -> 0004 (head), later\n{history.read_text()}")
        ended = other.run(approved)
    assert ended.state is OperationState.VOIDED
    assert ended.failure is not None
    assert "the migrations that the deployed application would run" in ended.failure.message


@pytest.fixture
def neighbour(rig: Rig) -> Iterator[str]:
    """Another database of the server, with a foreign server that leads to the target's."""
    name, cluster = f"{rig.target.name}_reports", rig.target.cluster
    cluster.execute(f'CREATE DATABASE "{name}"')
    yield name
    cluster.drop_database(name)


def test_foreign_servers_that_lead_here_block_a_restore_until_they_are_allowed(rig: Rig, neighbour: str) -> None:
    rig.backup()
    with psycopg.connect(rig.target.dsn) as connection:
        options = connection.info.get_parameters()
    here = f"host '{options['host']}', port '{options['port']}', dbname '{rig.target.name}'"
    rig.execute(
        "CREATE FOREIGN DATA WRAPPER anything",
        f"CREATE SERVER link FOREIGN DATA WRAPPER anything OPTIONS ({here})",
        f"CREATE SERVER alias FOREIGN DATA WRAPPER anything OPTIONS (host 'db.internal', port '{options['port']}',"
        f" dbname '{rig.target.name}')",
        f"CREATE SERVER elsewhere FOREIGN DATA WRAPPER anything OPTIONS (host '192.0.2.7', port '{options['port']}',"
        f" dbname '{rig.target.name}')",
        f"CREATE SERVER otherwise FOREIGN DATA WRAPPER anything OPTIONS (host 'db.internal',"
        f" dbname '{rig.target.name}')",
        f"CREATE SERVER other FOREIGN DATA WRAPPER anything OPTIONS (host '{options['host']}', dbname 'other')",
        database=neighbour,
    )
    planned = rig.planned_restore()
    assert planned.state is OperationState.FAILED
    assert planned.failure is not None
    assert planned.failure.message.endswith(f"and would see other data: {neighbour}: link.")
    assert 'foreign_dependents = "allow"' in planned.failure.remedy
    with rig.rebuilt(rig.setup.changed(foreign_dependents="allow")) as other:
        warnings = body(other, other.planned_restore())["warnings"]
    assert warnings[0].endswith(f"lead here and will see the other data: {neighbour}: link.")
    assert warnings[1].endswith(f"lead here could not be told: {neighbour}: alias.")
    assert len(warnings) == 2


def test_a_neighbour_that_cannot_be_seen_is_named(rig: Rig, neighbour: str) -> None:
    role, cluster = f"{rig.target.name}_role", rig.target.cluster
    cluster.execute(f"CREATE ROLE \"{role}\" LOGIN PASSWORD 'role'")
    cluster.execute(f'REVOKE CONNECT ON DATABASE "{neighbour}" FROM PUBLIC')
    try:
        server = Server(make_conninfo(rig.target.dsn, user=role, password="role"))
        with server.connect() as connection:
            found = dependents(connection, server, rig.target.name)
    finally:
        cluster.execute(f'DROP ROLE "{role}"')
    assert neighbour in found.unseen
    assert found.foreign_servers == ()


def test_a_subscription_that_runs_blocks_a_restore(rig: Rig) -> None:
    rig.backup()
    name = f"feed_{rig.target.name}"
    rig.execute(
        "CREATE PUBLICATION nothing",
        f"CREATE SUBSCRIPTION {name} CONNECTION 'host=/nowhere' PUBLICATION nothing WITH (connect = false)",
        f"ALTER SUBSCRIPTION {name} SET (slot_name = 'nothing')",
        f"ALTER SUBSCRIPTION {name} ENABLE",
    )
    try:
        planned = rig.planned_restore()
    finally:
        rig.execute(
            f"ALTER SUBSCRIPTION {name} DISABLE",
            f"ALTER SUBSCRIPTION {name} SET (slot_name = NONE)",
            f"DROP SUBSCRIPTION {name}",
        )
    assert planned.failure is not None
    assert f"subscribes by logical replication: {name}." in planned.failure.message


def test_the_revision_and_smoke_queries_are_part_of_the_health(rig: Rig) -> None:
    rig.backup()
    rig.execute("DELETE FROM runs", "DELETE FROM devices")
    with deployed(rig) as other:
        with judged_by(other, on_start=False, smoke="SELECT count(*) = 50 FROM devices") as by_hand:
            ended = by_hand.run(by_hand.approved_restore())
        assert ended.failure is None, ended.failure
        assert ended.result["health"].endswith("revision 0002, 1 smoke query passed")
        with judged_by(other, on_start=True, smoke="SELECT true") as by_itself:
            ended = by_itself.run(by_itself.approved_restore())
    assert ended.state is OperationState.FAILED
    assert ended.failure is not None
    assert "its revision is 0002, not 0003" in ended.failure.message
    assert "The restored data is in place" in ended.failure.left_as_it_was


@contextmanager
def judged_by(rig: Rig, *, on_start: bool, smoke: str) -> Iterator[Rig]:
    setup = rig.setup.with_application(smoke=[smoke], health_deadline="1s")
    migrations = {**setup.document["targets"][TARGET]["migrations"], "on_start": on_start}
    with rig.rebuilt(setup.changed(migrations=migrations), seed=3 + on_start) as other:
        yield other


def test_a_smoke_query_that_does_not_pass_in_time_is_named(rig: Rig) -> None:
    with rig.rebuilt(rig.setup.with_application(smoke=["SELECT false", "SELECT true"], health_deadline="1s")) as other:
        target = other.services.settings.targets[TARGET]
        with pytest.raises(ServiceFailed, match="1 smoke query did not pass: SELECT false"):
            await_proof(target, server_of(target, {}), None, StopSignal())


def test_a_smoke_query_that_waits_for_a_lock_is_given_up_at_the_deadline(rig: Rig) -> None:
    setup = rig.setup.with_application(smoke=["SELECT count(*) FROM devices"], health_deadline="1s")
    with rig.rebuilt(setup) as other, psycopg.connect(rig.target.dsn) as holder:
        holder.execute("LOCK TABLE devices IN ACCESS EXCLUSIVE MODE")
        target = other.services.settings.targets[TARGET]
        with pytest.raises(ServiceFailed, match="statement timeout"):
            await_proof(target, server_of(target, {}), None, StopSignal())


def test_an_application_that_cannot_tell_its_migrations_keeps_no_data_from_coming_back(rig: Rig) -> None:
    rig.backup()
    with rig.rebuilt(rig.setup.changed(migrations={"heads": ["false"]})) as other:
        approved = other.approved_restore()
        (warning,) = body(other, approved)["warnings"]
        ended = other.run(approved)
    assert warning.startswith("What the deployed application would migrate could not be told: ")
    assert ended.failure is None, ended.failure
