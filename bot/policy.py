"""Who may ask, who may approve, is it still valid. Pure: facts in, a verdict with its reason out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.membership import Membership, Standing, is_group
from bot.models import Actor, Decision, OperationState, Surface
from bot.settings import Policy

ANYWHERE = "anywhere"
"""In place of a channel where it does not matter which."""
_NO_MEMBERS = {
    Standing.DEACTIVATED: "your account is deactivated",
    Standing.BOT: "apps and bots may not",
    Standing.GUEST: "guests of the workspace may not",
    Standing.STRANGER: "people of another workspace may not",
    Standing.UNREADABLE: "Slack did not tell whether you are an active member; try again soon",
}
_REMINDED_BEFORE = timedelta(minutes=15)


@dataclass(frozen=True)
class Verdict:
    """Allowed or not, why, and who (user ids; usergroup ids where their members cannot be read) could.

    `by` is the entry of the settings that allowed it: a user id or a usergroup id.
    """

    allowed: bool
    reason: str
    who_can: tuple[str, ...] = ()
    by: str = ""


def may_request(actor: Actor, policy: Policy, membership: Membership, channel: str | None = ANYWHERE) -> Verdict:
    """In Slack only the listed, in the channels allowed; the schedule, and a person at the shell (audited), always."""
    if actor.surface in (Surface.SCHEDULE, Surface.CLI):
        return Verdict(True, f"asked by {actor.surface}")
    verdict = _listed(actor, policy.requesters, "requesters", "ask", policy, membership)
    if verdict.allowed and policy.channels and channel not in (ANYWHERE, *policy.channels):
        return Verdict(False, f"this is not asked for here, but in {' or '.join(policy.channels)}")
    return verdict


def may_decide(actor: Actor, requester: Actor, decision: Decision, policy: Policy, membership: Membership) -> Verdict:
    """Nobody approves their own request; the requester may still withdraw it by denying."""
    own = actor.id == requester.id
    if actor.surface is Surface.SLACK and own and decision is Decision.DENIED:
        return Verdict(True, "withdrawn by the person who asked")
    if actor.surface is not Surface.SLACK:
        verdict = Verdict(False, "approvals are given in Slack", _able(policy.approvers, policy, membership))
    elif own:
        verdict = Verdict(False, "nobody approves their own request", _able(policy.approvers, policy, membership))
    else:
        verdict = _listed(actor, policy.approvers, "approvers", "approve", policy, membership)
    return replace(verdict, who_can=tuple(person for person in verdict.who_can if person != requester.id))


def may_cancel(actor: Actor, requester: Actor, policy: Policy, membership: Membership) -> Verdict:
    """The person who asked, and everybody who may ask or approve: stopping is safer than going on."""
    if actor.id == requester.id:
        return Verdict(True, "asked for it")
    return may_keep(actor, policy, membership)


def may_keep(actor: Actor, policy: Policy, membership: Membership) -> Verdict:
    """Whoever may ask or approve: for pins and pauses, which destroy nothing."""
    if actor.surface is not Surface.SLACK:
        return Verdict(True, f"asked by {actor.surface}")
    both = tuple(dict.fromkeys([*policy.requesters, *policy.approvers]))
    if not both:
        return Verdict(False, "you are neither on the list of requesters nor of approvers")
    verdict = _listed(actor, both, "requesters nor of approvers", "ask or approve", policy, membership)
    if verdict.allowed:
        return replace(verdict, reason="may ask or approve")
    neither = verdict.reason.replace("you are not on the list of", "you are neither on the list of")
    return replace(verdict, reason=neither)


def suits_restore(actor: Actor, policy: Policy, now: datetime, window_open: bool) -> Verdict:
    """Whether a restore may be asked for, approved and begun at this time; a person at the shell breaks the glass."""
    if actor.surface is Surface.CLI:
        return Verdict(True, "asked at the shell")
    if policy.only_in_window and not window_open:
        return Verdict(False, "a restore needs an open maintenance window of its target, and none is open")
    quiet = policy.quiet_hours
    if quiet is not None and quiet.cover(now, policy.zone):
        return Verdict(False, f"no restore is asked or begun in the quiet hours, {quiet} {policy.timezone}")
    return Verdict(True, "the time suits")


def still_open(state: OperationState, expires_at: datetime, now: datetime) -> Verdict:
    """Whether a plan can still be decided on. At the second of expiry it cannot."""
    if state is not OperationState.AWAITING_APPROVAL:
        return Verdict(False, f"the request is {state.value.replace('_', ' ')} already")
    if now >= expires_at:
        return Verdict(False, "the request has expired")
    return Verdict(True, "waiting for approval")


def still_holds(approver: Actor, by: str, requester: Actor, policy: Policy) -> Verdict:
    """Whether an approval has its force yet, as far as the settings alone tell.

    `by` is what allowed it when it was given; the members of a usergroup were read then.
    """
    if approver.surface is not Surface.SLACK or approver.id == requester.id:
        return Verdict(False, "nobody approves their own request")
    if approver.id in policy.denied:
        return Verdict(False, f"{approver.name} is denied now")
    if (by or approver.id) not in policy.approvers:
        return Verdict(False, f"{approver.name} was allowed by {by or approver.id}, which is no approver any more")
    return Verdict(True, "on the list of approvers", by=by or approver.id)


def can_be_approved(requester: Actor, policy: Policy, membership: Membership, required: int) -> Verdict:
    """Whether enough people other than the requester could approve at all. Usergroups unread may have them."""
    if any(map(is_group, (*policy.approvers, *policy.denied))) and policy.groups - membership.groups.keys():
        return Verdict(True, "whom the usergroups name cannot be told here")
    able = [person for person in _able(policy.approvers, policy, membership) if person != requester.id]
    if len(able) < required:
        return Verdict(False, f"{required} approval(s) needed, but only {len(able)} other person(s) may approve")
    return Verdict(True, "enough approvers")


def reminder_at(created_at: datetime, expires_at: datetime) -> datetime:
    """When the approvers of a waiting plan are reminded: at half of its time, or shortly before its end if later."""
    return max(created_at + (expires_at - created_at) / 2, expires_at - _REMINDED_BEFORE)


def _listed(
    actor: Actor, principals: Sequence[str], noun: str, verb: str, policy: Policy, membership: Membership
) -> Verdict:
    """An entry that denies wins over any that allows; what cannot be read allows nobody."""
    if not principals:
        return Verdict(False, f"the list of {noun} is empty, so nobody may {verb}")
    able = _able(principals, policy, membership)
    standing = membership.standing(actor.id)
    if standing is not Standing.ACTIVE:
        return Verdict(False, _NO_MEMBERS[standing], able)
    denial = _denied(actor.id, policy, membership)
    if denial:
        return Verdict(False, denial, able)
    if actor.id in principals:
        return Verdict(True, f"on the list of {noun}", by=actor.id)
    groups = [principal for principal in principals if is_group(principal)]
    for group in groups:
        if actor.id in membership.groups.get(group, ()):
            return Verdict(True, f"in usergroup {group}, on the list of {noun}", by=group)
    unread = [group for group in groups if group not in membership.groups]
    if unread:
        told = f"Slack did not tell who is in usergroup {unread[0]}, so nobody is let in by it; try again soon"
        return Verdict(False, told, able)
    return Verdict(False, f"you are not on the list of {noun}", able)


def _denied(user_id: str, policy: Policy, membership: Membership) -> str:
    """Why the list of the denied keeps this person out; empty where it does not."""
    for principal in policy.denied:
        if principal == user_id:
            return "the settings deny it to you"
        if is_group(principal) and principal not in membership.groups:
            return f"Slack did not tell who is in usergroup {principal}, which the settings deny; try again soon"
        if user_id in membership.groups.get(principal, ()):
            return f"the settings deny it to usergroup {principal}"
    return ""


def _able(principals: Sequence[str], policy: Policy, membership: Membership) -> tuple[str, ...]:
    """People of the list and of its groups, without those of whom it is known that they may not."""
    if any(is_group(principal) and principal not in membership.groups for principal in policy.denied):
        return ()
    named: dict[str, None] = {}
    for principal in principals:
        members = membership.groups.get(principal) if is_group(principal) else None
        named.update(dict.fromkeys([principal] if members is None else sorted(members)))
    kept = membership.standings
    return tuple(
        person
        for person in named
        if kept.get(person, Standing.ACTIVE) is Standing.ACTIVE and not _denied(person, policy, membership)
    )


def may_sign_off(actor: Actor, doer: Actor, in_slack: str | None, policy: Policy, membership: Membership) -> Verdict:
    """An approver, in Slack, for what `doer` did at the shell without approval.

    `in_slack` is the doer's own user id, where the settings name it: nobody signs off what they did themselves.
    """
    if in_slack is not None and actor.id == in_slack:
        others = tuple(person for person in _able(policy.approvers, policy, membership) if person != in_slack)
        return Verdict(False, "nobody signs off what they did themselves", others)
    return may_decide(actor, doer, Decision.APPROVED, policy, membership)
