"""The approval card in each of its states."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.models import Approval, Decision, OperationKind, OperationState
from handlers import ids
from handlers.views.approval import approval_card
from tests.unit.handlers.drawn import assert_harmless, buttons, read
from tests.unit.handlers.samples import APPROVER, FAILURE, HASH, HOSTILE, ID, NOW, approval, operation, plan

RESTORE = OperationKind.RESTORE
WAITING = operation(RESTORE, OperationState.AWAITING_APPROVAL, reason="Wrong bulk update", finished_at=None)


def test_a_card_holds_all_that_a_decision_needs() -> None:
    message = approval_card(WAITING, plan(), [], NOW)
    told = read(message)
    for words in (
        "Restore of inventory needs approval",
        "<@U0OPERATOR>",
        "Reason: Wrong bulk update",
        "`inventory` of target `inventory`",
        "*Goes back to* <!date^1795335300^",
        "2 h ago",
        "29.1 MB, 300,012 rows, PostgreSQL 16.4, revision `a1b2c3`",
        "everything written since <!date^1795335300^",
        "(2 h); the database holds 210.0 MB now",
        "3 open sessions, which will be closed: 3 of `api`",
        "services stopped meanwhile: `api` and `worker`",
        "A safety backup is taken first",
        "kept for 1 d",
        f"Plan `{HASH}`",
        "Expires <!date^1795344060^",
        ID,
    ):
        assert words in told
    assert buttons(message.blocks) == {ids.APPROVE: ID, ids.DENY: ID, ids.SHOW_PLAN: ID}


def test_a_card_names_those_who_can_approve_it() -> None:
    told = read(approval_card(WAITING, plan(), [], NOW, ["U0OPERATOR", "U0APPROVER", "U0SECOND"]))
    assert "Can approve: <@U0APPROVER> or <@U0SECOND>" in told
    decided = approval_card(operation(RESTORE, OperationState.DENIED), plan(), [], NOW, ["U0APPROVER"])
    assert "Can approve" not in read(decided)


def test_those_who_approved_or_asked_are_not_asked_any_more() -> None:
    given = [approval(Decision.APPROVED)]
    told = read(approval_card(WAITING, plan(), given, NOW, ["U0OPERATOR", "U0APPROVER", "S0TEAM"]))
    assert "Can approve: <!subteam^S0TEAM>" in told


def test_approving_looks_dangerous() -> None:
    message = approval_card(WAITING, plan(), [], NOW)
    approve, deny, _ = message.blocks[-2]["elements"]
    assert approve["style"] == "danger"
    assert "style" not in deny


DECIDED: list[tuple[OperationState, list[Approval], list[str]]] = [
    (OperationState.QUEUED, [approval(Decision.APPROVED)], ["approved", "Approved by <@U0APPROVER> <!date^"]),
    (OperationState.RUNNING, [approval(Decision.APPROVED)], ["The restore is running"]),
    (OperationState.DONE, [approval(Decision.APPROVED)], ["✅ The restore is done"]),
    (OperationState.FAILED, [approval(Decision.APPROVED)], ["The restore failed", "connection lost"]),
    (OperationState.DENIED, [approval(Decision.DENIED, "not today")], ["Denied by <@U0APPROVER>", "not today"]),
    (OperationState.EXPIRED, [], ["nobody decided in time"]),
    (OperationState.VOIDED, [approval(Decision.APPROVED)], ["voided", "connection lost"]),
    (OperationState.CANCELLED, [], ["was cancelled"]),
]


@pytest.mark.parametrize(("state", "approvals", "found"), DECIDED, ids=[case[0] for case in DECIDED])
def test_a_decided_card_says_so_and_cannot_be_decided_on(
    state: OperationState, approvals: list[Approval], found: list[str]
) -> None:
    failure = FAILURE if state in (OperationState.FAILED, OperationState.VOIDED) else None
    message = approval_card(operation(RESTORE, state, failure=failure), plan(), approvals, NOW)
    told = read(message)
    for words in found:
        assert words in told
    extra = {
        OperationState.QUEUED: {ids.WITHDRAW: ID},
        OperationState.EXPIRED: {ids.ASK_AGAIN: ID},
        OperationState.VOIDED: {ids.ASK_AGAIN: ID},
    }
    assert buttons(message.blocks) == {ids.SHOW_PLAN: ID} | extra.get(state, {})
    assert "Expires" not in told


def test_a_card_names_who_called_it_off() -> None:
    cancelled = operation(RESTORE, OperationState.CANCELLED, cancel_asked_by=APPROVER)
    assert "⛔ The restore was cancelled by <@U0APPROVER>, <!date^" in read(approval_card(cancelled, plan(), [], NOW))


@pytest.mark.parametrize(("source", "warned"), [("inventory", False), ("billing", True)])
def test_that_nothing_is_masked_is_told_of_another_targets_rows(source: str, warned: bool) -> None:
    origin = {"target": source, "masking": None, "masking_sha256": None, "statements": 0}
    told = read(approval_card(WAITING, plan(new_database="x1", source=origin), [], NOW))
    assert ("Nothing is masked" in told) is warned
    assert "as the new database `x1`" in told


def test_one_of_two_approvals_is_counted() -> None:
    needs_two = replace(plan(), required_approvals=2)
    message = approval_card(WAITING, needs_two, [approval(Decision.APPROVED)], NOW)
    assert "1 of 2 approvals" in read(message)
    assert buttons(message.blocks).keys() == {ids.APPROVE, ids.DENY, ids.SHOW_PLAN, ids.WITHDRAW}


def test_an_approval_that_was_withdrawn_counts_no_more() -> None:
    withdrawn = replace(approval(Decision.APPROVED), withdrawn_at=NOW)
    message = approval_card(WAITING, replace(plan(), required_approvals=2), [withdrawn], NOW, ["U0APPROVER"])
    told = read(message)
    assert "Withdrawn by <@U0APPROVER>" in told
    assert "0 of 2 approvals" in told
    assert "Can approve: <@U0APPROVER>" in told
    assert ids.WITHDRAW not in buttons(message.blocks)


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"services": []}, "no services are configured"),
        ({"warnings": ["The backup is at revision x"]}, "⚠️ The backup is at revision x"),
        ({"backup": plan().body["backup"] | {"kind": "safety", "revision": None}}, "Safety backup `2026"),
        ({"loses": plan().body["loses"] | {"changes": None}}, "how many rows that is cannot be told"),
        ({"loses": plan().body["loses"] | {"sessions": []}}, "no open sessions at the time of the plan"),
        (
            {"loses": plan().body["loses"] | {"sessions": [{"application_name": "", "user": "app", "count": 1}] * 9}},
            "9 open sessions, which will be closed: 1 of `app`",
        ),
    ],
)
def test_a_card_tells_what_is_special(changes: dict[str, Any], found: str) -> None:
    assert found in read(approval_card(WAITING, plan(**changes), [], NOW))


def test_a_card_of_hostile_or_endless_words_is_harmless_and_fits() -> None:
    for text in (HOSTILE, "word & " * 3000):
        hostile = plan(
            database=text,
            services=[text] * 30,
            warnings=[text] * 12,
            loses=plan().body["loses"] | {"sessions": [{"application_name": text, "user": text, "count": 1}] * 40},
            backup=plan().body["backup"] | {"server_version": text, "revision": text},
        )
        message = approval_card(
            replace(WAITING, reason=text), hostile, [approval(Decision.APPROVED, text)], NOW + timedelta(minutes=1)
        )
        assert len(read(message)) < 13_200
        assert_harmless(message.blocks)
