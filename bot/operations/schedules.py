"""Cron schedules of targets, in their time zones."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from apscheduler.triggers.cron import CronTrigger

from bot.cron import cron_trigger
from bot.settings import TargetSettings


def trigger_of(target: TargetSettings) -> CronTrigger | None:
    """None where the target has no schedule."""
    if target.schedule is None:
        return None
    return cron_trigger(target.schedule, ZoneInfo(target.timezone))


def next_fire(target: TargetSettings, after: datetime) -> datetime | None:
    """The first fire later than `after`; None without a schedule."""
    trigger = trigger_of(target)
    if trigger is None:
        return None
    # In UTC: adding to a local time forgets which of the two 02:30 of an autumn night it was.
    found: datetime | None = trigger.get_next_fire_time(None, after.astimezone(UTC) + timedelta(microseconds=1))
    return found


def last_fire_before(target: TargetSettings, now: datetime, within: timedelta) -> datetime | None:
    """The last fire at or before `now`, no older than `within`; None without one."""
    found = None
    fire = next_fire(target, now - within)
    while fire is not None and fire <= now:
        found, fire = fire, next_fire(target, fire)
    return found
