"""What the policy of a target comes to now, for those who ask who may do what."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.models import Actor, Decision, Surface, Window
from bot.operations.context import Context
from bot.operations.windows import open_window
from bot.policy import Verdict, may_decide, may_keep, may_request, suits_restore
from bot.settings import Policy
from bot.store import windows

_SOMEBODY = Actor("somebody", "somebody else")


@dataclass(frozen=True)
class PolicyStatus:
    """The policy of one target, and what it says to one person now."""

    target: str
    own: bool
    """the target has a policy of its own; else the common one holds"""
    policy: Policy
    asks: Verdict
    approves: Verdict
    """a request of somebody else"""
    cancels: Verdict
    """likewise"""
    time: Verdict
    """whether a restore may be asked for now"""
    window: Window | None
    """that is open now, else the next one"""
    at: datetime


class Policies:
    def __init__(self, context: Context) -> None:
        self._context = context

    def of(self, target: str, actor: Actor) -> PolicyStatus:
        """Raises NotFound for an unknown target."""
        context = self._context
        settings, now = context.target(target), context.now()
        policy, membership = context.facts(target, actor)
        with context.database.transaction() as connection:
            to_come = windows.to_come(connection, target)
            opened = open_window(connection, target, now)
        clock = Actor(actor.id, actor.name, Surface.SLACK) if actor.surface is Surface.CLI else actor
        return PolicyStatus(
            target,
            settings.policy is not None,
            policy,
            asks=may_request(actor, policy, membership),
            approves=may_decide(actor, _SOMEBODY, Decision.APPROVED, policy, membership),
            cancels=may_keep(actor, policy, membership),
            time=suits_restore(clock, policy, now, opened is not None),
            window=opened or next(iter(to_come), None),
            at=now,
        )
