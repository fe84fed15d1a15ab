"""Operations that nobody works on are given to the queue again, once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bot.models import Operation, OperationState
from bot.operations.holding import TargetBusy
from bot.operations.orphans import adopt
from bot.runtime.stop import StopSignal
from tests.house import OPERATOR, TARGET, Rig
from tests.integration.operations.hooks import Moment, run_and_die
from tests.support import eventually


def at_the_shell(rig: Rig) -> Operation:
    """An operation without a job: its process runs it itself."""
    return rig.services.backups.request(TARGET, OPERATOR, deferred=False)


def jobs(rig: Rig) -> int:
    return int(rig.state("SELECT count(*) FROM procrastinate_jobs"))


def test_it_is_adopted_when_it_had_time_to_be_taken_up(rig: Rig) -> None:
    operation = at_the_shell(rig)
    rig.clock.move(seconds=19)
    assert adopt(rig.house.context) == []
    rig.clock.move(seconds=1)
    assert adopt(rig.house.context) == [operation.id]
    assert jobs(rig) == 1


def test_it_is_adopted_once(rig: Rig) -> None:
    operation = at_the_shell(rig)
    rig.clock.move(minutes=1)
    rig.warm_up()
    with ThreadPoolExecutor(4) as executor:
        adopted = list(executor.map(lambda _: adopt(rig.house.context), range(12)))
    assert [found for found in adopted if found] == [[operation.id]]
    assert jobs(rig) == 1


def test_one_whose_worker_lives_is_left_to_it(rig: Rig) -> None:
    at_the_shell(rig)
    rig.clock.move(minutes=1)
    with rig.holding(f"baseliner:target:{TARGET}"):
        assert adopt(rig.house.context) == []
    assert adopt(rig.house.context) != []


def test_one_that_has_a_job_is_left_to_the_queue(rig: Rig) -> None:
    rig.services.backups.request(TARGET, OPERATOR)
    rig.clock.move(minutes=1)
    assert adopt(rig.house.context) == []


def test_what_has_ended_or_waits_for_a_person_is_nobodys_orphan(rig: Rig) -> None:
    rig.run(at_the_shell(rig))
    assert rig.planned_restore().state is OperationState.AWAITING_APPROVAL
    rig.alter_state("DELETE FROM procrastinate_jobs WHERE status = 'todo'")
    rig.clock.move(minutes=1)
    assert adopt(rig.house.context) == []


def test_one_whose_process_was_killed_is_finished_by_the_adopting_worker(rig: Rig, tmp_path: Path) -> None:
    operation = at_the_shell(rig)
    run_and_die(rig.setup, operation.id, "dump", Moment.AFTER, tmp_path)
    rig.clock.move(minutes=1)
    assert eventually(lambda: adopt(rig.house.context)) == [operation.id]
    ended = rig.run(operation)
    assert (ended.state, rig.backup_ids()) == (OperationState.DONE, [ended.result["backup_id"]])


def test_a_target_that_is_held_is_busy_and_the_operation_waits(rig: Rig) -> None:
    operation = at_the_shell(rig)
    with rig.holding(f"baseliner:target:{TARGET}"), pytest.raises(TargetBusy, match="Another operation holds"):
        rig.house.work.runner.run(operation.id, StopSignal(), wait=0.1)
    assert rig.services.overview.operation(operation.id).state is OperationState.QUEUED
    assert rig.run(operation).state is OperationState.DONE
