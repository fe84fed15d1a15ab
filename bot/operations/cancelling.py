"""Calling an operation off: at once while it waits, by telling its worker while it runs."""

from __future__ import annotations

import logging
import threading
from collections.abc import Generator
from contextlib import contextmanager

import psycopg

from bot.errors import BaselinerError, Conflict, NotFound
from bot.models import Actor, Operation, OperationState
from bot.operations.context import Context
from bot.operations.records import record
from bot.policy import may_cancel
from bot.runtime.stop import StopSignal
from bot.store import cancels, operations
from bot.store.database import Connection

_log = logging.getLogger(__name__)
_LOOK_EVERY = 0.5
_WAITING = (OperationState.PLANNING, OperationState.AWAITING_APPROVAL, OperationState.QUEUED)


class Cancelling:
    def __init__(self, context: Context) -> None:
        self._context = context

    def cancel(self, operation_id: str, actor: Actor) -> Operation:
        """Returns how it stands then: cancelled, or still running and told to stop, which takes seconds.

        Raises NotFound, Refused; Conflict when it has ended or passed its point of no return.
        """
        context = self._context
        with context.database.transaction() as connection:
            operation = operations.get(connection, operation_id)
        if operation is None:
            raise NotFound(f"There is no operation {operation_id!r}.", "Look for its id at the end of its message.")
        context.target(operation.target)
        verdict = may_cancel(actor, operation.requester, *context.facts(operation.target, actor))
        context.demand(verdict, actor, f"{operation.kind}.cancel", operation.target)
        with context.database.transaction() as connection:
            operation = operations.get(connection, operation_id, lock=True)
            assert operation is not None  # noqa: S101 - operations are never deleted
            told = self._call_off(connection, operation, actor)
            record(context, connection, operation, actor, "cancel", told, {"allowed": verdict.reason})
            now = operations.get(connection, operation_id)
        assert now is not None  # noqa: S101 - operations are never deleted
        return now

    def _call_off(self, connection: Connection, operation: Operation, actor: Actor) -> str:
        if operation.state.ended:
            raise Conflict(
                f"Operation {operation.id} {_ended_words(operation.state)} already.", "Nothing is left to cancel."
            )
        if operation.state is OperationState.RUNNING:
            if operation.past_return:
                raise Conflict(
                    f"Operation {operation.id} has swapped the databases: it is brought to its end now.",
                    "Wait for its end. The database that was set aside is the way back.",
                )
            cancels.ask_to_cancel(connection, operation.id, actor)
            return "told to stop"
        cancelled = OperationState.CANCELLED
        operations.transition(connection, operation.id, _WAITING, cancelled, self._context.now())
        cancels.ask_to_cancel(connection, operation.id, actor)
        return "cancelled"


@contextmanager
def listening(context: Context, operation: Operation, outer: StopSignal) -> Generator[StopSignal]:
    """A stop signal of this operation alone: set with the worker's own, or when somebody cancels the operation."""
    own, ended = StopSignal(), threading.Event()

    def look() -> None:
        if outer.is_set:
            own.set(outer.reason)
        elif (actor := _asked_by(context, operation)) is not None:
            own.set(f"cancelled by {actor.name}")

    def listen() -> None:
        while not own.is_set and not ended.wait(_LOOK_EVERY):
            look()

    look()
    thread = threading.Thread(target=listen, name="cancel-listener", daemon=True)
    thread.start()
    try:
        yield own
    finally:
        ended.set()
        thread.join()


def _asked_by(context: Context, operation: Operation) -> Actor | None:
    try:
        with context.database.transaction() as connection:
            return cancels.cancel_asked_by(connection, operation.id)
    except (BaselinerError, psycopg.Error) as error:
        _log.debug("whether %s is cancelled could not be read: %s", operation.id, error)
        return None


def _ended_words(state: OperationState) -> str:
    return {
        OperationState.DONE: "is done",
        OperationState.FAILED: "has failed",
        OperationState.VOIDED: "was voided",
        OperationState.DENIED: "was denied",
        OperationState.EXPIRED: "has expired",
    }.get(state, "was cancelled")
