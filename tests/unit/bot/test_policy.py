"""Policy: every branch."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bot.membership import Membership, Standing
from bot.models import Actor, Decision, OperationState, Surface
from bot.policy import (
    Verdict,
    may_cancel,
    may_decide,
    may_keep,
    may_request,
    reminder_at,
    still_holds,
    still_open,
    suits_restore,
)
from bot.quiet_hours import parse_quiet_hours
from bot.settings import Policy

ANN, BOB, CYD = (Actor(f"U0{name.upper()}", name) for name in ("Ann", "Bob", "Cyd"))
SHELL = Actor("cli:ann", "ann", Surface.CLI)
CRON = Actor("schedule", "the schedule", Surface.SCHEDULE)
NOW = datetime(2026, 11, 22, 10, 15, tzinfo=UTC)
TEAM, AWAY = "S0TEAM", "S0AWAY"
ALL_ACTIVE = {person.id: Standing.ACTIVE for person in (ANN, BOB, CYD)}
HERE = Membership(ALL_ACTIVE, {TEAM: frozenset({BOB.id, CYD.id})})
"""Everybody is active; a second usergroup, AWAY, cannot be read."""
IN_TEAM = f"in usergroup {TEAM}, on the list of approvers"


@pytest.mark.parametrize(
    ("actor", "requesters", "verdict"),
    [
        (ANN, (ANN.id, BOB.id), Verdict(True, "on the list of requesters", by=ANN.id)),
        (CYD, (ANN.id, BOB.id), Verdict(False, "you are not on the list of requesters", (ANN.id, BOB.id))),
        (CYD, (ANN.id, TEAM), Verdict(True, f"in usergroup {TEAM}, on the list of requesters", by=TEAM)),
        (ANN, (TEAM,), Verdict(False, "you are not on the list of requesters", (BOB.id, CYD.id))),
        (
            ANN,
            (BOB.id, AWAY),
            Verdict(
                False,
                f"Slack did not tell who is in usergroup {AWAY}, so nobody is let in by it; try again soon",
                (BOB.id, AWAY),
            ),
        ),
        (BOB, (AWAY, TEAM), Verdict(True, f"in usergroup {TEAM}, on the list of requesters", by=TEAM)),
        (ANN, (), Verdict(False, "the list of requesters is empty, so nobody may ask")),
        (SHELL, (), Verdict(True, "asked by cli")),
        (CRON, (), Verdict(True, "asked by schedule")),
    ],
)
def test_who_may_ask(actor: Actor, requesters: tuple[str, ...], verdict: Verdict) -> None:
    assert may_request(actor, Policy(requesters=requesters), HERE) == verdict


@pytest.mark.parametrize(("channel", "allowed"), [("C0OPS", True), ("C0DEV", False), (None, False), ("anywhere", True)])
def test_where_may_be_asked(channel: str | None, allowed: bool) -> None:
    verdict = may_request(ANN, Policy(requesters=(ANN.id,), channels=("C0OPS",)), HERE, channel)
    assert verdict.allowed is allowed
    assert allowed or verdict.reason == "this is not asked for here, but in C0OPS"
    assert may_request(SHELL, Policy(channels=("C0OPS",)), HERE, None).allowed
    assert may_request(ANN, Policy(requesters=(ANN.id,)), HERE, channel).allowed


@pytest.mark.parametrize(
    ("standing", "reason"),
    [
        (Standing.DEACTIVATED, "your account is deactivated"),
        (Standing.BOT, "apps and bots may not"),
        (Standing.GUEST, "guests of the workspace may not"),
        (Standing.STRANGER, "people of another workspace may not"),
        (Standing.UNREADABLE, "Slack did not tell whether you are an active member; try again soon"),
        (None, "Slack did not tell whether you are an active member; try again soon"),
    ],
)
def test_only_active_members_may(standing: Standing | None, reason: str) -> None:
    facts = Membership({} if standing is None else {BOB.id: standing})
    policy = Policy(requesters=(BOB.id,), approvers=(BOB.id,))
    for verdict in (
        may_request(BOB, policy, facts),
        may_decide(BOB, ANN, Decision.APPROVED, policy, facts),
        may_keep(BOB, policy, facts),
    ):
        assert (verdict.allowed, verdict.reason) == (False, reason)


@pytest.mark.parametrize(
    ("denied", "reason"),
    [
        ((BOB.id,), "the settings deny it to you"),
        ((TEAM,), f"the settings deny it to usergroup {TEAM}"),
        ((AWAY,), f"Slack did not tell who is in usergroup {AWAY}, which the settings deny; try again soon"),
    ],
)
def test_who_is_denied_may_not_whatever_the_lists_say(denied: tuple[str, ...], reason: str) -> None:
    policy = Policy(requesters=(BOB.id, TEAM), approvers=(BOB.id, TEAM), denied=denied)
    verdict = may_decide(BOB, ANN, Decision.APPROVED, policy, HERE)
    assert (verdict.allowed, verdict.reason) == (False, reason)
    assert BOB.id not in verdict.who_can
    assert not may_request(BOB, policy, HERE).allowed


@pytest.mark.parametrize(
    ("actor", "policy", "verdict"),
    [
        (ANN, Policy(requesters=(ANN.id,)), Verdict(True, "may ask or approve", by=ANN.id)),
        (ANN, Policy(approvers=(ANN.id,)), Verdict(True, "may ask or approve", by=ANN.id)),
        (BOB, Policy(approvers=(TEAM,)), Verdict(True, "may ask or approve", by=TEAM)),
        (SHELL, Policy(), Verdict(True, "asked by cli")),
        (ANN, Policy(), Verdict(False, "you are neither on the list of requesters nor of approvers")),
        (
            CYD,
            Policy(requesters=(ANN.id, BOB.id), approvers=(BOB.id,)),
            Verdict(False, "you are neither on the list of requesters nor of approvers", (ANN.id, BOB.id)),
        ),
    ],
)
def test_who_may_keep_and_pause(actor: Actor, policy: Policy, verdict: Verdict) -> None:
    assert may_keep(actor, policy, HERE) == verdict


@pytest.mark.parametrize(
    ("actor", "requester", "decision", "approvers", "verdict"),
    [
        (BOB, ANN, Decision.APPROVED, (BOB.id,), Verdict(True, "on the list of approvers", by=BOB.id)),
        (BOB, ANN, Decision.DENIED, (BOB.id,), Verdict(True, "on the list of approvers", by=BOB.id)),
        (
            BOB,
            ANN,
            Decision.APPROVED,
            (TEAM,),
            Verdict(True, f"in usergroup {TEAM}, on the list of approvers", by=TEAM),
        ),
        (BOB, BOB, Decision.APPROVED, (TEAM,), Verdict(False, "nobody approves their own request", (CYD.id,))),
        (
            ANN,
            ANN,
            Decision.APPROVED,
            (ANN.id, BOB.id),
            Verdict(False, "nobody approves their own request", (BOB.id,)),
        ),
        (ANN, ANN, Decision.DENIED, (), Verdict(True, "withdrawn by the person who asked")),
        (CYD, ANN, Decision.APPROVED, (BOB.id,), Verdict(False, "you are not on the list of approvers", (BOB.id,))),
        (CYD, ANN, Decision.DENIED, (BOB.id,), Verdict(False, "you are not on the list of approvers", (BOB.id,))),
        (BOB, ANN, Decision.APPROVED, (), Verdict(False, "the list of approvers is empty, so nobody may approve")),
        (SHELL, BOB, Decision.APPROVED, (BOB.id, ANN.id), Verdict(False, "approvals are given in Slack", (ANN.id,))),
    ],
)
def test_who_may_decide(
    actor: Actor, requester: Actor, decision: Decision, approvers: tuple[str, ...], verdict: Verdict
) -> None:
    assert may_decide(actor, requester, decision, Policy(approvers=approvers), HERE) == verdict


@pytest.mark.parametrize(
    ("by", "policy", "reason"),
    [
        (BOB.id, Policy(approvers=(TEAM,)), "Bob was allowed by U0BOB, which is no approver any more"),
        (TEAM, Policy(approvers=(BOB.id,)), f"Bob was allowed by {TEAM}, which is no approver any more"),
        (TEAM, Policy(approvers=(TEAM,), denied=(BOB.id,)), "Bob is denied now"),
        ("", Policy(approvers=(CYD.id,)), "Bob was allowed by U0BOB, which is no approver any more"),
    ],
)
def test_an_approval_loses_its_force_with_the_entry_that_allowed_it(by: str, policy: Policy, reason: str) -> None:
    assert still_holds(BOB, by, ANN, policy) == Verdict(False, reason)


@pytest.mark.parametrize("state", list(OperationState))
def test_only_what_waits_for_approval_is_open(state: OperationState) -> None:
    verdict = still_open(state, NOW + timedelta(hours=1), NOW)
    assert verdict.allowed == (state is OperationState.AWAITING_APPROVAL)
    assert "_" not in verdict.reason


@pytest.mark.parametrize(
    ("actor", "allowed"), [(ANN, True), (BOB, True), (CYD, False), (SHELL, True), (Actor("U0GONE", "Gone"), True)]
)
def test_who_may_cancel(actor: Actor, allowed: bool) -> None:
    policy = Policy(requesters=(ANN.id,), approvers=(BOB.id,))
    verdict = may_cancel(actor, Actor("U0GONE", "Gone"), policy, HERE)
    assert verdict.allowed is allowed
    assert verdict.who_can == (() if allowed else (ANN.id, BOB.id))


# When.


@pytest.mark.parametrize(
    ("actor", "policy", "window_open", "reason"),
    [
        (ANN, Policy(), False, ""),
        (ANN, Policy(only_in_window=True), True, ""),
        (
            ANN,
            Policy(only_in_window=True),
            False,
            "a restore needs an open maintenance window of its target, and none is open",
        ),
        (SHELL, Policy(only_in_window=True, quiet_hours="10:00-11:00"), False, ""),
        (
            ANN,
            Policy(quiet_hours="10:00-11:00"),
            True,
            "no restore is asked or begun in the quiet hours, 10:00-11:00 UTC",
        ),
        (ANN, Policy(quiet_hours="10:00-11:00", timezone="Europe/Berlin"), False, ""),
        (
            ANN,
            Policy(quiet_hours="11:00-11:30", timezone="Europe/Berlin"),
            False,
            "no restore is asked or begun in the quiet hours, 11:00-11:30 Europe/Berlin",
        ),
    ],
)
def test_when_a_restore_may_be_asked(actor: Actor, policy: Policy, window_open: bool, reason: str) -> None:
    verdict = suits_restore(actor, policy, NOW, window_open)
    assert (verdict.allowed, "" if verdict.allowed else verdict.reason) == (not reason, reason)


@pytest.mark.parametrize("text", ["", "22-07", "22:00", "24:00-07:00", "22:00-22:00", "at night"])
def test_what_is_no_span_of_hours_is_told_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="22:00-07:00"):
        parse_quiet_hours(text)


@pytest.mark.parametrize(("minutes", "reminded_after"), [(10, 5), (30, 15), (40, 25), (24 * 60, 24 * 60 - 15)])
def test_the_reminder_comes_at_half_of_the_time_or_shortly_before_its_end(minutes: int, reminded_after: int) -> None:
    assert reminder_at(NOW, NOW + timedelta(minutes=minutes)) == NOW + timedelta(minutes=reminded_after)
