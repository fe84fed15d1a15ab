"""The progress of a running step, as it is persisted: bytes, rate over the last seconds, and the time left by it."""

from __future__ import annotations

import pytest

from bot.errors import Interrupted
from bot.models import OperationState, Progress
from bot.operations.journal import Journal
from bot.store import operations
from tests.house import NOW, OPERATOR, TARGET, Rig

MB = 1_000_000


@pytest.fixture
def journal(rig: Rig) -> Journal:
    """Of a backup that was just started."""
    operation = rig.services.backups.request(TARGET, OPERATOR)
    with rig.house.context.database.transaction() as connection:
        operations.transition(connection, operation.id, (OperationState.QUEUED,), OperationState.RUNNING, NOW)
    journal = Journal(rig.house.context, rig.services.overview.operation(operation.id), threaded=False)
    journal.plan([("dump", "Dump"), ("commit", "Commit")])
    return journal


def shown(rig: Rig, journal: Journal) -> Progress | None:
    return rig.services.overview.operation(journal.operation_id).progress


def test_rate_and_time_left_follow_the_last_seconds(rig: Rig, journal: Journal) -> None:
    journal.progress(0, 100 * MB)
    assert shown(rig, journal) == Progress(0, 100 * MB, None, None)
    for second in range(1, 4):
        rig.clock.move(seconds=1)
        journal.progress(10 * MB * second, 100 * MB)
    assert shown(rig, journal) == Progress(30 * MB, 100 * MB, 10 * MB, 7.0)
    for second in range(1, 21):
        rig.clock.move(seconds=1)
        journal.progress(30 * MB + MB * second, 100 * MB)
    assert shown(rig, journal) == Progress(50 * MB, 100 * MB, MB, 50.0), "what was fast long ago is forgotten"


def test_it_is_written_about_once_a_second(rig: Rig, journal: Journal) -> None:
    version = rig.services.overview.operation(journal.operation_id).version
    for number in range(100):
        journal.progress(number, None)
        rig.clock.move(milliseconds=99)
    assert rig.services.overview.operation(journal.operation_id).version - version in (9, 10)


def test_more_than_was_expected_leaves_no_time(rig: Rig, journal: Journal) -> None:
    journal.progress(90, 100)
    rig.clock.move(seconds=1)
    journal.progress(120, 100)
    assert shown(rig, journal) == Progress(120, 100, 30.0, 0.0)


def test_another_step_begins_anew(rig: Rig, journal: Journal) -> None:
    journal.progress(90 * MB, 100 * MB)
    with journal.step("commit"):
        assert shown(rig, journal) is None
        journal.progress(1, 10)
        assert shown(rig, journal) == Progress(1, 10, None, None)


def test_whoever_was_superseded_is_interrupted_at_the_next_word(rig: Rig, journal: Journal) -> None:
    running = (OperationState.RUNNING,)
    with rig.house.context.database.transaction() as connection:
        operations.transition(connection, journal.operation_id, running, OperationState.RUNNING, NOW)
    with pytest.raises(Interrupted, match="Another worker has taken operation"):
        journal.progress(1, 10)
    with pytest.raises(Interrupted):
        journal.remember(backup_id="mine")
    with pytest.raises(Interrupted), journal.step("dump"):
        pytest.fail("a step of a superseded worker acts")
