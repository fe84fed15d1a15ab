"""Entries of the audit log about an operation: with its state before and after, in the transaction of the change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.models import Actor, Operation
from bot.operations.context import Context
from bot.store import audit, operations
from bot.store.database import Connection


def record(
    context: Context,
    connection: Connection,
    operation: Operation,
    actor: Actor,
    act: str,
    result: str,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """`operation` as it was read before the change; call it after the change."""
    now = operations.get(connection, operation.id)
    audit.append(
        connection,
        context.now(),
        actor,
        f"{operation.kind}.{act}",
        result,
        target=operation.target,
        operation_id=operation.id,
        plan_hash=now.plan_hash if now is not None else operation.plan_hash,
        before=operation.state,
        after=now.state if now is not None else None,
        detail=detail,
    )
