"""The way back: what a restore set aside is in place again, in seconds, and that can be undone as well."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from bot.errors import NotFound, Refused, UsageError
from bot.models import Decision, Downtime, Operation, OperationState, StepState, UndoRequest
from bot.operations.undo_job import STEPS
from bot.store import backups
from tests.house import APPROVER, OPERATOR, STRANGER, TARGET, Rig
from tests.integration.operations.hooks import Moment, run_and_die


def swapped(rig: Rig, downtime: Downtime = Downtime.NOW) -> Operation:
    """A restore, after the data had changed."""
    rig.backup()
    rig.execute("UPDATE devices SET name = 'new'")
    ended = rig.run(rig.approved_restore(downtime=downtime))
    assert ended.failure is None, ended.failure
    return ended


def devices(rig: Rig) -> set[str]:
    return {str(rig.value("SELECT split_part(min(name), ' ', 1) FROM devices"))}


def test_an_undo_brings_back_what_was_there_and_can_be_undone_itself(rig: Rig) -> None:
    restore = swapped(rig)
    assert devices(rig) == {"old"}
    rig.execute("INSERT INTO devices VALUES (99, 'later')")
    undo = rig.run(rig.approved_undo())
    assert undo.failure is None, undo.failure
    assert [(step.name, step.state) for step in undo.steps] == [(name, StepState.DONE) for name, _ in STEPS]
    assert (undo.result["undoes"], undo.result["downtime_seconds"]) == (restore.id, 0.0)
    assert devices(rig) == {"new"}
    assert rig.application.running == {"api", "worker"}
    assert rig.services.overview.operation(restore.id).result["undone_by"] == undo.id
    again = rig.run(rig.approved_undo())
    assert again.failure is None, again.failure
    assert again.result["undoes"] == undo.id
    assert rig.value("SELECT name FROM devices WHERE id = 99") == "later"
    assert len([name for name in rig.databases() if name]) == 1
    assert rig.services.audit.verify().intact
    assert len(rig.backup_ids()) == 2, "an undo needs no backup: nothing is destroyed"


def test_a_safety_backup_stays_for_what_is_set_aside_now_and_no_longer(rig: Rig) -> None:
    safety = swapped(rig).result["safety_backup_id"]

    def protected() -> str:
        with rig.house.context.database.transaction() as connection:
            return next(each.protects for each in backups.listed(connection, TARGET) if each.id == safety)

    def aside() -> list[str]:
        return [name for name in rig.databases() if name]

    assert [protected().removeprefix(rig.target.name)] == aside()
    for _ in range(2):
        rig.run(rig.approved_undo())
        assert [protected().removeprefix(rig.target.name)] == aside()
    rig.clock.move(hours=25)
    rig.backup()
    rig.house.work.asides.remove_due(TARGET)
    assert (protected(), aside()) == ("", [])


def test_what_an_undo_set_aside_goes_at_its_date_and_not_as_the_only_copy(rig: Rig) -> None:
    swapped(rig)
    rig.run(rig.approved_undo())
    rig.clock.move(hours=25)
    assert rig.house.work.asides.remove_due(TARGET) == [], "no backup has been taken since"
    rig.backup()
    (removed,) = rig.house.work.asides.remove_due(TARGET)
    assert removed.startswith(f"{rig.target.name}__old_")
    assert rig.databases() == [""]
    with pytest.raises(NotFound, match="nothing to undo"):
        rig.services.undos.undoable(TARGET)


def test_the_plan_says_what_comes_back_and_what_is_lost(rig: Rig) -> None:
    restore = swapped(rig)
    planned = rig.planned_undo()
    assert planned.state is OperationState.AWAITING_APPROVAL
    plan = rig.services.drawings.plan(planned.id)
    assert plan is not None
    assert plan.body["undoes"]["id"] == restore.id
    assert plan.body["aside"]["database"] == restore.result["aside_database"]
    assert plan.body["loses"]["since"] == restore.result["swapped_at"]
    assert plan.body["services"] == ["api", "worker"]


@pytest.mark.parametrize(
    ("reason", "typed", "said"),
    [("", None, "needs a reason"), ("worse", "invent", "not the database's")],
)
def test_what_is_not_said_is_asked_for(rig: Rig, reason: str, typed: str | None, said: str) -> None:
    swapped(rig)
    with pytest.raises(UsageError, match=said):
        rig.services.undos.request(UndoRequest(TARGET, reason, typed or rig.target.name), OPERATOR)


def test_without_a_restore_there_is_nothing_to_undo_and_not_everybody_may_ask(rig: Rig) -> None:
    request = UndoRequest(TARGET, "worse", rig.target.name)
    with pytest.raises(NotFound, match="nothing to undo"):
        rig.services.undos.request(request, OPERATOR)
    with pytest.raises(Refused, match="list of requesters"):
        rig.services.undos.request(request, STRANGER)


def test_an_undo_needs_somebody_else(rig: Rig) -> None:
    swapped(rig)
    planned = rig.planned_undo()
    with pytest.raises(Refused, match="nobody approves their own request"):
        rig.services.approvals.decide(planned.id, OPERATOR, Decision.APPROVED)
    assert rig.run(planned).state is OperationState.AWAITING_APPROVAL
    assert devices(rig) == {"old"}


def test_another_restore_meanwhile_voids_it(rig: Rig) -> None:
    swapped(rig)
    undo = rig.approved_undo()
    rig.run(rig.approved_restore())
    ended = rig.run(undo)
    assert ended.state is OperationState.VOIDED
    assert ended.failure is not None
    assert "is not the last swap" in ended.failure.message
    assert devices(rig) == {"old"}


def test_a_database_that_somebody_dropped_cannot_come_back(rig: Rig) -> None:
    aside = swapped(rig).result["aside_database"]
    undo = rig.approved_undo()
    rig.target.cluster.drop_database(str(aside))
    ended = rig.run(undo)
    assert ended.state is OperationState.VOIDED
    assert ended.failure is not None
    assert f"{aside} that was set aside is not there any more" in ended.failure.message
    assert rig.planned_undo().state is OperationState.FAILED
    assert rig.application.running == {"api", "worker"}


@contextmanager
def unhealthy(rig: Rig) -> Iterator[Rig]:
    """The application's health endpoint does not answer."""
    setup = rig.setup.with_application(health_url="http://127.0.0.1:9/health", health_deadline="1s")
    with rig.rebuilt(setup) as changed:
        yield changed


