"""Two operations on one target: one runs, the other waits, and is done or void when its turn comes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from bot.models import BackupKind, Operation, OperationState
from bot.operations.holding import TargetBusy
from bot.runtime.stop import StopSignal
from tests.house import OPERATOR, TARGET, Rig
from tests.integration.operations.hooks import Moment, at_step


@contextmanager
def standing_at(step: str, operation: Operation, rig: Rig, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """During the block the operation stands at this step; after it, it ends well."""
    reached, go_on = threading.Event(), threading.Event()

    def stand() -> None:
        reached.set()
        go_on.wait(60)

    at_step(monkeypatch, step, Moment.BEFORE, stand)
    worker = threading.Thread(target=rig.run, args=(operation,))
    worker.start()
    try:
        assert reached.wait(60)
        monkeypatch.undo()
        yield
    finally:
        go_on.set()
        worker.join()
    assert rig.services.overview.operation(operation.id).state is OperationState.DONE


def another_restore(rig: Rig) -> Operation:
    return rig.approved_restore()


def a_backup(rig: Rig) -> Operation:
    return rig.services.backups.request(TARGET, OPERATOR)


@pytest.mark.parametrize(("other", "end"), [(another_restore, OperationState.VOIDED), (a_backup, OperationState.DONE)])
def test_beside_a_restore_what_changes_the_target_waits(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, other: Callable[[Rig], Operation], end: OperationState
) -> None:
    rig.backup()
    waiting = other(rig)
    with standing_at("load", rig.approved_restore(), rig, monkeypatch):
        with pytest.raises(TargetBusy, match="Another operation holds inventory"):
            rig.house.work.runner.run(waiting.id, StopSignal(), wait=0.1)
        assert rig.services.overview.operation(waiting.id).state is OperationState.QUEUED
    ended = rig.run(waiting)
    assert ended.state is end, ended.failure
    if ended.failure:
        assert "the database itself (its oid)" in ended.failure.message
        assert [name[:6] for name in rig.databases()] == ["", "__old_"], "nothing of the second one"


def test_a_scheduled_drill_proves_a_backup_beside_a_restore_without_touching_the_target(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig.backup()
    with standing_at("load", rig.approved_restore(), rig, monkeypatch):
        ended = rig.run(rig.services.drills.request(TARGET, OPERATOR))
        assert ended.failure is None, ended.failure
    assert rig.services.backups.get(TARGET, "latest").verified_at is not None


def test_a_backup_runs_before_the_restore_that_was_approved_meanwhile(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = rig.backup()
    approved = rig.approved_restore()
    with standing_at("dump", a_backup(rig), rig, monkeypatch), pytest.raises(TargetBusy):
        rig.house.work.runner.run(approved.id, StopSignal(), wait=0.1)
    ended = rig.run(approved)
    assert ended.failure is None, ended.failure
    assert ended.result["backup_id"] == first.result["backup_id"], "the one that was approved, not the newest"
    kinds = sorted(entry.kind for entry in rig.services.backups.newest_first(TARGET, 9))
    assert kinds == [BackupKind.ON_DEMAND, BackupKind.ON_DEMAND, BackupKind.SAFETY]
