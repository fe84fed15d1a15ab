"""Asking for an undo: the database that the last swap set aside comes back, after approval."""

from __future__ import annotations

from bot.errors import NotFound, UsageError
from bot.models import Actor, Operation, OperationKind, OperationState, UndoRequest
from bot.operations.context import Context
from bot.operations.requests import open_operation
from bot.policy import ANYWHERE, Verdict, may_request
from bot.postgres.connection import database_of
from bot.store import asides


class Undos:
    def __init__(self, context: Context) -> None:
        self._context = context

    def authorize(self, target: str, actor: Actor, channel: str | None = ANYWHERE) -> Verdict:
        """Raises NotFound for an unknown target, Refused when this person may not ask, or not here."""
        self._context.target(target)
        verdict = may_request(actor, *self._context.facts(target, actor), channel)
        self._context.demand(verdict, actor, "undo.request", target)
        return verdict

    def undoable(self, target: str) -> Operation:
        """The swap that would be undone: the last one whose former database is still there. Raises NotFound."""
        self._context.target(target)
        with self._context.database.transaction() as connection:
            found = asides.newest(connection, target)
        if found is None:
            raise NotFound(
                f"There is nothing to undo on {target}: no restore has set a database aside that is still kept.",
                "To go back further, restore a backup; each restore has taken a safety backup before.",
            )
        return found

    def request(
        self, request: UndoRequest, actor: Actor, channel: str | None = None, *, deferred: bool = True
    ) -> Operation:
        """Queue the making of a plan; its approval card follows. Raises NotFound, Refused, UsageError."""
        verdict = self.authorize(request.target, actor, channel)
        database = database_of(self._context.target(request.target), self._context.environment)
        if request.confirmation.strip() != database:
            raise UsageError(f"The name typed is not the database's: {database}.", f"Type {database}, exactly.")
        if not request.reason.strip():
            raise UsageError("An undo needs a reason.", "Say in a sentence why the former database must come back.")
        undone = self.undoable(request.target)
        return open_operation(
            self._context,
            OperationKind.UNDO,
            request.target,
            actor,
            state=OperationState.PLANNING,
            reason=request.reason.strip(),
            parameters={"undoes": undone.id, "aside_database": undone.result["aside_database"]},
            channel=channel,
            deferred=deferred,
            verdict=verdict,
        )
