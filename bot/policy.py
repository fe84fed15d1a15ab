"""Who may ask, who may approve, is it still valid. Pure: facts in, a verdict with its reason out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.models import Actor, Decision, OperationState, Surface
from bot.settings import Policy


@dataclass(frozen=True)
class Verdict:
    """Allowed or not, why, and who (Slack user ids) could."""

    allowed: bool
    reason: str
    who_can: tuple[str, ...] = ()


def may_request(actor: Actor, policy: Policy) -> Verdict:
    """In Slack only the listed; the schedule, and a person at the shell (audited), always."""
    if actor.surface in (Surface.SCHEDULE, Surface.CLI):
        return Verdict(True, f"asked by {actor.surface}")
    if not policy.requesters:
        return Verdict(False, "the list of requesters is empty, so nobody may ask")
    if actor.id not in policy.requesters:
        return Verdict(False, "you are not on the list of requesters", policy.requesters)
    return Verdict(True, "on the list of requesters")


def may_decide(actor: Actor, requester: Actor, decision: Decision, policy: Policy) -> Verdict:
    """Nobody approves their own request; the requester may still withdraw it by denying."""
    others = tuple(person for person in policy.approvers if person != requester.id)
    if actor.surface is not Surface.SLACK:
        return Verdict(False, "approvals are given in Slack", others)
    if actor.id == requester.id:
        if decision is Decision.DENIED:
            return Verdict(True, "withdrawn by the person who asked")
        return Verdict(False, "nobody approves their own request", others)
    if not policy.approvers:
        return Verdict(False, "the list of approvers is empty, so nobody may approve")
    if actor.id not in policy.approvers:
        return Verdict(False, "you are not on the list of approvers", others)
    return Verdict(True, "on the list of approvers")


def may_cancel(actor: Actor, requester: Actor, policy: Policy) -> Verdict:
    """The person who asked, and everybody who may ask or approve: stopping is safer than going on."""
    if actor.id == requester.id:
        return Verdict(True, "asked for it")
    return may_keep(actor, policy)


def may_keep(actor: Actor, policy: Policy) -> Verdict:
    """Whoever may ask or approve: for pins and pauses, which destroy nothing."""
    if actor.surface is not Surface.SLACK:
        return Verdict(True, f"asked by {actor.surface}")
    able = tuple(dict.fromkeys([*policy.requesters, *policy.approvers]))
    if actor.id not in able:
        return Verdict(False, "you are neither on the list of requesters nor of approvers", able)
    return Verdict(True, "may ask or approve")


def still_open(state: OperationState, expires_at: datetime, now: datetime) -> Verdict:
    """Whether a plan can still be decided on. At the second of expiry it cannot."""
    if state is not OperationState.AWAITING_APPROVAL:
        return Verdict(False, f"the request is {state.value.replace('_', ' ')} already")
    if now >= expires_at:
        return Verdict(False, "the request has expired")
    return Verdict(True, "waiting for approval")


def can_be_approved(requester: Actor, policy: Policy, required: int) -> Verdict:
    """Whether enough people other than the requester could approve at all."""
    others: Sequence[str] = [person for person in set(policy.approvers) if person != requester.id]
    if len(others) < required:
        return Verdict(False, f"{required} approval(s) needed, but only {len(others)} other person(s) may approve")
    return Verdict(True, "enough approvers")
