"""The first half of every operation: written down, audited, announced, deferred, in one transaction."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bot.models import Actor, Operation, OperationKind, OperationState, SubjectKind
from bot.operations.context import Context
from bot.policy import Verdict
from bot.store import audit, messages, operations


def open_operation(
    context: Context,
    kind: OperationKind,
    target: str,
    actor: Actor,
    *,
    state: OperationState = OperationState.QUEUED,
    reason: str = "",
    parameters: Mapping[str, Any] | None = None,
    channel: str | None = None,
    scheduled_for: datetime | None = None,
    deferred: bool = True,
    verdict: Verdict | None = None,
) -> Operation | None:
    """None when this fire of a schedule made its operation before. `verdict`: what allowed it, for the audit log."""
    now = context.now()
    operation = Operation(
        id=context.new_id(),
        kind=kind,
        target=target,
        state=state,
        requester=actor,
        reason=reason,
        parameters=dict(parameters or {}),
        created_at=now,
        version=1,
        channel=channel,
    )
    with context.database.transaction() as connection:
        if not operations.insert(connection, operation, scheduled_for):
            return None
        audit.append(
            connection,
            now,
            actor,
            f"{kind}.request",
            "accepted",
            target=target,
            operation_id=operation.id,
            after=state,
            detail={"reason": reason, **operation.parameters, **_allowed(verdict)},
        )
        place = context.settings.slack.channels.operations
        messages.want(connection, SubjectKind.OPERATION, operation.id, place, now)
        if deferred:
            context.queue.defer_operation(connection, operation)
    return operation


def _allowed(verdict: Verdict | None) -> dict[str, str]:
    return {"allowed": verdict.reason, "by": verdict.by} if verdict is not None else {}
