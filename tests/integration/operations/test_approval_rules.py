"""Several approvals, their withdrawal, usergroups, times, and the one reminder."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest

from bot.errors import Conflict, Refused, UsageError
from bot.membership import Standing
from bot.models import Actor, Decision, Operation, OperationState, Plan, SubjectKind, Surface, WindowRequest
from tests.house import APPROVER, NOW, OPERATOR, SECOND, STRANGER, TARGET, Rig, Setup, Workplace

AT_THE_SHELL = Actor("cli:root", "root", Surface.CLI)
GROUP = "S0DBA"
TWO: dict[str, Any] = {"required_approvals": 2}


def plan_of(rig: Rig, operation: Operation) -> Plan:
    plan = rig.services.drawings.plan(operation.id)
    assert plan is not None
    return plan


def state(rig: Rig, operation: Operation) -> OperationState:
    return rig.services.overview.operation(operation.id).state


def staff(rig: Rig, **facts: Any) -> None:
    """What the workspace tells from now on."""
    rig.house.context.roster.attach(Workplace(**facts))


def jobs_of(rig: Rig, operation: Operation) -> int:
    return int(rig.state(f"SELECT count(*) FROM procrastinate_jobs WHERE args->>'operation_id' = '{operation.id}'")) - 1


def test_what_is_typed_and_said_is_checked_after_the_authority(rig: Rig) -> None:
    rig.backup()
    planned, approvals = rig.planned_restore(), rig.services.approvals
    with pytest.raises(Refused):
        approvals.approve(planned.id, STRANGER, "not even looked at")
    with pytest.raises(UsageError, match="The name typed is not the database's"):
        approvals.approve(planned.id, APPROVER, "inventory")
    with pytest.raises(UsageError, match="A denial needs a reason"):
        approvals.deny(planned.id, APPROVER, " ")
    assert rig.services.drawings.approvals(planned.id) == []
    assert approvals.approve(planned.id, APPROVER, f" {rig.target.name} ", " ok ").state is OperationState.QUEUED
    (given,) = rig.services.drawings.approvals(planned.id)
    assert (given.comment, given.allowed_by) == ("ok", APPROVER.id)
    entry = rig.services.audit.entries()[0]
    assert entry.detail == {"comment": "ok", "allowed": "on the list of approvers", "by": APPROVER.id}


def test_two_people_are_needed_and_one_counts_once(rig: Rig) -> None:
    rig.backup()
    with rig.rebuilt(rig.setup.with_policy(**TWO)) as two:
        planned, approvals = two.planned_restore(), two.services.approvals
        assert plan_of(two, planned).required_approvals == 2
        assert approvals.decide(planned.id, APPROVER, Decision.APPROVED).state is OperationState.AWAITING_APPROVAL
        with pytest.raises(Conflict, match="You have decided on this request already"):
            approvals.decide(planned.id, APPROVER, Decision.APPROVED)
        with pytest.raises(Conflict, match="You have approved this already"):
            approvals.authorize(planned.id, APPROVER, Decision.APPROVED)
        assert jobs_of(two, planned) == 0
        assert approvals.decide(planned.id, SECOND, Decision.APPROVED).state is OperationState.QUEUED
        assert two.run(planned).state is OperationState.DONE


def test_who_has_approved_may_still_deny(rig: Rig) -> None:
    rig.backup()
    with rig.rebuilt(rig.setup.with_policy(**TWO)) as two:
        planned, approvals = two.planned_restore(), two.services.approvals
        approvals.decide(planned.id, APPROVER, Decision.APPROVED)
        assert approvals.deny(planned.id, APPROVER, "seen the figures").state is OperationState.DENIED
        (given,) = two.services.drawings.approvals(planned.id)
        assert (given.decision, given.comment) == (Decision.DENIED, "seen the figures")


def test_one_denial_wins_over_approvals(rig: Rig) -> None:
    rig.backup()
    with rig.rebuilt(rig.setup.with_policy(**TWO)) as two:
        planned, approvals = two.planned_restore(), two.services.approvals
        approvals.decide(planned.id, APPROVER, Decision.APPROVED)
        assert approvals.deny(planned.id, SECOND, "not today").state is OperationState.DENIED
        with pytest.raises(Conflict, match="Already denied by Sam"):
            approvals.decide(planned.id, APPROVER, Decision.APPROVED)
        assert jobs_of(two, planned) == 0


def test_a_withdrawal_puts_it_back_and_the_job_that_waited_does_nothing(rig: Rig) -> None:
    rig.backup()
    approved, approvals = rig.approved_restore(), rig.services.approvals
    with pytest.raises(Refused, match="you have not approved this"):
        approvals.withdraw(approved.id, SECOND)
    assert approvals.withdraw(approved.id, APPROVER).state is OperationState.AWAITING_APPROVAL
    entry = rig.services.audit.entries()[0]
    assert (entry.action, entry.actor, entry.plan_hash) == ("restore.withdraw", APPROVER, approved.plan_hash)
    assert rig.run(approved).state is OperationState.AWAITING_APPROVAL
    assert rig.application.log == []
    with pytest.raises(Refused, match="you have not approved this"):
        approvals.withdraw(approved.id, APPROVER)
    assert approvals.decide(approved.id, APPROVER, Decision.APPROVED).state is OperationState.QUEUED
    assert rig.run(approved).state is OperationState.DONE
    with pytest.raises(Conflict, match="Too late: the restore is done already"):
        approvals.withdraw(approved.id, APPROVER)


def test_a_withdrawal_after_the_expiry_voids_it(rig: Rig) -> None:
    rig.backup()
    approved = rig.approved_restore()
    rig.clock.set(plan_of(rig, approved).expires_at)
    voided = rig.services.approvals.withdraw(approved.id, APPROVER)
    assert voided.state is OperationState.VOIDED
    assert voided.failure is not None
    assert "Ada withdrew the approval, and the time to approve is over" in voided.failure.message
    assert rig.services.audit.entries()[0].result == "voided"
    assert rig.run(approved).state is OperationState.VOIDED


def test_with_more_approvals_than_needed_one_may_go(rig: Rig) -> None:
    rig.backup()
    with rig.rebuilt(rig.setup.with_policy(**TWO)) as two:
        planned, approvals = two.planned_restore(), two.services.approvals
        approvals.decide(planned.id, APPROVER, Decision.APPROVED)
        two.alter_state(f"UPDATE plans SET required_approvals = 1 WHERE operation_id = '{planned.id}'")
        approvals.decide(planned.id, SECOND, Decision.APPROVED)
        assert approvals.withdraw(planned.id, APPROVER).state is OperationState.QUEUED


def test_what_has_begun_is_withdrawn_no_more(rig: Rig) -> None:
    rig.backup()
    approved = rig.approved_restore()
    rig.alter_state(f"UPDATE operations SET started_at = now() WHERE id = '{approved.id}'")
    with pytest.raises(Conflict, match="Too late"):
        rig.services.approvals.withdraw(approved.id, APPROVER)
    assert state(rig, approved) is OperationState.QUEUED


def test_a_withdrawal_at_the_start_stops_it_or_is_too_late(rig: Rig) -> None:
    rig.backup()
    approved = rig.approved_restore()
    rig.warm_up()
    begin = Barrier(2)

    def withdraw() -> bool:
        begin.wait(10)
        try:
            rig.services.approvals.withdraw(approved.id, APPROVER)
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(1) as executor:
        answer = executor.submit(withdraw)
        begin.wait(10)
        ended = rig.run(approved)
    assert ended.state is (OperationState.AWAITING_APPROVAL if answer.result() else OperationState.DONE)
    assert bool(rig.application.log) is not answer.result()


# Usergroups and standing.


def test_a_member_of_a_usergroup_approves_and_leaves_what_allowed_it(rig: Rig) -> None:
    rig.backup()
    with rig.rebuilt(rig.setup.with_policy(approvers=[GROUP])) as other:
        staff(other, groups={GROUP: frozenset({SECOND.id, OPERATOR.id})})
        planned = other.planned_restore()
        with pytest.raises(Refused) as caught:
            other.services.approvals.decide(planned.id, APPROVER, Decision.APPROVED)
        assert caught.value.who_can == (SECOND.id,)
        approved = other.services.approvals.decide(planned.id, SECOND, Decision.APPROVED)
        assert other.services.drawings.approvals(planned.id)[0].allowed_by == GROUP
        staff(other)
        assert other.run(approved).state is OperationState.DONE, "the worker asks the settings, not the workspace"


@pytest.mark.parametrize(
    "change",
    [
        lambda setup: setup.with_policy(approvers=[APPROVER.id, SECOND.id]),
        lambda setup: setup.with_policy(approvers=[GROUP], denied=[SECOND.id]),
        lambda setup: setup.with_policy(approvers=[GROUP], required_approvals=2),
    ],
)
def test_what_allowed_it_and_is_gone_from_the_settings_voids_it(rig: Rig, change: Callable[[Setup], Setup]) -> None:
    rig.backup()
    with rig.rebuilt(rig.setup.with_policy(approvers=[GROUP])) as before:
        staff(before, groups={GROUP: frozenset({SECOND.id})})
        approved = before.services.approvals.decide(before.planned_restore().id, SECOND, Decision.APPROVED)
    with rig.rebuilt(change(rig.setup)) as after:
        ended = after.run(approved)
    assert ended.state is OperationState.VOIDED
    assert rig.application.log == []


def test_a_restore_that_nobody_could_approve_is_refused_at_once(rig: Rig) -> None:
    rig.backup()
    with rig.rebuilt(rig.setup.with_policy(approvers=[GROUP])) as other:
        staff(other, groups={GROUP: frozenset({OPERATOR.id})})
        with pytest.raises(Refused, match=r"Nobody could approve this: 1 approval\(s\) needed, but only 0 other"):
            other.planned_restore()
        assert other.services.audit.entries()[0].result == "refused"


@pytest.mark.parametrize("standing", [standing for standing in Standing if standing is not Standing.ACTIVE])
def test_nobody_but_active_members_asks_decides_or_keeps(rig: Rig, standing: Standing) -> None:
    backup_id = str(rig.backup().result["backup_id"])
    planned = rig.planned_restore()
    staff(rig, standings={APPROVER.id: standing})
    for act in (
        lambda: rig.services.backups.request(TARGET, APPROVER),
        lambda: rig.services.approvals.decide(planned.id, APPROVER, Decision.APPROVED),
        lambda: rig.services.pins.keep(backup_id, "mine", APPROVER),
        lambda: rig.services.cancelling.cancel(planned.id, APPROVER),
    ):
        with pytest.raises(Refused):
            act()
        assert rig.services.audit.entries()[0].result == "refused"
    assert state(rig, planned) is OperationState.AWAITING_APPROVAL


# Times.


def test_only_in_a_window_a_restore_is_asked_approved_and_begun(rig: Rig) -> None:
    rig.backup()
    with rig.rebuilt(rig.setup.with_policy(only_in_window=True)) as other:
        with pytest.raises(Refused, match="needs an open maintenance window"):
            other.planned_restore()
        window = WindowRequest(TARGET, NOW, NOW + timedelta(minutes=20), "repair")
        other.services.windows.announce(window, OPERATOR)
        planned = other.planned_restore()
        late = other.services.approvals.decide(other.planned_restore().id, APPROVER, Decision.APPROVED)
        other.clock.move(minutes=20)
        with pytest.raises(Refused, match="needs an open maintenance window"):
            other.services.approvals.decide(planned.id, APPROVER, Decision.APPROVED)
        assert other.services.approvals.decide(planned.id, APPROVER, Decision.DENIED).state is OperationState.DENIED
        ended = other.run(late)
        assert ended.state is OperationState.VOIDED
        assert ended.failure is not None
        assert "The restore was not begun in time: a restore needs an open maintenance" in ended.failure.message


def test_in_quiet_hours_only_the_glass_is_broken(rig: Rig) -> None:
    rig.backup()
    with rig.rebuilt(rig.setup.with_policy(quiet_hours="11:00-12:00", timezone="Europe/Berlin")) as quiet:
        with pytest.raises(Refused, match="in the quiet hours, 11:00-12:00 Europe/Berlin"):
            quiet.planned_restore()
        planned = quiet.planned_restore(actor=AT_THE_SHELL)
        quiet.services.approvals.break_glass(planned.id, AT_THE_SHELL, go=True)
        assert quiet.run(planned).state is OperationState.DONE


# The reminder.


def test_the_approvers_are_reminded_once_also_after_a_restart(rig: Rig) -> None:
    rig.backup()
    planned, deadlines = rig.planned_restore(), rig.services.deadlines
    rig.clock.move(minutes=14, seconds=59)
    assert deadlines.remind() == []
    rig.clock.move(seconds=1)
    assert deadlines.remind() == [planned.id]
    assert deadlines.remind() == []
    with rig.rebuilt(rig.setup) as restarted:
        assert restarted.services.deadlines.remind() == []
    assert rig.state("SELECT count(*) FROM messages WHERE subject = 'reminder'") == 1
    parent = "SELECT p.subject FROM messages m JOIN messages p ON p.id = m.thread_of WHERE m.subject = 'reminder'"
    assert rig.state(parent) == SubjectKind.APPROVAL


def test_what_is_decided_or_over_is_not_reminded_of(rig: Rig) -> None:
    rig.backup()
    rig.approved_restore()
    planned = rig.planned_restore()
    rig.clock.set(plan_of(rig, planned).expires_at)
    rig.services.deadlines.advance()
    assert state(rig, planned) is OperationState.EXPIRED
    assert rig.state("SELECT count(*) FROM messages WHERE subject = 'reminder'") == 0


def test_the_policy_of_a_target_is_told_to_the_person(rig: Rig) -> None:
    own = {"requesters": [STRANGER.id], "quiet_hours": "10:00-11:00"}
    with rig.rebuilt(rig.setup.changed(policy=own)) as other:
        told = other.services.policies.of(TARGET, STRANGER)
    assert (told.own, told.asks.allowed, told.approves.allowed, told.time.allowed) == (True, True, False, False)
    assert told.approves.reason == "the list of approvers is empty, so nobody may approve"
