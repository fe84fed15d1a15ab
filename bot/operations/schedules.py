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
_CHANGED_WITHIN = timedelta(days=1)
_SPANS = (timedelta(hours=1), timedelta(days=1), timedelta(days=32))

Chance = Callable[[datetime], random.Random]
"""The randomness of one fire: whoever asks again gets the same."""

Choose = Callable[[datetime, datetime], datetime]
"""Of a time of the clock as it is before a change of the clocks and after it: the one that fires."""


def _earlier(before: datetime, _after: datetime) -> datetime:
    return before


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
        """What wakes a scheduler at most fires; it knows no time that the clocks pass over."""
        return cron_trigger(self.cron, ZoneInfo(self.timezone))

    def next_after(self, after: datetime) -> datetime | None:
        """The first fire later than `after`; None where there is none, such as on 30 February.

        As cron(8) has it: a time that the clocks pass over is later by as much as they go ahead, and one that comes
        twice fires at its first; where minute or hour begins with `*`, at both.
        """
        moment = after.astimezone(UTC)
        found = [self._first(moment, _earlier)]
        if any(field.startswith("*") for field in self.cron.split()[:2]):
            found.append(self._first(moment, max))
        return min((fire for fire in found if fire is not None), default=None)

    def _first(self, moment: datetime, choose: Choose) -> datetime | None:
        """The first fire after `moment`, of times of the clock, each put in the zone by `choose`."""
        best: datetime | None = None
        face: datetime | None = self._faces.get_next_fire_time(None, self._earliest_face(moment))
        while face is not None:
            fire = self._placed(face, choose)
            if fire > moment:
                best = min(best or fire, fire)
            # A time that is put off may come after those that follow it.
            if best is not None and self._face_of(best) <= face:
                break
            face = self._faces.get_next_fire_time(None, face + _INSTANT)
        return best

    def _placed(self, face: datetime, choose: Choose) -> datetime:
        local = face.replace(tzinfo=self._zone)
        return choose(*(local.replace(fold=fold).astimezone(UTC) for fold in (0, 1)))

    def _earliest_face(self, moment: datetime) -> datetime:
        """Whatever clocks showed before that does not fire after `moment`, though they change about then."""
        around = (moment + days for days in (-_CHANGED_WITHIN, timedelta(0), _CHANGED_WITHIN))
        return moment + min(self._face_of(each) - each for each in around)

    def _face_of(self, moment: datetime) -> datetime:
        return moment.astimezone(self._zone).replace(tzinfo=UTC)

    @cached_property
    def _faces(self) -> CronTrigger:
        """Of times as clocks show them, which is said in UTC, where all of them exist and none comes twice."""
        return cron_trigger(self.cron, UTC)

    @cached_property
    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

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
