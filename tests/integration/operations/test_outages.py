"""What a restore needs goes away in its middle: its server, the state database, the storage. What is left is whole."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest
from psycopg import Connection
from psycopg.conninfo import conninfo_to_dict

import bot.storage
from bot.errors import Conflict, DatabaseUnreachable, PlanVoid
from bot.models import Downtime, OperationState
from bot.operations import restore_job
from bot.operations.restore_job import RestoreJob
from bot.postgres import swap
from bot.runtime.stop import StopSignal
from sandbox.cluster import Cluster
from tests.gate import Gate
from tests.house import TARGET, Rig, rig_on
from tests.integration.operations.hooks import Moment, at_step
from tests.integration.operations.test_crashes import assert_nothing_half_done, lost
from tests.integration.storage.lying_server import QUICK
from tests.support import eventually


@pytest.fixture(scope="module")
def mortal(work_directory: Path) -> Iterator[Cluster]:
    """A server that nobody else uses."""
    with Cluster(16, work_directory / "mortal") as cluster:
        yield cluster


@pytest.mark.parametrize("step", [name for name, _ in restore_job.STEPS[Downtime.NOW]])
def test_a_server_that_crashes_between_two_steps_and_comes_back_is_no_matter(
    mortal: Cluster, upgraded_state_dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    with rig_on(mortal, upgraded_state_dsn, tmp_path) as rig:
        old, _ = lost(rig)
        operation = rig.approved_restore()
        at_step(monkeypatch, step, Moment.BEFORE, lambda: crash(mortal))
        ended = rig.run(operation)
        assert ended.failure is None, ended.failure
        assert rig.digest() == old
        assert_nothing_half_done(rig, ended)


@pytest.mark.parametrize("downtime", list(Downtime))
def test_a_server_that_crashes_while_the_data_comes_in_keeps_what_it_had(
    mortal: Cluster, upgraded_state_dsn: str, tmp_path: Path, downtime: Downtime
) -> None:
    with rig_on(mortal, upgraded_state_dsn, tmp_path) as rig:
        rig.execute(
            "CREATE FUNCTION slow(i int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT i FROM pg_sleep(1)'",
            "CREATE TABLE slowly (i int CHECK (slow(i) = i))",
            "INSERT INTO slowly VALUES (1)",
        )
        _, new = lost(rig)
        operation = rig.approved_restore(downtime=downtime)

        def crash_in_the_middle() -> None:
            query = (
                "SELECT count(*) FROM pg_stat_activity"
                r" WHERE datname LIKE '%\_\_new\_%' AND query LIKE 'COPY %slowly%'"
            )
            eventually(lambda: rig.value(query, mortal.dsn()), interval=0.02)
            crash(mortal)

        crashing = threading.Thread(target=crash_in_the_middle)
        crashing.start()
        ended = rig.run(operation)
        crashing.join()
        assert ended.state is OperationState.FAILED
        assert ended.failure is not None
        assert f"{rig.target.name} is as it was, with all its data" in ended.failure.left_as_it_was
        # A crash lets a sequence skip what it had written ahead.
        assert rig.digest().tables == new.tables
        assert_nothing_half_done(rig, ended)


def test_a_server_that_stays_away_is_cleaned_up_by_the_sweep_after_its_return(
    mortal: Cluster, upgraded_state_dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(RestoreJob, "patience", 1.0)
    with rig_on(mortal, upgraded_state_dsn, tmp_path) as rig:
        _, new = lost(rig)
        operation = rig.approved_restore()
        at_step(monkeypatch, "load", Moment.AFTER, mortal.kill)
        try:
            ended = rig.run(operation)
            assert sorted(rig.application.log) == ["start api", "start worker", "stop api", "stop worker"], "each once"
            acts = list(rig.application.log)
            rig.application.halt("api")  # by hand: the operator has his reasons
            assert rig.house.work.runner.clean_up_due(TARGET) == []
        finally:
            mortal.start()
        assert ended.failure is not None
        assert "Cleaning up failed too, and is tried again" in ended.failure.left_as_it_was
        assert "The services are as before. Start the server" in ended.failure.left_as_it_was
        assert len(rig.databases()) == 2, "the half restored one is there still"
        close = f'ALTER DATABASE "{rig.target.name}" ALLOW_CONNECTIONS '
        mortal.execute(close + "false")  # as for a repair
        assert rig.house.work.runner.clean_up_due(TARGET) == [operation.id]
        assert rig.house.work.runner.clean_up_due(TARGET) == []
        assert rig.value(f"SELECT datallowconn FROM pg_database WHERE datname = '{rig.target.name}'", mortal.dsn()) == 0
        assert rig.application.running == {"worker"}
        assert rig.application.log == acts, "nor was anything stopped or started by a sweep"
        mortal.execute(close + "true")
        rig.application.run_again("api")
        assert rig.digest().tables == new.tables
        assert_nothing_half_done(rig, ended)
        told = rig.services.overview.operation(operation.id).failure
        assert told is not None
        assert f"{rig.target.name} is as it was, with all its data" in told.left_as_it_was
        assert "api was started again, and does not run now" in told.left_as_it_was
        assert "The services are as before" not in told.left_as_it_was


def test_a_voided_restore_is_cleaned_up_by_the_sweep_too(
    mortal: Cluster, upgraded_state_dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(RestoreJob, "patience", 0.0)
    with rig_on(mortal, upgraded_state_dsn, tmp_path) as rig:
        _, new = lost(rig)
        operation = rig.approved_restore()

        def drift() -> None:
            mortal.kill()
            raise PlanVoid("The masking file is not the one that was approved any more.", "Ask for a new restore.")

        at_step(monkeypatch, "load", Moment.AFTER, drift)
        ended = rig.run(operation)
        mortal.start()
        assert ended.state is OperationState.VOIDED
        assert len(rig.databases()) == 2
        assert rig.house.work.runner.clean_up_due(TARGET) == [operation.id]
        assert rig.digest().tables == new.tables
        assert_nothing_half_done(rig, ended)


def test_a_server_that_crashes_on_the_way_back_leaves_nothing_closed(
    mortal: Cluster, upgraded_state_dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        rig_on(mortal, upgraded_state_dsn, tmp_path) as base,
        base.rebuilt(base.setup.with_application(when_unhealthy="undo")) as rig,
    ):
        old, _ = lost(rig)
        operation = rig.approved_restore()
        rig.application.break_act("api", "start")
        end_sessions, calls = swap._end_sessions, list[str]()

        def crash_at_the_second(connection: Connection, names: list[str], stop: StopSignal) -> None:
            calls.append(names[0])
            if len(calls) == 2:
                rig.application.mend("api", "start")
                crash(mortal)
            end_sessions(connection, names, stop)

        monkeypatch.setattr(swap, "_end_sessions", crash_at_the_second)
        ended = rig.run(operation)
        assert len(calls) == 2
        assert ended.failure is not None
        assert "The restored data is in place" in ended.failure.left_as_it_was
        assert rig.digest().tables == old.tables, "nobody could connect to a closed one"
        assert rig.services.undos.undoable(TARGET).id == operation.id


def test_a_swap_happened_when_it_happened_however_late_it_is_cleaned_up(
    mortal: Cluster, upgraded_state_dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(RestoreJob, "patience", 0.0)
    with rig_on(mortal, upgraded_state_dsn, tmp_path) as rig:
        old, _ = lost(rig)
        operation = rig.approved_restore()

        def lose_the_server() -> None:
            mortal.kill()
            raise Conflict("The services cannot be started.", "Look at them.")

        at_step(monkeypatch, "start_services", Moment.BEFORE, lose_the_server)
        ended = rig.run(operation)
        mortal.start()
        rig.clock.move(days=2)
        assert rig.house.work.runner.clean_up_due(TARGET) == [operation.id]
        swapped = rig.services.overview.operation(operation.id).result
        assert {key: swapped[key] for key in ended.result} == ended.result
        assert "swapped_at" in ended.result
        assert rig.digest().tables == old.tables


def crash(server: Cluster) -> None:
    server.kill()
    server.start()


@pytest.mark.parametrize(("step", "restored"), [("load", False), ("start_services", True)])
def test_the_state_database_is_away_until_the_next_worker(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, step: str, restored: bool
) -> None:
    old, new = lost(rig)
    operation = rig.approved_restore()
    with behind_a_gate(rig) as (gate, other):
        at_step(monkeypatch, step, Moment.BEFORE, gate.shut)
        other.house.context.database.pool.timeout = 0.5
        with pytest.raises(DatabaseUnreachable, match="state database"):
            other.run(operation)
    monkeypatch.undo()
    assert rig.services.overview.operation(operation.id).state is OperationState.RUNNING
    ended = rig.run(operation)
    assert (ended.state, ended.attempt) == (OperationState.DONE if restored else OperationState.FAILED, 2)
    assert rig.digest() == (old if restored else new)
    assert_nothing_half_done(rig, ended)


@contextmanager
def behind_a_gate(rig: Rig) -> Iterator[tuple[Gate, Rig]]:
    """The same house, with a gate between it and its state database."""
    options = conninfo_to_dict(rig.state_dsn)
    with Gate(str(options["host"]), int(str(options["port"]))) as gate:
        parts = urlsplit(rig.state_dsn)
        reached = parts.netloc.replace(f":{options['port']}", f":{gate.port}")
        dsn = urlunsplit(parts._replace(netloc=reached))
        document = {**rig.setup.document, "state": {**rig.setup.document["state"], "dsn": dsn}}
        with rig.rebuilt(replace(rig.setup, document=document)) as other:
            yield gate, other


@pytest.mark.parametrize("step", ["verify_objects", "safety_backup"])
def test_a_storage_that_is_away_stops_nothing(s3_rig: Rig, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    _, new = lost(s3_rig)
    with beyond_a_gate(s3_rig, monkeypatch) as (gate, rig):
        operation = rig.approved_restore()
        at_step(monkeypatch, step, Moment.BEFORE, gate.shut)
        ended = rig.run(operation)
    assert ended.state is OperationState.FAILED
    assert ended.failure is not None
    assert "was only read, and no service was touched" in ended.failure.left_as_it_was
    assert s3_rig.digest() == new
    assert s3_rig.application.log == []
    s3_rig.house.work.leftovers.settle_due(TARGET)
    assert s3_rig.house.work.leftovers.settle_due(TARGET) == []
    assert_nothing_half_done(s3_rig, ended)


def test_a_storage_that_is_away_for_a_moment_is_waited_for(s3_rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    old, _ = lost(s3_rig)
    with beyond_a_gate(s3_rig, monkeypatch) as (gate, rig):
        operation = rig.approved_restore()

        def blink() -> None:
            gate.shut()
            gate.open()

        at_step(monkeypatch, "safety_backup", Moment.BEFORE, blink)
        ended = rig.run(operation)
    assert ended.failure is None, ended.failure
    assert s3_rig.digest() == old
    assert_nothing_half_done(s3_rig, ended)


@contextmanager
def beyond_a_gate(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Gate, Rig]]:
    """The same house, with a gate between it and its bucket, and little patience."""
    monkeypatch.setattr(bot.storage, "Patience", lambda: QUICK)
    assert rig.bucket is not None
    parts = urlsplit(rig.bucket.endpoint_url)
    with Gate(str(parts.hostname), int(parts.port or 0)) as gate:
        settings = {**rig.setup.document["storage"]["offsite"], "endpoint": f"http://127.0.0.1:{gate.port}"}
        with rig.rebuilt(rig.setup.with_storage({"offsite": settings})) as other:
            yield gate, other
