"""Asking for a restore. Nothing is touched before a plan is made and somebody else approved it."""

from __future__ import annotations

from typing import Any

from bot.errors import Refused, UsageError
from bot.models import Actor, Operation, OperationKind, OperationState, RestoreRequest
from bot.operations.backups import Backups
from bot.operations.context import Context
from bot.operations.origin import demand_clear, sources_for
from bot.operations.requests import open_operation
from bot.operations.selection import chosen_tables
from bot.operations.windows import open_window
from bot.policy import ANYWHERE, Verdict, can_be_approved, may_request, suits_restore
from bot.postgres.connection import database_of


class Restores:
    def __init__(self, context: Context, backups: Backups) -> None:
        self._context = context
        self._backups = backups

    def authorize(self, target: str, actor: Actor, channel: str | None = ANYWHERE) -> Verdict:
        """Raises NotFound for an unknown target; Refused when this person may not ask, not here or not now."""
        context = self._context
        context.target(target)
        policy, membership = context.facts(target, actor)
        verdict = may_request(actor, policy, membership, channel)
        context.demand(verdict, actor, "restore.request", target)
        with context.database.transaction() as connection:
            window_open = open_window(connection, target, context.now()) is not None
        context.demand(suits_restore(actor, policy, context.now(), window_open), actor, "restore.request", target)
        if actor.is_slack_user:
            able = can_be_approved(actor, policy, membership, policy.required_approvals)
            if not able.allowed:
                context.refuse(able, actor, "restore.request", target)
                raise Refused(f"Nobody could approve this: {able.reason}.", "Add approvers to the settings' [policy].")
        return verdict

    def database_of(self, target: str) -> str:
        """The name that has to be typed."""
        return database_of(self._context.target(target), self._context.environment)

    def sources_of(self, target: str) -> list[str]:
        """Other targets whose backups may come here. Raises NotFound."""
        return sources_for(self._context, target)

    def demand_clear(self, request: RestoreRequest) -> None:
        """Of what has been asked so far. Raises NotFound, Refused, UsageError for a source or a name that cannot be."""
        demand_clear(self._context, request)

    def request(
        self, request: RestoreRequest, actor: Actor, channel: str | None = None, *, deferred: bool = True
    ) -> Operation:
        """Queue the making of a plan; its approval card follows. Raises NotFound, Refused, UsageError."""
        verdict = self.authorize(request.target, actor, channel)
        database = self.database_of(request.target)
        if request.confirmation.strip() != database:
            raise UsageError(f"The name typed is not the database's: {database}.", f"Type {database}, exactly.")
        if not request.reason.strip():
            raise UsageError("A restore needs a reason.", "Say in a sentence why the data must go back.")
        demand_clear(self._context, request)
        backup = self._backups.get(request.source or request.target, request.backup_id)
        only = chosen_tables(request.only, (table.table for table in backup.manifest.digest.tables))
        return open_operation(
            self._context,
            OperationKind.RESTORE,
            request.target,
            actor,
            state=OperationState.PLANNING,
            reason=request.reason.strip(),
            parameters={"backup_id": backup.id, "downtime": request.downtime, **_beside(request, only)},
            channel=channel,
            deferred=deferred,
            verdict=verdict,
        )


def _beside(request: RestoreRequest, only: tuple[str, ...]) -> dict[str, Any]:
    """What makes it other than a target's own backup in the target's own place."""
    source = request.source if request.source != request.target else None
    asked = {"only": only, "source": source, "new_name": request.new_name}
    return {name: value for name, value in asked.items() if value}
