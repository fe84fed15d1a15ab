"""Moments as a reader sees them: Slack's date formats in the reader's own zone.

Source: docs, messaging/formatting-message-text#date-formatting.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from types import MappingProxyType
from typing import TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_UNITS = ((2700, 60, "minute"), (79_200, 3600, "hour"), (float("inf"), 86_400, "day"))
_TOKEN = re.compile(r"\{([a-z_]+)\}")


@dataclass(frozen=True, slots=True)
class Reader:
    """Whose clock is shown: the zone, and whether hours go to twelve or to twenty-four."""

    zone: tzinfo = UTC
    twelve_hours: bool = False

    def moment(self, timestamp: float) -> datetime:
        """Seconds since the epoch in the reader's zone. Raises ValueError or OverflowError when out of range."""
        return datetime.fromtimestamp(timestamp, self.zone)


def reader_in(zone_name: str, *, twelve_hours: bool = False) -> Reader:
    """A reader by the name of a time zone; in UTC when the name is not known here."""
    try:
        return Reader(ZoneInfo(zone_name), twelve_hours)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return Reader(UTC, twelve_hours)


def format_date(timestamp: int, template: str, fallback: str, reader: Reader, now: float) -> str:
    """Slack's template with its tokens filled in; `fallback` when a token is unknown or the moment is out of range."""
    try:
        moment, today = reader.moment(timestamp), reader.moment(now)
    except (ValueError, OverflowError, OSError):
        return fallback
    names = _TOKEN.findall(template)
    if not names or any(name not in _FORMATS for name in names):
        return fallback
    return _TOKEN.sub(lambda match: _FORMATS[match[1]](moment, today, reader), template)


def full_moment(timestamp: float, reader: Reader) -> str:
    """Everything about a moment, for a tooltip: `Sunday, November 22nd, 2026 at 11:45:03 CET`; empty out of range."""
    try:
        moment = reader.moment(timestamp)
    except (ValueError, OverflowError, OSError):
        return ""
    return f"{_long(moment)} at {clock_time(moment, reader, seconds=True)} {moment.tzname()}"


def clock_time(moment: datetime, reader: Reader, *, seconds: bool = False) -> str:
    """`14:05`, or `2:05 PM` for twelve hours."""
    tail = f":{moment:%S}" if seconds else ""
    if reader.twelve_hours:
        return f"{moment.hour % 12 or 12}:{moment:%M}{tail} {'AM' if moment.hour < 12 else 'PM'}"
    return f"{moment:%H:%M}{tail}"


def day_title(moment: datetime, today: datetime) -> str:
    """The title of a day's messages: `Today`, `Sunday, November 22nd`, with the year if it is another."""
    relative = _relative_day(moment, today)
    if relative:
        return relative.capitalize()
    title = f"{moment:%A, %B} {_ordinal(moment.day)}"
    return title if moment.year == today.year else f"{title}, {moment.year}"


def ago(moment: datetime, now: datetime) -> str:
    """`3 minutes ago`, `in 2 hours`, `just now`."""
    seconds = (now - moment).total_seconds()
    size = abs(seconds)
    if size < 45:
        return "just now" if seconds >= 0 else "in a moment"
    unit, name = next((unit, name) for limit, unit, name in _UNITS if size < limit)
    count = max(1, round(size / unit))
    phrase = f"{count} {name}{'' if count == 1 else 's'}"
    return f"{phrase} ago" if seconds >= 0 else f"in {phrase}"


def _ordinal(day: int) -> str:
    ending = "th" if 10 <= day % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
    return f"{day}{ending}"


def _date(moment: datetime) -> str:
    return f"{moment:%B} {_ordinal(moment.day)}, {moment.year}"


def _short(moment: datetime) -> str:
    return f"{moment:%b} {moment.day}, {moment.year}"


def _long(moment: datetime) -> str:
    return f"{moment:%A}, {_date(moment)}"


def _relative_day(moment: datetime, today: datetime) -> str:
    names = {0: "today", 1: "yesterday", -1: "tomorrow"}
    return names.get((today.date() - moment.date()) // timedelta(days=1), "")


_Format: TypeAlias = Callable[[datetime, datetime, Reader], str]
_FORMATS: Mapping[str, _Format] = MappingProxyType(
    {
        "date_num": lambda moment, _today, _reader: f"{moment.year:04}-{moment:%m-%d}",
        "date_slash": lambda moment, _today, _reader: f"{moment:%m/%d}/{moment.year:04}",
        "date": lambda moment, _today, _reader: _date(moment),
        "date_short": lambda moment, _today, _reader: _short(moment),
        "date_long": lambda moment, _today, _reader: _long(moment),
        "date_long_full": lambda moment, _today, _reader: _long(moment),
        "date_pretty": lambda moment, today, _reader: _relative_day(moment, today) or _date(moment),
        "date_short_pretty": lambda moment, today, _reader: _relative_day(moment, today) or _short(moment),
        "date_long_pretty": lambda moment, today, _reader: _relative_day(moment, today) or _long(moment),
        "day_divider_pretty": lambda moment, today, _reader: day_title(moment, today),
        "time": lambda moment, _today, reader: clock_time(moment, reader),
        "time_secs": lambda moment, _today, reader: clock_time(moment, reader, seconds=True),
        "ago": lambda moment, today, _reader: ago(moment, today),
    }
)
