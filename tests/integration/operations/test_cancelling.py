"""Calling an operation off: at once while it waits, within seconds while it runs, and never too late."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

import psycopg
import pytest

from bot.errors import Conflict, NotFound, Refused
from bot.models import Actor, Operation, OperationKind, OperationState, StepState
from bot.store import cancels, operations
from tests.house import APPROVER, OPERATOR, STRANGER, TARGET, Rig
from tests.integration.operations.test_crashes import SLOW_IN_SCRATCH, loading
from tests.support import eventually

WITHIN = 10.0


@contextmanager
def running(rig: Rig, operation: Operation) -> Iterator[Future[Operation]]:
    """The operation, run by a worker beside the test."""
    with ThreadPoolExecutor(1) as executor:
        yield executor.submit(rig.run, operation)


@contextmanager
def locked(rig: Rig) -> Iterator[None]:
    """A dump waits for this lock."""
    with psycopg.connect(rig.target.dsn) as connection:
        connection.execute("LOCK TABLE devices")
        yield
        connection.rollback()


def dumping(rig: Rig) -> bool:
    query = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%LOCK TABLE public.%' AND wait_event_type = 'Lock'"
    return bool(rig.value(query, rig.target.cluster.dsn()))


def test_what_waits_is_cancelled_at_once_and_never_begun(rig: Rig) -> None:
    operation = rig.services.backups.request(TARGET, OPERATOR)
    assert rig.services.cancelling.cancel(operation.id, APPROVER).state is OperationState.CANCELLED
    assert rig.run(operation).steps == ()
    with pytest.raises(Conflict, match="was cancelled already"):
        rig.services.cancelling.cancel(operation.id, OPERATOR)


def test_a_running_backup_ends_within_seconds_and_leaves_nothing(s3_rig: Rig) -> None:
    operation = s3_rig.services.backups.request(TARGET, OPERATOR)
    with locked(s3_rig), running(s3_rig, operation) as worker:
        eventually(lambda: dumping(s3_rig))
        begun = time.monotonic()
        assert s3_rig.services.cancelling.cancel(operation.id, APPROVER).state is OperationState.RUNNING
        ended = worker.result(60)
        assert time.monotonic() - begun < WITHIN
        assert not dumping(s3_rig)
    assert ended.state is OperationState.CANCELLED
    assert ended.failure is not None
    assert ended.failure.message == f"Cancelled by {APPROVER.name}."
    assert StepState.RUNNING not in {step.state for step in ended.steps}
    assert (s3_rig.objects(), s3_rig.backup_ids()) == ([], [])
    assert not list(s3_rig.house.context.settings.staging.path.glob("*"))


def test_a_running_restore_is_undone(rig: Rig) -> None:
    rig.execute(*SLOW_IN_SCRATCH)
    rig.backup()
    before = rig.digest()
    operation = rig.approved_restore()
    with running(rig, operation) as worker:
        eventually(lambda: loading(rig))
        assert rig.application.running == set()
        rig.services.cancelling.cancel(operation.id, OPERATOR)
        ended = worker.result(60)
    assert ended.state is OperationState.CANCELLED
    assert (rig.digest(), rig.databases(), rig.application.running) == (before, [""], {"api", "worker"})


def test_after_the_swap_has_begun_it_is_too_late(rig: Rig) -> None:
    rig.backup()
    ended = rig.run(rig.approved_restore())
    assert ended.past_return
    with rig.house.context.database.transaction() as connection:
        connection.execute("UPDATE operations SET state = 'running', finished_at = NULL WHERE id = %s", (ended.id,))
    with pytest.raises(Conflict, match="has swapped the databases"):
        rig.services.cancelling.cancel(ended.id, OPERATOR)


def test_a_cancel_that_comes_before_the_swap_begins_wins(rig: Rig) -> None:
    rig.backup()
    before = rig.digest()
    operation = rig.approved_restore()
    with rig.house.context.database.transaction() as connection:
        cancels.ask_to_cancel(connection, operation.id, OPERATOR)
    assert rig.run(operation).state is OperationState.CANCELLED
    assert rig.digest() == before


def test_a_cancel_that_its_worker_did_not_live_to_hear_is_heard_by_the_next(rig: Rig) -> None:
    operation = rig.services.backups.request(TARGET, OPERATOR)
    with rig.house.context.database.transaction() as connection:
        now = rig.house.context.now()
        assert operations.transition(connection, operation.id, [OperationState.QUEUED], OperationState.RUNNING, now)
    rig.services.cancelling.cancel(operation.id, OPERATOR)
    with locked(rig):
        assert rig.run(operation).state is OperationState.CANCELLED


@pytest.mark.parametrize("person", [STRANGER])
def test_who_may_not_is_told_who_can(rig: Rig, person: Actor) -> None:
    operation = rig.services.backups.request(TARGET, OPERATOR)
    with pytest.raises(Refused) as refused:
        rig.services.cancelling.cancel(operation.id, person)
    assert {OPERATOR.id, APPROVER.id} <= set(refused.value.who_can)
    newest = rig.services.audit.entries(limit=1)[0]
    assert (newest.action, newest.result) == (f"{OperationKind.BACKUP}.cancel", "refused")


def test_an_operation_that_is_not_there_is_named(rig: Rig) -> None:
    with pytest.raises(NotFound, match="no operation 'nothing'"):
        rig.services.cancelling.cancel("nothing", OPERATOR)