def test_a_restore_whose_application_stays_ill_can_be_undone(rig: Rig) -> None:
    rig.backup()
    rig.execute("UPDATE devices SET name = 'new'")
    with unhealthy(rig) as ill:
        failed = ill.run(ill.approved_restore())
    assert failed.state is OperationState.FAILED
    assert failed.failure is not None
    assert f"undo {TARGET} puts it back" in failed.failure.left_as_it_was
    assert devices(rig) == {"old"}
    assert rig.services.undos.undoable(TARGET).id == failed.id
    undo = rig.run(rig.approved_undo())
    assert undo.failure is None, undo.failure
    assert devices(rig) == {"new"}


@pytest.mark.parametrize(
    ("killed_at", "moment"),
    [
        (None, Moment.BEFORE),
        ("start_services", Moment.BEFORE),
        ("health", Moment.BEFORE),
        ("way_back", Moment.BEFORE),
        ("way_back", Moment.AFTER),
    ],
)
def test_by_setting_the_way_back_is_taken_at_once(rig: Rig, killed_at: str | None, moment: Moment) -> None:
    rig.backup()
    rig.execute("UPDATE devices SET name = 'new'")
    application = {"health_url": "http://127.0.0.1:9/health", "health_deadline": "1s", "when_unhealthy": "undo"}
    with rig.rebuilt(rig.setup.with_application(**application)) as ill:
        operation = ill.approved_restore()
        if killed_at is not None:
            run_and_die(ill.setup, operation.id, killed_at, moment, rig.directory)
        failed = ill.run(operation)
    assert failed.state is OperationState.FAILED
    assert failed.failure is not None
    assert failed.failure.left_as_it_was == (
        f"{rig.target.name} is as it was, with all its data. The services are as before."
    )
    assert devices(rig) == {"new"}
    assert rig.application.running == {"api", "worker"}
    (kept,) = [name for name in rig.databases() if name]
    assert rig.services.undos.undoable(TARGET).result["aside_database"] == rig.target.name + kept
    again = rig.run(rig.approved_undo())
    assert again.failure is None, again.failure
    assert devices(rig) == {"old"}, "what was restored can still be had"


def test_the_plan_says_what_the_last_restore_took_and_what_disk_there_is(rig: Rig) -> None:
    first = swapped(rig)
    plan = rig.services.drawings.plan(rig.planned_restore().id)
    assert plan is not None
    assert plan.body["last_time"] == {"operation": first.id, "seconds": 0.0, "downtime_seconds": 0.0}
    assert plan.body["disk"]["free"] > plan.body["disk"]["needed"] > 1_000_000
    other = rig.services.drawings.plan(rig.planned_restore(downtime=Downtime.AT_SWAP).id)
    assert other is not None
    assert other.body["last_time"] is None, "none has stopped the application at the swap yet"


def test_a_well_application_needs_no_way_back(rig: Rig) -> None:
    rig.backup()
    with rig.rebuilt(rig.setup.with_application(when_unhealthy="undo")) as careful:
        ended = careful.run(careful.approved_restore())
    assert ended.state is OperationState.DONE
    assert (ended.steps[-1].name, ended.steps[-1].state) == ("way_back", StepState.SKIPPED)


def test_at_the_swap_the_application_goes_on_until_the_new_database_is_verified(rig: Rig) -> None:
    rig.backup()
    rig.execute("UPDATE devices SET name = 'new'")
    ended = rig.run(rig.approved_restore(downtime=Downtime.AT_SWAP))
    assert ended.failure is None, ended.failure
    names = [step.name for step in ended.steps]
    assert names.index("stop_services") == names.index("verify_digests") + 1 == names.index("swap") - 1
    assert rig.application.log == ["stop api", "stop worker", "start worker", "start api"]
    assert devices(rig) == {"old"}


def test_a_session_that_wrote_until_the_swap_is_ended_and_its_rows_are_set_aside(rig: Rig) -> None:
    rig.backup()
    operation = rig.approved_restore(downtime=Downtime.AT_SWAP)
    with psycopg.connect(rig.target.dsn, autocommit=True) as session:
        session.execute("INSERT INTO devices VALUES (99, 'late')")
        ended = rig.run(operation)
        assert ended.failure is None, ended.failure
        with pytest.raises(psycopg.OperationalError):
            session.execute("INSERT INTO devices VALUES (100, 'too late')")
    rig.services.approvals.decide(rig.planned_undo().id, APPROVER, Decision.APPROVED)
    undo = next(item for item in rig.services.overview.targets()[0].recent if item.kind == "undo")
    rig.run(undo)
    assert rig.value("SELECT name FROM devices WHERE id = 99") == "late"
