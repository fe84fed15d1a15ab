"""Asking for backups, and the catalog of those that exist."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from bot.errors import NotFound
from bot.models import Actor, Backup, BackupKind, Operation, OperationKind, Surface
from bot.operations.context import Context
from bot.operations.requests import open_operation, open_scheduled
from bot.policy import may_request
from bot.store import backups

SCHEDULE = Actor("schedule", "the schedule", Surface.SCHEDULE)


class Backups:
    def __init__(self, context: Context) -> None:
        self._context = context

    def request(
        self,
        target: str,
        actor: Actor,
        note: str = "",
        channel: str | None = None,
        *,
        plain: bool = False,
        deferred: bool = True,
    ) -> Operation:
        """Queue a backup; `plain`: with an SQL script beside the archive. Raises NotFound, Refused.

        `deferred=False`: the caller runs it itself.
        """
        self._context.target(target)
        verdict = may_request(actor, *self._context.facts(target, actor), channel)
        self._context.demand(verdict, actor, "backup.request", target)
        return open_operation(
            self._context,
            OperationKind.BACKUP,
            target,
            actor,
            reason=note,
            parameters={"note": note, "kind": BackupKind.ON_DEMAND, "format": "plain" if plain else "archive"},
            channel=channel,
            deferred=deferred,
            verdict=verdict,
        )

    def request_scheduled(self, target: str, fire: datetime) -> Operation | None:
        """Queue the backup of one fire of the schedule, once, however often it fires."""
        return open_scheduled(
            self._context, OperationKind.BACKUP, target, SCHEDULE, fire, {"note": "", "kind": BackupKind.SCHEDULED}
        )

    def pages(self, target: str, size: int, most: int) -> Iterator[Backup]:
        """The newest `most`, newest first, read `size` at a time and no more than are asked for."""
        for offset in range(0, most, size):
            page = self.newest_first(target, size, offset)
            yield from page
            if len(page) < size:
                return

    def newest_first(self, target: str | None, limit: int = 20, offset: int = 0) -> list[Backup]:
        """By the age of their data; of all targets without one. Raises NotFound for an unknown target."""
        if target is not None:
            self._context.target(target)
        with self._context.database.transaction() as connection:
            return backups.newest_first(connection, target, limit, offset)

    def get(self, target: str, backup_id: str) -> Backup:
        """By its id. `latest` is the newest but for safety backups: those are of states that somebody wanted to leave.

        A time (ISO 8601, of UTC when it does not say) is the latest of then. Raises NotFound, also for another
        target's backup and for one that was removed.
        """
        self._context.target(target)
        if backup_id == "latest":
            return self._latest(target)
        if (moment := _moment(backup_id)) is not None:
            return self._latest(target, moment)
        found = self.find(backup_id, target)
        if found.target != target:
            raise NotFound(
                f"Backup {backup_id} belongs to {found.target}, not to {target}.",
                f"List them: /baseliner backups {target}",
            )
        return found

    def _latest(self, target: str, until: datetime | None = None) -> Backup:
        with self._context.database.transaction() as connection:
            found = backups.latest(connection, target, until)
        if found is not None:
            return found
        if until is not None:
            raise NotFound(
                f"{target} has no backup from before {until:%Y-%m-%d %H:%M %Z}.",
                f"List them: /baseliner backups {target}",
            )
        if self.newest_first(target, 1):
            raise NotFound(f"{target} has only safety backups.", f"Name one: /baseliner backups {target} lists them.")
        raise NotFound(f"{target} has no backup yet.", f"List them: /baseliner backups {target}")

    def find(self, backup_id: str, target: str = "TARGET") -> Backup:
        """Of any target; `target` is where to look for others. Raises NotFound."""
        with self._context.database.transaction() as connection:
            found = backups.get(connection, backup_id)
        if found is None:
            raise self.missing(backup_id, target)
        return found

    def missing(self, backup_id: str, target: str = "TARGET") -> NotFound:
        """Says what became of it, where that is known."""
        with self._context.database.transaction() as connection:
            removed = backups.removal(connection, backup_id)
        if removed is None:
            return NotFound(f"There is no backup {backup_id!r}.", f"List them: /baseliner backups {target}")
        return NotFound(
            f"Backup {removed.id} of {removed.target} was removed on {removed.removed_at:%Y-%m-%d %H:%M} UTC: "
            f"{removed.why}.",
            f"List those that are there: /baseliner backups {removed.target}",
        )


def _moment(word: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(word)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
