"""Cron schedules in five fields, as cron itself reads them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, tzinfo

from apscheduler.triggers.cron import CronTrigger

_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_PART = re.compile(r"(?P<first>\*|\w+)(?:-(?P<last>\w+))?(?:/(?P<step>[1-9]\d*))?")
_EXAMPLE = "write it like 0 2 * * * (daily at 02:00) or 30 1 * * 0 (Sundays at 01:30)"


def cron_trigger(schedule: str, timezone: tzinfo = UTC) -> CronTrigger:
    """Read `minute hour day month weekday`; weekdays are 0 to 7 (0 and 7: Sunday) or names.

    Raises ValueError for anything else, and where both day and weekday are given: cron fires on either, others on both.
    """
    fields = schedule.split()
    if len(fields) != 5:
        raise ValueError(f"{schedule!r} has {len(fields)} fields instead of five; {_EXAMPLE}")
    *others, weekday = fields
    if others[2] != "*" and weekday != "*":
        raise ValueError(f"{schedule!r} names both a day of the month and a weekday; name one of them")
    try:
        return CronTrigger.from_crontab(" ".join([*others, _named(weekday)]), timezone=timezone)
    except ValueError as error:
        raise ValueError(f"{schedule!r} is not a schedule: {error}; {_EXAMPLE}") from error


def demand_fires(schedule: str) -> str:
    """The same schedule. Raises ValueError for none, and for one that never comes, such as on 30 February."""
    # A leap year begins: whatever comes at all comes after it.
    if cron_trigger(schedule).get_next_fire_time(None, datetime(2024, 1, 1, tzinfo=UTC)) is None:
        raise ValueError(f"{schedule!r} never comes; {_EXAMPLE}")
    return schedule


def _named(weekday: str) -> str:
    """Weekdays by name: the scheduler counts them from Monday, cron from Sunday."""
    if weekday == "*":
        return weekday
    days = {day % 7 for part in weekday.lower().split(",") for day in _days(part)}
    return ",".join(_DAYS[day] for day in sorted(days))


def _days(part: str) -> Iterator[int]:
    match = _PART.fullmatch(part)
    if match is None:
        raise ValueError(f"{part!r} is not a weekday")
    if match["first"] == "*":
        first, last = 0, 6
    else:
        first = _number(match["first"])
        last = _number(match["last"]) if match["last"] else first
    if first > last == 0:
        last = 7
    if first > last:
        raise ValueError(f"{part!r} ends before it begins")
    yield from range(first, last + 1, int(match["step"] or 1))


def _number(day: str) -> int:
    if day in _DAYS:
        return _DAYS.index(day)
    if day.isdecimal() and int(day) <= 7:
        return int(day)
    raise ValueError(f"{day!r} is not a weekday")
