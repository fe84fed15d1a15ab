"""Asking for a restore. Nothing is touched before a plan is made and somebody else approved it."""

from __future__ import annotations

from bot.errors import UsageError
from bot.models import Actor, Operation, OperationKind, OperationState, RestoreRequest
from bot.operations.backups import Backups
from bot.operations.context import Context
from bot.operations.requests import open_operation
from bot.policy import may_request
from bot.postgres.connection import server_of


class Restores:
    def __init__(self, context: Context, backups: Backups) -> None:
        self._context = context
        self._backups = backups

    def authorize(self, target: str, actor: Actor) -> None:
        """Raises NotFound for an unknown target, Refused when this person may not ask."""
        self._context.target(target)
        verdict = may_request(actor, self._context.settings.policy_of(target))
        self._context.demand(verdict, actor, "restore.request", target)

    def database_of(self, target: str) -> str:
        """The name that has to be typed."""
        return server_of(self._context.target(target), self._context.environment).database

    def request(
        self, request: RestoreRequest, actor: Actor, channel: str | None = None, *, deferred: bool = True
    ) -> Operation:
        """Queue the making of a plan; its approval card follows. Raises NotFound, Refused, UsageError."""
        self.authorize(request.target, actor)
        database = self.database_of(request.target)
        if request.confirmation.strip() != database:
            raise UsageError(f"The name typed is not the database's: {database}.", f"Type {database}, exactly.")
        if not request.reason.strip():
            raise UsageError("A restore needs a reason.", "Say in a sentence why the data must go back.")
        backup = self._backups.get(request.target, request.backup_id)
        operation = open_operation(
            self._context,
            OperationKind.RESTORE,
            request.target,
            actor,
            state=OperationState.PLANNING,
            reason=request.reason.strip(),
            parameters={"backup_id": backup.id, "downtime": request.downtime},
            channel=channel,
            deferred=deferred,
        )
        if operation is None:
            raise AssertionError("only a schedule's fire can come twice")
        return operation
