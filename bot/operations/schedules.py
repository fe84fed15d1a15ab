"""Cron schedules of targets, in their time zones."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from apscheduler.triggers.cron import CronTrigger

from bot.settings import TargetSettings


def trigger_of(target: TargetSettings) -> CronTrigger | None:
    """None where the target has no schedule."""
    if target.schedule is None:
        return None
    return CronTrigger.from_crontab(target.schedule, timezone=ZoneInfo(target.timezone))


def next_fire(target: TargetSettings, after: datetime) -> datetime | None:
    """The first fire later than `after`; None without a schedule."""
    trigger = trigger_of(target)
    if trigger is None:
        return None
    found: datetime | None = trigger.get_next_fire_time(None, after + timedelta(microseconds=1))
    return found


def last_fire_before(target: TargetSettings, now: datetime, within: timedelta) -> datetime | None:
    """The last fire at or before `now`, no older than `within`; None without one."""
    found = None
    fire = next_fire(target, now - within)
    while fire is not None and fire <= now:
        found, fire = fire, next_fire(target, fire)
    return found
