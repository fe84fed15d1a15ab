"""Targets at a glance."""

from __future__ import annotations

from bot.errors import NotFound
from bot.models import Operation, OperationState, ScheduleName, TargetStatus
from bot.operations.context import Context
from bot.operations.schedules import next_fire
from bot.postgres.connection import database_of
from bot.store import backups, observations, operations, schedules, windows
from bot.store.database import Connection

_RECENT = 5


class Overview:
    def __init__(self, context: Context) -> None:
        self._context = context

    def targets(self) -> list[TargetStatus]:
        with self._context.database.transaction() as connection:
            return [self._status(connection, name) for name in self._context.settings.targets]

    def operation(self, operation_id: str) -> Operation:
        """Raises NotFound."""
        with self._context.database.transaction() as connection:
            found = operations.get(connection, operation_id)
        if found is None:
            raise NotFound(f"There is no operation {operation_id!r}.", "Look at /baseliner status.")
        return found

    def _status(self, connection: Connection, name: str) -> TargetStatus:
        settings = self._context.settings.targets[name]
        recent = operations.recent(connection, name, _RECENT)
        newest = backups.newest_first(connection, name, 1)
        pauses = schedules.pauses(connection, name)
        paused = any(pause.schedule is ScheduleName.BACKUP for pause in pauses)
        return TargetStatus(
            name=name,
            database=database_of(settings, self._context.environment),
            newest_backup=newest[0] if newest else None,
            rpo_seconds=settings.rpo.total_seconds(),
            running=next((item for item in recent if item.state is OperationState.RUNNING), None),
            recent=tuple(recent),
            open_alerts=tuple(observations.open_alerts(connection, name)),
            windows=tuple(windows.to_come(connection, name)),
            next_backup_at=None if paused else next_fire(settings, self._context.now()),
            pauses=tuple(pauses),
        )
