"""Removing what retention lets go. A removal is written down before it acts, and a later run finishes a broken one."""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from bot.errors import BaselinerError, StorageFailed
from bot.models import Actor, Prune, Surface
from bot.operations.context import Context
from bot.operations.holding import holding, target_key
from bot.operations.retention import judge_listed
from bot.operations.storages import named
from bot.retention import Judgement
from bot.storage import Storage
from bot.store import audit, backups, prunes
from bot.store.backups import Listed, Removed

_log = logging.getLogger(__name__)
PRUNER = Actor("retention", "retention", Surface.SCHEDULE)


@dataclass
class _Tally:
    removed: int = 0
    missing: Collection[str] = field(default_factory=tuple)


class Pruning:
    def __init__(self, context: Context) -> None:
        self._context = context

    def prune(self, target: str, *, wait: float = 15.0) -> Prune:
        """Finish what an earlier run began, then remove what no rule keeps. Its outcome is on record.

        Raises NotFound; TargetBusy when an operation holds the target for `wait` seconds.
        """
        self._context.target(target)
        then = "Its backups are pruned as soon as it has ended."
        with holding(self._context, target_key(target), target, wait, then):
            tally, problem = _Tally(), ""
            try:
                self._prune(target, tally)
            except BaselinerError as error:
                _log.warning("retention of %s stopped: %s", target, error)
                problem = f"{error} {error.remedy}".strip()
            outcome = Prune(target, self._context.now(), tally.removed, tuple(sorted(tally.missing)), problem)
            with self._context.database.transaction() as connection:
                prunes.record(connection, outcome)
        return outcome

    def _prune(self, target: str, tally: _Tally) -> None:
        with self._context.database.transaction() as connection:
            begun = backups.to_purge(connection, target)
        for removed in begun:
            self._purge(removed)
            tally.removed += 1
        settings = self._context.target(target)
        if settings.retention is None:
            return
        with self._context.database.transaction() as connection:
            listed = backups.listed(connection, target)
        # Only what storage has counts: a backup that is gone there must not cost another one its place.
        present = self._present(target, listed)
        tally.missing = {entry.id for entry in listed} - present
        judged = judge_listed([entry for entry in listed if entry.id in present], settings, self._context.now())
        for judgement in reversed(judged):
            if not judgement.keep and (removal := self._begin(judgement)) is not None:
                self._purge(removal)
                tally.removed += 1

    def _present(self, target: str, listed: Sequence[Listed]) -> set[str]:
        """Raises StorageFailed where a storage cannot be listed: what is not known is not acted on."""
        found: set[str] = set()
        for name in {entry.storage for entry in listed}:
            there = set(self._storage(name).list_backups(target))
            found |= {entry.id for entry in listed if entry.storage == name and entry.id in there}
        return found

    def _begin(self, judgement: Judgement) -> Removed | None:
        """From here on it is not in the catalog. None when somebody has pinned it or wants it meanwhile."""
        candidate, now = judgement.candidate, self._context.now()
        with self._context.database.transaction() as connection:
            backup = backups.lock(connection, candidate.id)
            if backup is None or not backups.begin_removal(connection, candidate.id, judgement.words, now):
                return None
            audit.append(
                connection,
                now,
                PRUNER,
                "backup.remove",
                "begun",
                target=backup.target,
                operation_id=backup.operation_id,
                before="in the catalog",
                after="removed from the catalog",
                detail={
                    "backup_id": backup.id,
                    "reason": judgement.words,
                    "taken_at": backup.taken_at,
                    "size": backup.size,
                    "location": backup.location,
                },
            )
        return Removed(backup.id, backup.target, backup.storage, now, judgement.words)

    def _purge(self, removed: Removed) -> None:
        """The manifest goes first, so that half a backup is none. Nothing there is not an error."""
        for name in dict.fromkeys((removed.storage, *self._context.target(removed.target).storage)):
            self._storage(name).delete_backup(removed.target, removed.id)
        now = self._context.now()
        with self._context.database.transaction() as connection:
            backups.purged(connection, removed.id, now)
            detail = {"backup_id": removed.id, "reason": removed.why}
            audit.append(
                connection,
                now,
                PRUNER,
                "backup.remove",
                "removed",
                target=removed.target,
                before="removed from the catalog",
                after="removed from storage",
                detail=detail,
            )

    def _storage(self, name: str) -> Storage:
        if name not in self._context.settings.storage:
            raise StorageFailed(
                f"Backups are in storage {name!r}, which the settings do not define any more.",
                f"Define [storage.{name}] again; nothing is removed until then.",
            )
        return named(self._context, name)
