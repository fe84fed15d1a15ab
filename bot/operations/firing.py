"""Making what schedules ask for: each fire once, missed ones together, none while paused, held or already under way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from bot.errors import Conflict, NotFound, UsageError
from bot.models import Actor, Operation, OperationKind, Pause, ScheduleName, ScheduleStatus, Window
from bot.operations.backups import SCHEDULE
from bot.operations.context import Context
from bot.operations.notices import notice
from bot.operations.schedules import Schedule, chance_of, schedule_of, schedules_of
from bot.operations.windows import open_window
from bot.policy import may_keep
from bot.store import audit, operations, schedules
from bot.store.database import Connection

_SHOWN = 3
_KINDS = {ScheduleName.BACKUP: OperationKind.BACKUP, ScheduleName.DRILL: OperationKind.DRILL}

_CHANGES = {"paused": ("active", "paused"), "resumed": ("paused", "active")}
"""The state of a schedule before and after, by the result of what was done to it."""

Make = Callable[[str, datetime], Operation | None]
"""Write down the operation of one fire of a target's schedule; None where an earlier try has."""


class Schedules:
    def __init__(self, context: Context, makers: Mapping[ScheduleName, Make]) -> None:
        self._context = context
        self._makers = makers

    def advance(self) -> list[Operation]:
        """Make what is due. A schedule that is seen for the first time counts from now."""
        made = []
        with self._context.database.transaction() as connection:
            heard = schedules.heard(connection)
        for target, settings in self._context.settings.targets.items():
            for schedule in schedules_of(settings):
                known = heard.get((target, schedule.name))
                if known is None or known.definition != schedule.definition:
                    self._begin(target, schedule)
                elif self._due(target, schedule, known.until) is not None:
                    made += self._fire(target, schedule)
        return made

    def statuses(self, target: str | None = None) -> list[ScheduleStatus]:
        """Of one target or of all. Raises NotFound."""
        names = [target] if target is not None else list(self._context.settings.targets)
        with self._context.database.transaction() as connection:
            heard = schedules.heard(connection)
            paused = {(each.target, each.schedule): each for each in schedules.pauses(connection)}
        found = []
        for name in names:
            for schedule in schedules_of(self._context.target(name)):
                key = (name, schedule.name)
                held = heard[key].held if key in heard else None
                found.append(self._status(name, schedule, paused.get(key), held))
        return found

    def pause(self, target: str, name: ScheduleName, reason: str, actor: Actor) -> Pause:
        """Raises NotFound, Refused, UsageError without a reason; Conflict when it is paused already."""
        self._demand(target, name, reason, actor, "schedule.pause")
        pause = Pause(target, name, reason.strip()[:500], actor, self._context.now())
        with self._context.database.transaction() as connection:
            if not schedules.pause(connection, pause):
                standing = schedules.pause_of(connection, target, name)
                who = f" by {standing.paused_by.name}: {standing.reason}" if standing else ""
                raise Conflict(f"The {name} schedule of {target} is paused already{who}.", "Resume it first.")
            self._audit(connection, actor, target, name, "schedule.pause", "paused", reason=pause.reason)
        return pause

    def resume(self, target: str, name: ScheduleName, reason: str, actor: Actor) -> None:
        """What was due during the pause is not made up for. Raises as `pause`; Conflict when it is not paused."""
        self._demand(target, name, reason, actor, "schedule.resume")
        with self._context.database.transaction() as connection:
            if not schedules.resume(connection, target, name):
                raise Conflict(f"The {name} schedule of {target} is not paused.", "See /baseliner schedule.")
            schedules.hear(connection, target, name, self._context.now())
            self._audit(connection, actor, target, name, "schedule.resume", "resumed", reason=reason.strip()[:500])

    def _status(self, target: str, schedule: Schedule, pause: Pause | None, held: datetime | None) -> ScheduleStatus:
        fires: list[datetime] = []
        at: datetime | None = self._context.now()
        while pause is None and len(fires) < _SHOWN and at is not None:
            at = schedule.next_after(at)
            fires += [at] if at is not None else []
        return ScheduleStatus(
            target=target,
            name=schedule.name,
            cron=schedule.cron,
            timezone=schedule.timezone,
            next_fires=tuple(fires),
            jitter_seconds=schedule.jitter.total_seconds(),
            pause=pause,
            held=held,
        )

    def _begin(self, target: str, schedule: Schedule) -> None:
        with self._context.database.transaction() as connection:
            schedules.begin(connection, target, schedule.name, schedule.definition, self._context.now())

    def _due(self, target: str, schedule: Schedule, since: datetime) -> datetime | None:
        return schedule.due(since, self._context.now(), chance_of(target, schedule))

    def _fire(self, target: str, schedule: Schedule) -> list[Operation]:
        """The row's lock makes one of those who hear the same fire at once the first."""
        name = schedule.name
        with self._context.database.transaction() as connection:
            known = schedules.lock(connection, target, name)
            fire = self._due(target, schedule, known.until) if known else None
            if fire is None or self._is_held(connection, target, name, fire):
                return []
            made = None
            if schedules.pause_of(connection, target, name) is None:
                made = self._make(connection, target, name, fire)
            schedules.hear(connection, target, name, fire)
        return [made] if made is not None else []

    def _make(self, connection: Connection, target: str, name: ScheduleName, fire: datetime) -> Operation | None:
        other = operations.under_way(connection, target, _KINDS[name], except_fire=fire)
        if other is None:
            return self._makers[name](target, fire)
        reason = f"{name} {other.id} is {other.state} already"
        self._audit(connection, SCHEDULE, target, name, "schedule.fire", "skipped", reason=reason, fire=fire)
        return None

    def _is_held(self, connection: Connection, target: str, name: ScheduleName, fire: datetime) -> bool:
        window = self._forbidding(connection, target) if name is ScheduleName.BACKUP else None
        if window is None or schedules.pause_of(connection, target, name) is not None:
            return False
        if schedules.hold(connection, target, name, fire):
            reason = f"window {window.id} is open until {window.ends_at:%Y-%m-%d %H:%M} UTC"
            self._audit(connection, SCHEDULE, target, name, "schedule.fire", "held", reason=reason, fire=fire)
        return True

    def _forbidding(self, connection: Connection, target: str) -> Window | None:
        """The window that is open now, where the target wants no scheduled backups in one."""
        if self._context.target(target).backups_in_windows:
            return None
        return open_window(connection, target, self._context.now())

    def _demand(self, target: str, name: ScheduleName, reason: str, actor: Actor, action: str) -> None:
        settings = self._context.target(target)
        self._context.demand(may_keep(actor, *self._context.facts(target, actor)), actor, action, target)
        if schedule_of(settings, name) is None:
            raise NotFound(f"{target} has no {name} schedule.", "The settings name the schedules of each target.")
        if not reason.strip():
            raise UsageError("Say why: everybody who sees the pause must know.", "Give the target, then the reason.")

    def _audit(
        self,
        connection: Connection,
        actor: Actor,
        target: str,
        name: ScheduleName,
        action: str,
        result: str,
        **detail: object,
    ) -> None:
        told = {"schedule": name, **detail}
        before, after = _CHANGES.get(result, (None, None))
        position = audit.append(
            connection,
            self._context.now(),
            actor,
            action,
            result,
            target=target,
            before=before,
            after=after,
            detail=told,
        )
        if result in _CHANGES:
            notice(self._context, connection, position)
