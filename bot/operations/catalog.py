"""The catalog for people: page by page, and one backup in full."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.models import Actor, Backup, Pin
from bot.operations.backups import Backups
from bot.operations.context import Context
from bot.operations.retention import Forecast, Retentions
from bot.store import backups, operations, pins

PAGE = 10


@dataclass(frozen=True)
class Entry:
    """A backup, its pin, and what retention says of it; None where the target has no rules of retention."""

    backup: Backup
    pin: Pin | None
    forecast: Forecast | None


@dataclass(frozen=True)
class Page:
    """Newest first. `number` counts from 1; `target` is None for all targets."""

    target: str | None
    number: int
    pages: int
    entries: Sequence[Entry]


@dataclass(frozen=True)
class Details:
    """One backup, and who asked for it where that is known."""

    entry: Entry
    taken_by: Actor | None


class Catalog:
    def __init__(self, context: Context, catalog: Backups, retentions: Retentions) -> None:
        self._context = context
        self._catalog = catalog
        self._retentions = retentions

    def page(self, target: str | None = None, number: int = 1) -> Page:
        """The last page where there are not so many. Raises NotFound for an unknown target."""
        if target is not None:
            self._context.target(target)
        with self._context.database.transaction() as connection:
            pages = max(1, -(-backups.count(connection, target) // PAGE))
            shown = min(max(number, 1), pages)
            found = backups.newest_first(connection, target, PAGE, (shown - 1) * PAGE)
        return Page(target, shown, pages, self._entries(found))

    def details(self, backup_id: str) -> Details:
        """Raises NotFound."""
        backup = self._catalog.find(backup_id)
        with self._context.database.transaction() as connection:
            operation = operations.get(connection, backup.operation_id) if backup.operation_id else None
        (entry,) = self._entries([backup])
        return Details(entry, operation.requester if operation else None)

    def _entries(self, found: Sequence[Backup]) -> list[Entry]:
        with self._context.database.transaction() as connection:
            pinned = pins.of(connection, [backup.id for backup in found])
        known = {backup.target for backup in found} & set(self._context.settings.targets)
        forecasts = {
            forecast.judgement.candidate.id: forecast
            for target in known
            for forecast in self._retentions.preview(target).forecasts
        }
        return [Entry(backup, pinned.get(backup.id), forecasts.get(backup.id)) for backup in found]
