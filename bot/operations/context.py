"""What every use case needs, passed in."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from difflib import get_close_matches
from typing import Protocol

from bot.clock import Clock
from bot.errors import NotFound, Refused
from bot.ids import new_id
from bot.membership import AttachedRoster, Membership
from bot.models import Actor, Operation
from bot.policy import Verdict
from bot.settings import Policy, Settings, TargetSettings
from bot.store import audit
from bot.store.database import Connection, StateDatabase

_WHO_MAY = "Who may do what, and when: /baseliner policy"


class Queue(Protocol):
    """Where long work waits for a worker. Deferring is part of the caller's transaction."""

    def defer_operation(self, connection: Connection, operation: Operation) -> None: ...

    def defer_sweep(self, connection: Connection, target: str) -> None: ...

    def defer_prune(self, connection: Connection, target: str) -> None: ...

    def defer_audit_export(self, connection: Connection, target: str) -> None: ...


@dataclass(frozen=True)
class Context:
    """Effects, each an argument. `environment` holds the secrets that settings name."""

    settings: Settings
    environment: Mapping[str, str]
    clock: Clock
    chance: random.Random
    database: StateDatabase
    queue: Queue
    roster: AttachedRoster = field(default_factory=AttachedRoster)

    def now(self) -> datetime:
        return self.clock.now()

    def new_id(self) -> str:
        return new_id(self.now(), self.chance)

    def target(self, name: str) -> TargetSettings:
        """Raises NotFound, naming the nearest target."""
        try:
            return self.settings.targets[name]
        except KeyError:
            raise unknown_target(name, list(self.settings.targets)) from None

    def facts(self, target: str, actor: Actor) -> tuple[Policy, Membership]:
        """What a verdict on this actor is made of. May ask the workspace, so not inside of a transaction."""
        policy = self.settings.policy_of(target)
        if not actor.is_slack_user:
            return policy, Membership()
        return policy, self.roster.membership((actor.id,), policy.groups)

    def demand(
        self, verdict: Verdict, actor: Actor, action: str, target: str, operation: Operation | None = None
    ) -> None:
        """Audit a refusal, in a transaction of its own, and raise Refused."""
        if verdict.allowed:
            return
        self.refuse(verdict, actor, action, target, operation)
        remedy = "Ask one of those who can." if verdict.who_can else _WHO_MAY
        raise Refused(f"Refused: {verdict.reason}.", remedy, verdict.who_can)

    def refuse(
        self, verdict: Verdict, actor: Actor, action: str, target: str, operation: Operation | None = None
    ) -> None:
        """Audit a refusal, in a transaction of its own."""
        with self.database.transaction() as connection:
            audit.append(
                connection,
                self.now(),
                actor,
                action,
                "refused",
                target=target,
                operation_id=operation.id if operation else None,
                plan_hash=operation.plan_hash if operation else None,
                detail={"reason": verdict.reason},
            )


def unknown_target(name: str, known: list[str]) -> NotFound:
    nearest = get_close_matches(name, known, n=1)
    hint = f"Did you mean {nearest[0]}? " if nearest else ""
    return NotFound(f"There is no target named {name!r}.", f"{hint}Targets: {', '.join(sorted(known))}.")
