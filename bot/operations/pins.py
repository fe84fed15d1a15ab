"""Keeping a backup whatever retention says, until somebody lets it go."""

from __future__ import annotations

from bot.errors import Conflict, UsageError
from bot.models import Actor, Backup, Pin
from bot.operations.backups import Backups
from bot.operations.context import Context
from bot.operations.notices import notice
from bot.policy import may_keep
from bot.store import audit, backups, pins
from bot.store.database import Connection

_NAMED = 10


class Pins:
    def __init__(self, context: Context, catalog: Backups) -> None:
        self._context = context
        self._catalog = catalog

    def keep(self, backup_id: str, reason: str, actor: Actor) -> Pin:
        """Raises NotFound, Refused, UsageError without a reason; Conflict when it is pinned already."""
        why = _demand_reason(reason)
        backup = self._allowed(backup_id, actor, "backup.keep")
        pin = Pin(backup.id, why, actor, self._context.now())
        with self._context.database.transaction() as connection:
            if backups.lock(connection, backup.id) is None:
                raise self._catalog.missing(backup.id)
            if not pins.insert(connection, pin):
                raise Conflict(
                    f"Backup {backup.id} is kept already{_whose(pins.get(connection, backup.id))}.",
                    "Remove that pin first to give another reason.",
                )
            self._audit(connection, backup, actor, "backup.keep", "pinned", why)
        return pin

    def unkeep(self, backup_id: str, reason: str, actor: Actor) -> Backup:
        """Raises NotFound, Refused, UsageError without a reason; Conflict when it has no pin."""
        why = _demand_reason(reason)
        backup = self._allowed(backup_id, actor, "backup.unkeep")
        with self._context.database.transaction() as connection:
            backups.lock(connection, backup.id)
            if not pins.delete(connection, backup.id):
                raise Conflict(f"Backup {backup.id} has no pin.", "Retention alone decides about it.")
            self._audit(connection, backup, actor, "backup.unkeep", "unpinned", why)
        return backup

    def _allowed(self, backup_id: str, actor: Actor, action: str) -> Backup:
        if backup_id.lower() == "latest":
            raise self._by_its_id()
        backup = self._catalog.find(backup_id)
        self._context.target(backup.target)
        verdict = may_keep(actor, *self._context.facts(backup.target, actor))
        self._context.demand(verdict, actor, action, backup.target)
        return backup

    def _by_its_id(self) -> UsageError:
        newest = [found for name in self._context.settings.targets for found in self._catalog.newest_first(name, 1)]
        named = ", ".join(f"{backup.id} of {backup.target}" for backup in newest[:_NAMED])
        return UsageError(
            "“latest” is another backup with each that is taken: say which one by its id.",
            f"The newest now: {named}." if named else "There is no backup yet.",
        )

    def _audit(
        self, connection: Connection, backup: Backup, actor: Actor, action: str, result: str, reason: str
    ) -> None:
        detail = {"backup_id": backup.id, "reason": reason}
        before = "unpinned" if result == "pinned" else "pinned"
        now, target = self._context.now(), backup.target
        position = audit.append(
            connection, now, actor, action, result, target=target, before=before, after=result, detail=detail
        )
        notice(self._context, connection, position)


def _demand_reason(reason: str) -> str:
    if not reason.strip():
        raise UsageError("Say why: whoever finds the pin later must know.", "Give the backup's id, then the reason.")
    return reason.strip()[:500]


def _whose(pin: Pin | None) -> str:
    return f" by {pin.pinned_by.name}: {pin.reason}" if pin else ""
