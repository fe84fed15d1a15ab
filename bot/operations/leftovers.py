"""A backup that was broken off: recorded where its manifest was written after all, removed where not, now or later."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from bot.errors import BaselinerError, EngineUnreachable, StorageFailed
from bot.models import Backup, Operation
from bot.operations.backup_engine import BackupEngine
from bot.operations.context import Context
from bot.operations.journal import Journal
from bot.store import backups, leftovers

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Settled:
    """What became of an earlier attempt: its backup, or what storage could not be rid of, in a sentence."""

    backup: Backup | None = None
    left: str = ""


def record(context: Context, backup: Backup) -> None:
    """Into the catalog; what a newer backup lets go is pruned afterwards."""
    with context.database.transaction() as connection:
        backups.insert(connection, backup, context.now())
        if context.target(backup.target).retention is not None:
            context.queue.defer_prune(connection, backup.target)


def settle(context: Context, engine: BackupEngine, operation: Operation, backup_id: str) -> Settled:
    """Record the backup where its manifest was written, else remove what there is of it.

    Raises StorageFailed, EngineUnreachable.
    """
    backup = engine.find(operation.target, backup_id, operation.id)
    if backup is None:
        return Settled(left=engine.discard(operation.target, backup_id))
    record(context, backup)
    return Settled(backup)


def settle_or_later(
    context: Context, engine: BackupEngine, operation: Operation, journal: Journal, backup_id: str
) -> Settled:
    """The same at the end of an operation; where storage or Docker is away, a sweep does it once they are back."""
    try:
        return settle(context, engine, operation, backup_id)
    except StorageFailed as error:
        journal.remember(**{leftovers.KEY: backup_id})
        return Settled(left=f"What there is of backup {backup_id} is removed once storage can be reached: {error}")
    except EngineUnreachable as error:
        journal.remember(**{leftovers.KEY: backup_id})
        return Settled(left=f"What backup {backup_id} left with Docker is removed once that can be reached: {error}")


class Leftovers:
    def __init__(self, context: Context, engine: BackupEngine) -> None:
        self._context = context
        self._engine = engine

    def settle_due(self, target: str) -> list[str]:
        """Settle what could not be before. Returns the backups' ids; what fails again is tried at the next sweep."""
        with self._context.database.transaction() as connection:
            found = leftovers.of_target(connection, target)
        done = []
        for operation, backup_id in found:
            try:
                settle(self._context, self._engine, operation, backup_id)
            except BaselinerError as error:
                _log.info("backup %s that was broken off is not removed yet: %s", backup_id, error)
                continue
            with self._context.database.transaction() as connection:
                leftovers.settled(connection, operation.id)
            done.append(backup_id)
        return done
