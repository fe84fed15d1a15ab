"""The state of an operation changes by compare-and-set: of many who try, one wins."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import pytest

from bot.models import Approval, Decision, Failure, Operation, OperationKind, OperationState, Progress, StepState
from bot.store import operations, plans
from bot.store.database import StateDatabase
from tests.house import APPROVER, NOW, OPERATOR

OPERATION = Operation(
    id="20261122T101500Z-7k3f",
    kind=OperationKind.BACKUP,
    target="inventory",
    state=OperationState.QUEUED,
    requester=OPERATOR,
    reason="",
    parameters={},
    created_at=NOW,
    version=1,
)
QUEUED, RUNNING = (OperationState.QUEUED,), (OperationState.RUNNING,)


@pytest.fixture
def state(upgraded_state_dsn: str) -> Iterator[StateDatabase]:
    database = StateDatabase(upgraded_state_dsn, 10)
    database.open()
    with database.transaction() as connection:
        assert operations.insert(connection, OPERATION)
        operations.plan_steps(connection, OPERATION.id, [("dump", "Dump"), ("commit", "Commit")])
    yield database
    database.close()


def load(state: StateDatabase) -> Operation:
    with state.transaction() as connection:
        found = operations.get(connection, OPERATION.id)
    assert found is not None
    return found


def start(state: StateDatabase) -> bool:
    with state.transaction() as connection:
        return operations.transition(connection, OPERATION.id, QUEUED, OperationState.RUNNING, NOW)


def test_of_eight_workers_one_starts_it(state: StateDatabase) -> None:
    begin = Barrier(8)

    def attempt(_number: int) -> bool:
        begin.wait(10)
        return start(state)

    with ThreadPoolExecutor(8) as executor:
        assert sorted(executor.map(attempt, range(8))) == [False] * 7 + [True]
    started = load(state)
    assert (started.state, started.attempt, started.version, started.started_at) == (
        OperationState.RUNNING,
        1,
        2,
        NOW,
    )


def test_an_older_attempt_can_write_nothing_any_more(state: StateDatabase) -> None:
    start(state)
    with state.transaction() as connection:
        assert operations.transition(connection, OPERATION.id, RUNNING, OperationState.RUNNING, NOW)
        old, id_ = 1, OPERATION.id
        assert operations.set_step(connection, id_, old, "dump", StepState.DONE, NOW, "") is None
        assert not operations.set_progress(connection, id_, old, Progress(1, 2, None, None))
        assert not operations.remember(connection, id_, old, {"backup_id": "mine"})
        assert not operations.transition(connection, id_, RUNNING, OperationState.DONE, NOW, attempt=old)
        assert operations.memory(connection, id_) == {}
    now = load(state)
    assert (now.state, now.attempt, now.progress) == (OperationState.RUNNING, 2, None)
    assert {step.state for step in now.steps} == {StepState.PENDING}


def test_an_end_keeps_the_start_and_clears_the_progress(state: StateDatabase) -> None:
    start(state)
    failure = Failure("It broke.", "Mend it.", "Nothing was changed.", "line 1")
    with state.transaction() as connection:
        operations.set_progress(connection, OPERATION.id, 1, Progress(10, 20, 1.5, 6.0))
    assert load(state).progress == Progress(10, 20, 1.5, 6.0)
    with state.transaction() as connection:
        operations.transition(connection, OPERATION.id, RUNNING, OperationState.FAILED, NOW, failure=failure, attempt=1)
    ended = load(state)
    assert (ended.failure, ended.progress, ended.started_at, ended.finished_at) == (failure, None, NOW, NOW)


@pytest.mark.parametrize("after", [state for state in OperationState if state.ended])
def test_what_has_ended_stays_ended(state: StateDatabase, after: OperationState) -> None:
    with state.transaction() as connection:
        operations.transition(connection, OPERATION.id, QUEUED, after, NOW)
    assert not start(state)
    assert load(state).state is after


def test_a_person_decides_once_but_for_a_denial_of_what_they_approved(state: StateDatabase) -> None:
    approval = Approval(OPERATION.id, "ab" * 32, APPROVER, Decision.APPROVED, "", NOW)
    denial = replace(approval, decision=Decision.DENIED, comment="seen the figures")
    with state.transaction() as connection:
        assert plans.decide(connection, approval)
        assert not plans.decide(connection, replace(approval, comment="again"))
        assert plans.approvals(connection, OPERATION.id) == [approval]
        assert plans.decide(connection, denial)
        assert not plans.decide(connection, approval)
        assert not plans.withdraw(connection, OPERATION.id, APPROVER.id, NOW)
        assert plans.approvals(connection, OPERATION.id) == [denial]


def test_what_was_withdrawn_may_be_decided_anew(state: StateDatabase) -> None:
    approval = Approval(OPERATION.id, "ab" * 32, APPROVER, Decision.APPROVED, "", NOW)
    with state.transaction() as connection:
        assert plans.decide(connection, approval)
        assert plans.withdraw(connection, OPERATION.id, APPROVER.id, NOW)
        assert not plans.withdraw(connection, OPERATION.id, APPROVER.id, NOW)
        (withdrawn,) = plans.approvals(connection, OPERATION.id)
        assert (withdrawn.withdrawn_at, withdrawn.counts) == (NOW, False)
        assert plans.decide(connection, approval)
        assert plans.approvals(connection, OPERATION.id) == [approval]


def test_memory_is_laid_over_what_was_remembered(state: StateDatabase) -> None:
    start(state)
    with state.transaction() as connection:
        operations.remember(connection, OPERATION.id, 1, {"a": 1, "b": [1]})
        operations.remember(connection, OPERATION.id, 1, {"b": None})
        assert operations.memory(connection, OPERATION.id) == {"a": 1, "b": None}


def test_planning_the_steps_again_keeps_what_was_done(state: StateDatabase) -> None:
    start(state)
    with state.transaction() as connection:
        operations.set_step(connection, OPERATION.id, 1, "dump", StepState.DONE, NOW, "7 MB")
        operations.plan_steps(connection, OPERATION.id, [("dump", "Dump"), ("commit", "Commit")])
    dump, commit = load(state).steps
    assert (dump.state, dump.detail, commit.state) == (StepState.DONE, "7 MB", StepState.PENDING)
