"""Operations whose worker is gone and whose job with it: found, and given to the queue again."""

from __future__ import annotations

from datetime import timedelta

from bot.models import OperationKind, OperationState
from bot.operations.context import Context
from bot.operations.runner import lock_key
from bot.store import operations
from bot.store.database import one

_SETTLED = timedelta(seconds=20)
_ADRIFT = (OperationState.PLANNING, OperationState.QUEUED, OperationState.RUNNING)
_LOCKING = (OperationKind.BACKUP, OperationKind.RESTORE)


def adopt(context: Context) -> list[str]:
    """Defer every operation that nobody works on; such as one that was started at a shell which was killed.

    Whoever works on one holds its advisory lock, or has a job in the queue.
    """
    adopted = []
    with context.database.transaction() as connection:
        for operation in operations.in_states(connection, _ADRIFT):
            if context.now() - (operation.started_at or operation.created_at) < _SETTLED:
                continue
            key = lock_key(operation, locks_target=operation.kind in _LOCKING)
            row = one(
                connection.execute(
                    """SELECT EXISTS (SELECT FROM procrastinate_jobs WHERE status IN ('todo', 'doing')
                                      AND args->>'operation_id' = %(id)s) AS has_job,
                              pg_try_advisory_xact_lock(hashtextextended(%(key)s, 0)) AS is_free""",
                    {"id": operation.id, "key": key},
                )
            )
            if row["is_free"] and not row["has_job"]:
                context.queue.defer_operation(connection, operation)
                adopted.append(operation.id)
    return adopted
