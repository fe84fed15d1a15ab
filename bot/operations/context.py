"""What every use case needs, passed in."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from typing import Protocol

from bot.clock import Clock
from bot.errors import NotFound, Refused
from bot.ids import new_id
from bot.models import Actor, Operation
from bot.policy import Verdict
from bot.settings import Settings, TargetSettings
from bot.store import audit
from bot.store.database import Connection, StateDatabase


class Queue(Protocol):
    """Where long work waits for a worker. Deferring is part of the caller's transaction."""

    def defer_operation(self, connection: Connection, operation: Operation) -> None: ...

    def defer_sweep(self, connection: Connection, target: str) -> None: ...

    def defer_prune(self, connection: Connection, target: str) -> None: ...


@dataclass(frozen=True)
class Context:
    """Effects, each an argument. `environment` holds the secrets that settings name."""

    settings: Settings
    environment: Mapping[str, str]
    clock: Clock
    chance: random.Random
    database: StateDatabase
    queue: Queue

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

    def demand(
        self, verdict: Verdict, actor: Actor, action: str, target: str, operation: Operation | None = None
    ) -> None:
        """Audit a refusal, in a transaction of its own, and raise Refused."""
        if verdict.allowed:
            return
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
        raise Refused(f"Refused: {verdict.reason}.", "Ask one of those who can.", verdict.who_can)


def unknown_target(name: str, known: list[str]) -> NotFound:
    nearest = get_close_matches(name, known, n=1)
    hint = f"Did you mean {nearest[0]}? " if nearest else ""
    return NotFound(f"There is no target named {name!r}.", f"{hint}Targets: {', '.join(sorted(known))}.")
