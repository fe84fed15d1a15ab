"""The time that a plan has to be approved in: one reminder, then the end."""

from __future__ import annotations

from bot.models import OperationState, Plan, SubjectKind
from bot.operations.context import Context
from bot.operations.records import record
from bot.operations.windows import CLOCKWORK
from bot.policy import reminder_at
from bot.store import messages, operations, plans


class Deadlines:
    def __init__(self, context: Context) -> None:
        self._context = context

    def advance(self) -> None:
        """Whatever is due, each once."""
        self.expire()
        self.remind()

    def expire(self) -> list[str]:
        """Close every request whose time has run out. Returns their ids."""
        with self._context.database.transaction() as connection:
            due = plans.expired(connection, self._context.now())
        return [operation_id for operation_id in due if self._expire(operation_id)]

    def remind(self) -> list[str]:
        """Ask for one reminder of every request that still waits when it is time. Returns their ids."""
        now = self._context.now()
        with self._context.database.transaction() as connection:
            waiting = plans.waiting_unreminded(connection)
        due = [plan for plan in waiting if reminder_at(plan.created_at, plan.expires_at) <= now < plan.expires_at]
        return [plan.operation_id for plan in due if self._remind(plan)]

    def _expire(self, operation_id: str) -> bool:
        now = self._context.now()
        with self._context.database.transaction() as connection:
            operation = operations.get(connection, operation_id, lock=True)
            waiting = (OperationState.AWAITING_APPROVAL,)
            if not operations.transition(connection, operation_id, waiting, OperationState.EXPIRED, now):
                return False
            assert operation is not None  # noqa: S101 - operations are never deleted
            record(self._context, connection, operation, CLOCKWORK, "expire", "expired")
        return True

    def _remind(self, plan: Plan) -> bool:
        now = self._context.now()
        with self._context.database.transaction() as connection:
            card = messages.headline(connection, SubjectKind.APPROVAL, plan.operation_id)
            if not plans.reminded(connection, plan.operation_id, now) or card is None:
                return False
            messages.want(connection, SubjectKind.REMINDER, plan.operation_id, card.channel, now, thread_of=card.id)
        return True
