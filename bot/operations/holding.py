"""Who works on a target or an operation holds its advisory lock; a killed worker's is free with its connection."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

import psycopg

from bot.errors import Conflict
from bot.models import Operation
from bot.operations.context import Context


class TargetBusy(Conflict):
    """Another operation holds the target."""


def lock_key(operation: Operation, *, locks_target: bool) -> str:
    """What the worker of an operation holds for as long as it lives."""
    return target_key(operation.target) if locks_target else f"baseliner:operation:{operation.id}"


def target_key(target: str) -> str:
    """Held by whoever changes a target or its backups."""
    return f"baseliner:target:{target}"


@contextmanager
def holding(context: Context, key: str, target: str, wait: float, then: str) -> Generator[None]:
    """Nobody else does meanwhile. Raises TargetBusy, which says what happens `then`, after `wait` seconds."""
    with context.database.connect() as holder:
        holder.execute("SELECT set_config('lock_timeout', %s, false)", (f"{int(wait * 1000)}ms",))
        try:
            holder.execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", (key,))
        except psycopg.errors.LockNotAvailable as error:
            raise TargetBusy(f"Another operation holds {target}.", then) from error
        yield
