"""Policy: every branch, and the rules that hold whatever the facts are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.models import Actor, Decision, OperationState, Surface
from bot.policy import Verdict, can_be_approved, may_cancel, may_decide, may_keep, may_request, still_open
from bot.settings import Policy

ANN, BOB, CYD = (Actor(f"U0{name.upper()}", name) for name in ("Ann", "Bob", "Cyd"))
SHELL = Actor("cli:ann", "ann", Surface.CLI)
CRON = Actor("schedule", "the schedule", Surface.SCHEDULE)
NOW = datetime(2026, 11, 22, 10, 15, tzinfo=UTC)

ids = st.sampled_from(["U1", "U2", "U3", "U4"])
actors = st.builds(Actor, ids, st.just("someone"), st.sampled_from(Surface))
people = st.builds(Actor, ids, st.just("someone"), st.just(Surface.SLACK))
policies = st.builds(
    Policy, requesters=st.lists(ids).map(tuple), approvers=st.lists(ids).map(tuple), approval_expires=st.just("30m")
)


@pytest.mark.parametrize(
    ("actor", "requesters", "verdict"),
    [
        (ANN, (ANN.id, BOB.id), Verdict(True, "on the list of requesters")),
        (CYD, (ANN.id, BOB.id), Verdict(False, "you are not on the list of requesters", (ANN.id, BOB.id))),
        (ANN, (), Verdict(False, "the list of requesters is empty, so nobody may ask")),
        (SHELL, (), Verdict(True, "asked by cli")),
        (CRON, (), Verdict(True, "asked by schedule")),
    ],
)
def test_who_may_ask(actor: Actor, requesters: tuple[str, ...], verdict: Verdict) -> None:
    assert may_request(actor, Policy(requesters=requesters)) == verdict


@pytest.mark.parametrize(
    ("actor", "policy", "verdict"),
    [
        (ANN, Policy(requesters=(ANN.id,)), Verdict(True, "may ask or approve")),
        (ANN, Policy(approvers=(ANN.id,)), Verdict(True, "may ask or approve")),
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
    assert may_keep(actor, policy) == verdict


@pytest.mark.parametrize(
    ("actor", "requester", "decision", "approvers", "verdict"),
    [
        (BOB, ANN, Decision.APPROVED, (BOB.id,), Verdict(True, "on the list of approvers")),
        (BOB, ANN, Decision.DENIED, (BOB.id,), Verdict(True, "on the list of approvers")),
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
    assert may_decide(actor, requester, decision, Policy(approvers=approvers)) == verdict


@given(requester=actors, policy=policies)
def test_nobody_ever_approves_their_own_request(requester: Actor, policy: Policy) -> None:
    verdict = may_decide(requester, requester, Decision.APPROVED, policy)
    assert not verdict.allowed
    assert requester.id not in verdict.who_can


@given(actor=actors, requester=actors)
def test_an_empty_list_denies_everybody(actor: Actor, requester: Actor) -> None:
    nobody = Policy()
    assert not may_decide(actor, requester, Decision.APPROVED, nobody).allowed
    assert may_request(actor, nobody).allowed == (actor.surface is not Surface.SLACK)
    assert not can_be_approved(requester, nobody, 1).allowed


@given(actor=actors, requester=actors, decision=st.sampled_from(Decision), policy=policies)
def test_who_can_is_true_of_everybody_it_names(
    actor: Actor, requester: Actor, decision: Decision, policy: Policy
) -> None:
    verdict = may_decide(actor, requester, decision, policy)
    for person in verdict.who_can:
        assert may_decide(Actor(person, "someone"), requester, Decision.APPROVED, policy).allowed
    for person in may_request(actor, policy).who_can:
        assert may_request(Actor(person, "someone"), policy).allowed


@given(requester=people, policy=policies)
def test_what_can_be_approved_has_somebody_who_may(requester: Actor, policy: Policy) -> None:
    may = {
        person
        for person in policy.approvers
        if may_decide(Actor(person, "someone"), requester, Decision.APPROVED, policy).allowed
    }
    for required in (1, 2, 3):
        assert can_be_approved(requester, policy, required).allowed == (len(may) >= required)


@pytest.mark.parametrize("state", list(OperationState))
def test_only_what_waits_for_approval_is_open(state: OperationState) -> None:
    verdict = still_open(state, NOW + timedelta(hours=1), NOW)
    assert verdict.allowed == (state is OperationState.AWAITING_APPROVAL)
    assert "_" not in verdict.reason


@given(seconds=st.integers(-(10**6), 10**6))
def test_a_request_is_open_until_and_not_at_its_expiry(seconds: int) -> None:
    expires_at = NOW + timedelta(seconds=seconds)
    assert still_open(OperationState.AWAITING_APPROVAL, expires_at, NOW).allowed == (seconds > 0)


@pytest.mark.parametrize(
    ("actor", "allowed"), [(ANN, True), (BOB, True), (CYD, False), (SHELL, True), (Actor("U0GONE", "Gone"), True)]
)
def test_who_may_cancel(actor: Actor, allowed: bool) -> None:
    policy = Policy(requesters=(ANN.id,), approvers=(BOB.id,))
    verdict = may_cancel(actor, Actor("U0GONE", "Gone"), policy)
    assert verdict.allowed is allowed
    assert verdict.who_can == (() if allowed else (ANN.id, BOB.id))
