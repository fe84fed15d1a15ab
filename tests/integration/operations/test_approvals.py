"""Who may decide, and until when."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest

from bot.errors import BaselinerError, Conflict, NotFound, Refused
from bot.models import Actor, Decision, Operation, OperationState, Plan, RestoreRequest, SubjectKind, Surface
from tests.house import APPROVER, OPERATOR, SECOND, STRANGER, TARGET, Rig

AT_THE_SHELL = Actor("cli:root", "root", Surface.CLI)


@pytest.fixture
def planned(rig: Rig) -> Operation:
    """A restore that waits for approval."""
    rig.backup()
    return rig.planned_restore()


def plan_of(rig: Rig, operation: Operation) -> Plan:
    plan = rig.services.drawings.plan(operation.id)
    assert plan is not None
    return plan


def jobs_of(rig: Rig, operation: Operation) -> int:
    """How many jobs were deferred to run it, beside the one that planned it."""
    return int(rig.state(f"SELECT count(*) FROM procrastinate_jobs WHERE args->>'operation_id' = '{operation.id}'")) - 1


def assert_still_waiting(rig: Rig, operation: Operation) -> None:
    assert rig.services.overview.operation(operation.id).state is OperationState.AWAITING_APPROVAL
    assert rig.services.drawings.approvals(operation.id) == []
    assert jobs_of(rig, operation) == 0


def test_an_approval_queues_the_job_once_and_is_audited_with_the_plan(rig: Rig, planned: Operation) -> None:
    queued = rig.services.approvals.decide(planned.id, APPROVER, Decision.APPROVED, "go ahead")
    (approval,) = rig.services.drawings.approvals(planned.id)
    assert queued.state is OperationState.QUEUED
    assert (approval.person, approval.comment, approval.plan_hash) == (APPROVER, "go ahead", planned.plan_hash)
    assert jobs_of(rig, planned) == 1
    entry = rig.services.audit.entries()[0]
    assert (entry.action, entry.actor, entry.plan_hash) == ("restore.approved", APPROVER, planned.plan_hash)


def test_a_card_is_wanted_where_approvals_are_given(rig: Rig, planned: Operation) -> None:
    cards = [drawing for drawing in rig.services.drawings.due() if drawing.subject is SubjectKind.APPROVAL]
    assert [(card.subject_id, card.channel) for card in cards] == [(planned.id, "C0APPROVALS")]


@pytest.mark.parametrize(
    ("person", "reason", "who_can"),
    [
        (OPERATOR, "nobody approves their own request", (APPROVER.id, SECOND.id)),
        (STRANGER, "you are not on the list of approvers", (APPROVER.id, SECOND.id)),
        (AT_THE_SHELL, "approvals are given in Slack", (APPROVER.id, SECOND.id)),
    ],
)
def test_a_refusal_names_who_can_and_changes_nothing(
    rig: Rig, planned: Operation, person: Actor, reason: str, who_can: tuple[str, ...]
) -> None:
    with pytest.raises(Refused, match=reason) as caught:
        rig.services.approvals.decide(planned.id, person, Decision.APPROVED)
    assert caught.value.who_can == who_can
    assert_still_waiting(rig, planned)
    entry = rig.services.audit.entries()[0]
    assert (entry.action, entry.actor, entry.result) == ("restore.approved", person, "refused")
    assert (entry.detail["reason"], entry.plan_hash) == (reason, planned.plan_hash)


def test_with_an_empty_list_nobody_can_approve(rig: Rig, planned: Operation) -> None:
    with rig.rebuilt(rig.setup.with_policy(approvers=[])) as other:
        with pytest.raises(Refused, match="the list of approvers is empty") as caught:
            other.services.approvals.decide(planned.id, APPROVER, Decision.APPROVED)
        assert caught.value.who_can == ()
        assert_still_waiting(other, planned)


@pytest.mark.parametrize("approvers", [[], [OPERATOR.id]])
def test_a_restore_that_nobody_could_approve_is_not_asked_for(rig: Rig, approvers: list[str]) -> None:
    rig.backup()
    request = RestoreRequest(TARGET, "latest", "bad deploy", rig.target.name)
    asked = rig.services.restores.request(request, OPERATOR)
    with rig.rebuilt(rig.setup.with_policy(approvers=approvers)) as other:
        with pytest.raises(Refused, match="Nobody could approve this: 1 approval"):
            other.services.restores.request(request, OPERATOR)
        ended = other.run(asked)
    assert ended.state is OperationState.FAILED
    assert ended.failure is not None
    assert "Nobody could approve this: 1 approval(s) needed, but only 0" in ended.failure.message


def test_a_denial_ends_it_and_nothing_runs(rig: Rig, planned: Operation) -> None:
    denied = rig.services.approvals.decide(planned.id, APPROVER, Decision.DENIED, "not today")
    assert denied.state is OperationState.DENIED
    assert jobs_of(rig, planned) == 0
    assert rig.run(denied).state is OperationState.DENIED
    assert rig.application.log == []
    with pytest.raises(Conflict, match="Already denied by Ada at 2026-11-22 10:15 UTC; the request is denied already"):
        rig.services.approvals.decide(planned.id, SECOND, Decision.APPROVED)


def test_the_requester_may_withdraw(rig: Rig, planned: Operation) -> None:
    assert rig.services.approvals.decide(planned.id, OPERATOR, Decision.DENIED).state is OperationState.DENIED


def test_a_second_click_is_told_and_acts_once(rig: Rig, planned: Operation) -> None:
    rig.services.approvals.decide(planned.id, APPROVER, Decision.APPROVED)
    others = "Already approved by Ada at 2026-11-22 10:15 UTC; the request is queued"
    for person, decision, words in (
        (APPROVER, Decision.APPROVED, "You have approved it already"),
        (APPROVER, Decision.DENIED, others),
        (SECOND, Decision.APPROVED, others),
    ):
        with pytest.raises(Conflict, match=words):
            rig.services.approvals.decide(planned.id, person, decision)
    assert jobs_of(rig, planned) == 1


def test_of_two_who_decide_at_once_one_does(rig: Rig, planned: Operation) -> None:
    people = [APPROVER, SECOND] * 4
    begin = Barrier(len(people))
    rig.warm_up()

    def decide(person: Actor) -> str:
        begin.wait(10)
        try:
            rig.services.approvals.decide(planned.id, person, Decision.APPROVED)
        except BaselinerError as error:
            return str(error)
        return "approved"

    with ThreadPoolExecutor(len(people)) as executor:
        answers = list(executor.map(decide, people))
    assert answers.count("approved") == 1
    refused = {"You have approved it already.", "Already approved"}
    assert {answer.partition(" by ")[0] for answer in answers} == {"approved"} | refused
    assert len(rig.services.drawings.approvals(planned.id)) == 1
    assert jobs_of(rig, planned) == 1
    assert rig.services.audit.verify().intact


def test_a_plan_that_does_not_exist_cannot_be_decided_on(rig: Rig) -> None:
    with pytest.raises(NotFound, match="There is no plan for operation 'nonsense'"):
        rig.services.approvals.decide("nonsense", APPROVER, Decision.APPROVED)


def test_at_the_second_of_its_expiry_a_request_is_too_late(rig: Rig, planned: Operation) -> None:
    rig.clock.set(plan_of(rig, planned).expires_at)
    with pytest.raises(Conflict, match="Too late: the request has expired"):
        rig.services.approvals.decide(planned.id, APPROVER, Decision.APPROVED)
    assert_still_waiting(rig, planned)
    assert rig.services.deadlines.expire() == [planned.id]
    assert rig.services.deadlines.expire() == []
    assert rig.services.overview.operation(planned.id).state is OperationState.EXPIRED
    assert (rig.services.audit.entries()[0].action, rig.services.audit.entries()[0].result) == (
        "restore.expire",
        "expired",
    )


def test_a_moment_before_its_expiry_a_request_is_open(rig: Rig, planned: Operation) -> None:
    rig.clock.set(plan_of(rig, planned).expires_at - timedelta(microseconds=1))
    assert rig.services.deadlines.expire() == []
    assert rig.services.approvals.decide(planned.id, APPROVER, Decision.APPROVED).state is OperationState.QUEUED


def test_at_the_shell_a_request_that_expired_is_not_confirmed(rig: Rig, planned: Operation) -> None:
    rig.clock.set(plan_of(rig, planned).expires_at)
    with pytest.raises(Conflict, match="Too late: the request has expired"):
        rig.services.approvals.break_glass(planned.id, AT_THE_SHELL, go=True)
    assert_still_waiting(rig, planned)


@pytest.mark.parametrize(
    ("go", "state", "result", "reason"),
    [
        (True, OperationState.QUEUED, "recorded", "bad deploy"),
        (False, OperationState.CANCELLED, "refused", "The name typed is not the database's."),
    ],
)
def test_break_glass_is_audited_as_such(
    rig: Rig, planned: Operation, go: bool, state: OperationState, result: str, reason: str
) -> None:
    after = rig.services.approvals.break_glass(planned.id, AT_THE_SHELL, go=go)
    assert (after.state, after.failure is None) == (state, go)
    entry = rig.services.audit.entries()[0]
    assert (entry.action, entry.actor, entry.result) == ("restore.break_glass", AT_THE_SHELL, result)
    assert entry.detail == {"reason": reason}
    with pytest.raises(Conflict, match=f"Too late: the request is {state.value} already"):
        rig.services.approvals.break_glass(planned.id, AT_THE_SHELL, go=True)
