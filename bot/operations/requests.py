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
    deferred: bool = True,
    verdict: Verdict | None = None,
) -> Operation:
    """One that a person asked for. `verdict`: what allowed it, for the audit log."""
    operation = Operation(
        id=context.new_id(),
        kind=kind,
        target=target,
        state=state,
        requester=actor,
        reason=reason,
        parameters=dict(parameters or {}),
        created_at=context.now(),
        version=1,
        channel=channel,
    )
    _write_down(context, operation, verdict=verdict, deferred=deferred)
    return operation


def open_scheduled(
    context: Context,
    kind: OperationKind,
    target: str,
    actor: Actor,
    fire: datetime,
    parameters: Mapping[str, Any] | None = None,
) -> Operation | None:
    """One of a schedule; None when this fire made its operation before."""
    operation = Operation(
        id=context.new_id(),
        kind=kind,
        target=target,
        state=OperationState.QUEUED,
        requester=actor,
        reason="",
        parameters=dict(parameters or {}),
        created_at=context.now(),
        version=1,
    )
    return operation if _write_down(context, operation, fire=fire) else None


def _write_down(
    context: Context,
    operation: Operation,
    *,
    fire: datetime | None = None,
    verdict: Verdict | None = None,
    deferred: bool = True,
) -> bool:
    """False when this fire made its operation before."""
    with context.database.transaction() as connection:
        if not operations.insert(connection, operation, fire):
            return False
        audit.append(
            connection,
            operation.created_at,
            operation.requester,
            f"{operation.kind}.request",
            "accepted",
            target=operation.target,
            operation_id=operation.id,
            after=operation.state,
            detail={"reason": operation.reason, **operation.parameters, **_allowed(verdict)},
        )
        place = context.settings.slack.channels.operations
        messages.want(connection, SubjectKind.OPERATION, operation.id, place, operation.created_at)
        if deferred:
            context.queue.defer_operation(connection, operation)
    return True


def _allowed(verdict: Verdict | None) -> dict[str, str]:
    return {"allowed": verdict.reason, "by": verdict.by} if verdict is not None else {}
