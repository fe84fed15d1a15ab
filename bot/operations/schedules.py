"""The schedules of a target: cron in its time zone, with jitter. Pure."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from apscheduler.triggers.cron import CronTrigger

from bot.cron import cron_trigger
from bot.models import ScheduleName
from bot.settings import TargetSettings

_INSTANT = timedelta(microseconds=1)
_GAP = timedelta(hours=1)
_SPANS = (timedelta(hours=1), timedelta(days=1), timedelta(days=32))

Chance = Callable[[datetime], random.Random]
"""The randomness of one fire: whoever asks again gets the same."""


@dataclass(frozen=True)
class Schedule:
    """When something is done by itself. A fire is named by its nominal time, from which jitter may delay it."""

    name: ScheduleName
    cron: str
    timezone: str
    jitter: timedelta = timedelta(0)

    @property
    def definition(self) -> str:
        return f"{self.cron} {self.timezone}"

    @cached_property
    def trigger(self) -> CronTrigger:
        return cron_trigger(self.cron, ZoneInfo(self.timezone))

    def next_after(self, after: datetime) -> datetime | None:
        """The first fire later than `after`; None where there is none, such as on 30 February."""
        moment = after.astimezone(UTC)
        found = self._following(moment)
        if not self._clocks_went_ahead(moment - _GAP, moment):
            return found
        # 02:30 of a spring night is when it would have been: the trigger finds it from before the gap alone.
        skipped = self._following(moment - _GAP)
        while skipped is not None and skipped <= moment:
            skipped = self._following(skipped)
        return min((fire for fire in (found, skipped) if fire is not None), default=None)

    def _following(self, moment: datetime) -> datetime | None:
        """In UTC: of two local times, differences and comparisons are those of their clocks' faces."""
        found: datetime | None = self.trigger.get_next_fire_time(None, moment + _INSTANT)
        return found.astimezone(UTC) if found is not None else None

    def _clocks_went_ahead(self, since: datetime, now: datetime) -> bool:
        zone = ZoneInfo(self.timezone)
        before, after = (moment.astimezone(zone).utcoffset() or timedelta(0) for moment in (since, now))
        return after > before

    def last_between(self, since: datetime, now: datetime) -> datetime | None:
        """The last fire later than `since` and not later than `now`."""
        for span in _SPANS:
            if now - span > since and (found := self._walk(now - span, now)) is not None:
                return found
        return self._walk(since, now)

    def delay(self, fire: datetime, chance: random.Random) -> timedelta:
        """At most the jitter, and less than the time to the next fire."""
        following = self.next_after(fire)
        room = min(self.jitter, following - fire) if following is not None else self.jitter
        return room * chance.random()

    def due(self, since: datetime, now: datetime, chance: Chance) -> datetime | None:
        """The one fire to make now, of those since `since`: the last whose delay is over. Missed ones are one."""
        fire = self.last_between(since, now)
        if fire is not None and fire + self.delay(fire, chance(fire)) > now:
            fire = self.last_between(since, fire - _INSTANT)
        return fire

    def _walk(self, since: datetime, now: datetime) -> datetime | None:
        found, fire = None, self.next_after(since)
        while fire is not None and fire <= now:
            found, fire = fire, self.next_after(fire)
        return found


def schedules_of(target: TargetSettings) -> tuple[Schedule, ...]:
    """All that the target's settings name."""
    crons = ((ScheduleName.BACKUP, target.schedule), (ScheduleName.DRILL, target.drill.schedule))
    jitter = target.jitter or timedelta(0)
    return tuple(Schedule(name, cron, target.timezone, jitter) for name, cron in crons if cron is not None)


def schedule_of(target: TargetSettings, name: ScheduleName) -> Schedule | None:
    return next((schedule for schedule in schedules_of(target) if schedule.name is name), None)


def next_fire(target: TargetSettings, after: datetime) -> datetime | None:
    """The first fire of the backup schedule later than `after`; None without a schedule."""
    schedule = schedule_of(target, ScheduleName.BACKUP)
    return schedule.next_after(after) if schedule is not None else None


def chance_of(target: str, schedule: Schedule) -> Chance:
    """The same for a fire wherever and whenever it is asked for; another for every target."""
    return lambda fire: random.Random(f"{target} {schedule.name} {fire.astimezone(UTC).isoformat()}")  # noqa: S311
