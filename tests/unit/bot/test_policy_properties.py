"""Policy: the rules that hold whatever the facts are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from bot.membership import Membership, Standing
from bot.models import Actor, Decision, OperationState, Surface
from bot.policy import can_be_approved, may_decide, may_keep, may_request, still_holds, still_open
from bot.quiet_hours import parse_quiet_hours
from bot.settings import Policy

NOW = datetime(2026, 11, 22, 10, 15, tzinfo=UTC)
PEOPLE, GROUPS = ("U1", "U2", "U3", "U4"), ("S1", "S2")
ids = st.sampled_from(PEOPLE)
principals = st.lists(st.sampled_from((*PEOPLE, *GROUPS)), max_size=4).map(tuple)
actors = st.builds(Actor, ids, st.just("someone"), st.sampled_from(Surface))
people = st.builds(Actor, ids, st.just("someone"), st.just(Surface.SLACK))
policies = st.builds(Policy, requesters=principals, approvers=principals, denied=principals)
memberships = st.builds(
    Membership,
    st.fixed_dictionaries({person: st.sampled_from(Standing) for person in PEOPLE}),
    st.dictionaries(st.sampled_from(GROUPS), st.frozensets(ids)),
)
decisions = st.sampled_from(Decision)


@given(requester=actors, policy=policies, facts=memberships)
def test_nobody_ever_approves_their_own_request(requester: Actor, policy: Policy, facts: Membership) -> None:
    verdict = may_decide(requester, requester, Decision.APPROVED, policy, facts)
    assert not verdict.allowed
    assert requester.id not in verdict.who_can
    assert not still_holds(requester, requester.id, requester, policy).allowed


@given(actor=people, requester=people, decision=decisions, policy=policies, facts=memberships)
def test_who_is_no_active_member_or_denied_never_may(
    actor: Actor, requester: Actor, decision: Decision, policy: Policy, facts: Membership
) -> None:
    kept_out = any(
        principal == actor.id or actor.id in facts.groups.get(principal, frozenset({actor.id}))
        for principal in policy.denied
        if principal == actor.id or principal.startswith("S")
    )
    if facts.standing(actor.id) is not Standing.ACTIVE or kept_out:
        assert not may_request(actor, policy, facts).allowed
        assert not may_keep(actor, policy, facts).allowed
        withdraws = actor.id == requester.id and decision is Decision.DENIED
        assert may_decide(actor, requester, decision, policy, facts).allowed == withdraws


@given(actor=actors, requester=actors, facts=memberships)
def test_an_empty_list_denies_everybody(actor: Actor, requester: Actor, facts: Membership) -> None:
    nobody = Policy()
    assert not may_decide(actor, requester, Decision.APPROVED, nobody, facts).allowed
    assert may_request(actor, nobody, facts).allowed == (actor.surface is not Surface.SLACK)
    assert not can_be_approved(requester, nobody, facts, 1).allowed


@given(actor=actors, requester=actors, decision=decisions, policy=policies, facts=memberships)
def test_who_can_is_true_of_everybody_it_names(
    actor: Actor, requester: Actor, decision: Decision, policy: Policy, facts: Membership
) -> None:
    for person in may_decide(actor, requester, decision, policy, facts).who_can:
        if not person.startswith("S"):
            assert may_decide(Actor(person, "someone"), requester, Decision.APPROVED, policy, facts).allowed
    for person in may_request(actor, policy, facts).who_can:
        if not person.startswith("S"):
            assert may_request(Actor(person, "someone"), policy, facts).allowed


@given(requester=people, policy=policies, facts=memberships)
def test_what_can_be_approved_has_enough_who_may(requester: Actor, policy: Policy, facts: Membership) -> None:
    may = {
        person
        for person in PEOPLE
        if may_decide(Actor(person, "someone"), requester, Decision.APPROVED, policy, facts).allowed
    }
    unread = any(name.startswith("S") for name in policy.approvers + policy.denied) and not (
        policy.groups <= facts.groups.keys()
    )
    for required in (1, 2, 3):
        assert can_be_approved(requester, policy, facts, required).allowed == (unread or len(may) >= required)


@given(approver=people, requester=people, policy=policies, facts=memberships)
def test_what_was_allowed_still_holds_under_the_same_settings(
    approver: Actor, requester: Actor, policy: Policy, facts: Membership
) -> None:
    verdict = may_decide(approver, requester, Decision.APPROVED, policy, facts)
    if verdict.allowed:
        assert still_holds(approver, verdict.by, requester, policy).allowed
        assert not still_holds(approver, verdict.by, requester, Policy(approvers=("U0ELSE",))).allowed


@given(seconds=st.integers(-(10**6), 10**6))
def test_a_request_is_open_until_and_not_at_its_expiry(seconds: int) -> None:
    expires_at = NOW + timedelta(seconds=seconds)
    assert still_open(OperationState.AWAITING_APPROVAL, expires_at, NOW).allowed == (seconds > 0)


@given(start=st.integers(0, 1439), length=st.integers(1, 1439), minute=st.integers(0, 1439))
def test_quiet_hours_cover_their_length_from_their_start_over_midnight_too(
    start: int, length: int, minute: int
) -> None:
    end = (start + length) % 1440
    quiet = parse_quiet_hours(f"{start // 60:02}:{start % 60:02}-{end // 60:02}:{end % 60:02}")
    now = datetime(2026, 11, 22, minute // 60, minute % 60, 59, tzinfo=UTC)
    assert quiet.cover(now, ZoneInfo("UTC")) == ((minute - start) % 1440 < length)
    assert parse_quiet_hours(str(quiet)) == quiet
