"""Operations whose worker is gone and whose job with it: found, and given to the queue again."""

from __future__ import annotations

from datetime import timedelta

from bot.models import OperationKind, OperationState
from bot.operations.context import Context
from bot.operations.holding import lock_key
from bot.store import operations
from bot.store.database import Connection, one

_SETTLED = timedelta(seconds=20)
_ADRIFT = (OperationState.PLANNING, OperationState.QUEUED, OperationState.RUNNING)
_LOCKING = (OperationKind.BACKUP, OperationKind.RESTORE, OperationKind.UNDO)


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
            if _is_free(connection, key) and not _has_job(connection, operation.id):
                context.queue.defer_operation(connection, operation)
                adopted.append(operation.id)
    return adopted


def _is_free(connection: Connection, key: str) -> bool:
    """If so, it is ours until the transaction ends."""
    row = one(connection.execute("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0)) AS free", (key,)))
    return bool(row["free"])


def _has_job(connection: Connection, operation_id: str) -> bool:
    # A statement of its own, after the lock is ours: what another adopter deferred while it held the lock is seen.
    row = one(
        connection.execute(
            """SELECT EXISTS (SELECT FROM procrastinate_jobs WHERE status IN ('todo', 'doing')
                              AND args->>'operation_id' = %s) AS found""",
            (operation_id,),
        )
    )
    return bool(row["found"])
