"""Workers: a job that is deferred is run, whatever happens to the process that runs it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

import psycopg

from bot.jobs import Worker
from bot.models import Decision, Operation, OperationState, RestoreRequest
from tests.house import APPROVER, OPERATOR, TARGET, Rig
from tests.integration.jobs.running import in_background
from tests.settings_file import settings_file
from tests.support import eventually


def work(rig: Rig) -> AbstractContextManager[threading.Event]:
    return in_background(Worker(rig.state_dsn, "default", rig.house.work).run)


@contextmanager
def a_dump_that_waits(rig: Rig) -> Iterator[None]:
    """While the block runs, a table is locked, so that no dump and no digest comes to an end."""
    with psycopg.connect(rig.target.dsn) as connection:
        connection.execute("LOCK TABLE devices IN ACCESS EXCLUSIVE MODE")
        yield
        connection.rollback()


def dumping(rig: Rig) -> bool:
    """Whether a dump waits for the lock."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'LOCK TABLE%'"
    return bool(rig.value(query))


def state_of(rig: Rig, operation: Operation) -> OperationState:
    return rig.services.overview.operation(operation.id).state


def ended(rig: Rig, operation: Operation, timeout: float = 60) -> Operation:
    eventually(lambda: state_of(rig, operation).ended, timeout)
    return rig.services.overview.operation(operation.id)


def job_states(rig: Rig) -> list[str]:
    with psycopg.connect(rig.state_dsn) as connection:
        rows = connection.execute("SELECT status::text FROM procrastinate_jobs ORDER BY id").fetchall()
    return [row[0] for row in rows]


def test_a_restore_goes_from_request_to_data_by_the_queue_alone(rig: Rig) -> None:
    with work(rig):
        backup = ended(rig, rig.services.backups.request(TARGET, OPERATOR))
        assert backup.state is OperationState.DONE
        rig.execute("UPDATE devices SET name = 'lost'")
        request = RestoreRequest(TARGET, "latest", "bad deploy", rig.target.name)
        restore = rig.services.restores.request(request, OPERATOR)
        eventually(lambda: state_of(rig, restore) is OperationState.AWAITING_APPROVAL)
        rig.services.approvals.decide(restore.id, APPROVER, Decision.APPROVED)
        assert ended(rig, restore).state is OperationState.DONE
    assert rig.value("SELECT count(*) FROM devices WHERE name LIKE 'old %'") == 50
    assert set(job_states(rig)) == {"succeeded"}


def test_the_audit_logs_head_is_exported_by_a_worker(rig: Rig) -> None:
    rig.services.preflights.request(TARGET, OPERATOR, deferred=False)
    with rig.house.context.database.transaction() as connection:
        rig.house.context.queue.defer_audit_export(connection, TARGET)
        rig.house.context.queue.defer_audit_export(connection, TARGET)
    with work(rig):
        eventually(lambda: rig.objects() == ["_audit/2026-11-22.json"])
        eventually(lambda: job_states(rig) == ["succeeded"])
    assert rig.services.audit_heads.verify().holds


def test_short_work_runs_beside_long_work_and_long_work_waits_for_its_target(rig: Rig) -> None:
    with a_dump_that_waits(rig), work(rig):
        first = rig.services.backups.request(TARGET, OPERATOR)
        eventually(lambda: dumping(rig))
        second = rig.services.backups.request(TARGET, OPERATOR)
        preflight = rig.services.preflights.request(TARGET, OPERATOR)
        assert ended(rig, preflight).state is OperationState.DONE
        with rig.house.context.database.transaction() as connection:
            rig.house.context.queue.defer_sweep(connection, TARGET)
        eventually(lambda: rig.state("SELECT count(*) FROM sweeps") == 1)
        assert (state_of(rig, first), state_of(rig, second)) == (OperationState.RUNNING, OperationState.QUEUED)
    assert job_states(rig)[:2] == ["todo", "todo"]


def test_a_worker_that_is_told_to_stop_gives_its_work_back(rig: Rig) -> None:
    operation = rig.services.backups.request(TARGET, OPERATOR)
    with a_dump_that_waits(rig), work(rig) as stop:
        eventually(lambda: dumping(rig))
        stop.set()
        eventually(lambda: state_of(rig, operation) is OperationState.QUEUED)
    assert rig.objects() == []
    assert not dumping(rig), "its tools ended with it"
    with work(rig):
        done = ended(rig, operation)
    assert (done.state, done.attempt) == (OperationState.DONE, 2)
    assert rig.backup_ids() == [done.result["backup_id"]]


def test_a_worker_survives_the_loss_of_its_connections(rig: Rig) -> None:
    with work(rig):
        for _ in range(3):
            with psycopg.connect(rig.state_dsn) as connection:
                connection.execute(
                    """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                       WHERE datname = current_database() AND pid <> pg_backend_pid()"""
                )
            done = ended(rig, rig.services.backups.request(TARGET, OPERATOR))
            assert done.state is OperationState.DONE
    assert len(rig.backup_ids()) == 3


def test_the_work_of_a_killed_process_is_taken_up_by_another(rig: Rig) -> None:
    operation = rig.services.backups.request(TARGET, OPERATOR)
    log = rig.directory / "worker.log"
    with a_dump_that_waits(rig), log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "bot", "worker", "--config", str(settings_file(rig))],
            stdout=output,
            stderr=output,
            env={**os.environ, **rig.setup.environment},
        )
        try:
            eventually(lambda: dumping(rig))
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait(10)
        assert state_of(rig, operation) is OperationState.RUNNING
    with work(rig):
        done = ended(rig, operation)
    assert (done.state, done.attempt) == (OperationState.DONE, 2), log.read_text()
    assert rig.backup_ids() == [done.result["backup_id"]]
    assert len(rig.objects()) == 3
