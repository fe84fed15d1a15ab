"""Asking for a drill: the proof that a backup can be restored."""

from __future__ import annotations

from datetime import datetime

from bot.models import Actor, Operation, OperationKind, Surface
from bot.operations.backups import Backups
from bot.operations.context import Context
from bot.operations.requests import open_operation, open_scheduled
from bot.policy import may_request

SCHEDULE = Actor("schedule", "the schedule", Surface.SCHEDULE)


class Drills:
    def __init__(self, context: Context, backups: Backups) -> None:
        self._context = context
        self._backups = backups

    def request(
        self,
        target: str,
        actor: Actor,
        backup_id: str = "latest",
        channel: str | None = None,
        *,
        deferred: bool = True,
    ) -> Operation:
        """Queue a drill of one backup. Raises NotFound, Refused. `deferred=False`: the caller runs it itself."""
        self._context.target(target)
        verdict = may_request(actor, *self._context.facts(target, actor), channel)
        self._context.demand(verdict, actor, "drill.request", target)
        backup = self._backups.get(target, backup_id)
        return open_operation(
            self._context,
            OperationKind.DRILL,
            target,
            actor,
            parameters={"backup_id": backup.id},
            channel=channel,
            deferred=deferred,
            verdict=verdict,
        )

    def request_scheduled(self, target: str, fire: datetime) -> Operation | None:
        """Queue the drill of one fire of the schedule, once, however often it fires; of the newest backup then."""
        return open_scheduled(self._context, OperationKind.DRILL, target, SCHEDULE, fire, {"backup_id": "latest"})
