"""Moments in the past as people write them: `7d` for seven days ago, or a date, with a time or without."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo

from bot.durations import parse_duration
from bot.errors import UsageError


def parse_past(text: str, now: datetime, zone: tzinfo = UTC) -> datetime:
    """An aware time; `zone` is of dates that name none. Raises UsageError with examples."""
    try:
        return now - parse_duration(text)
    except (ValueError, OverflowError):
        pass
    try:
        moment = datetime.fromisoformat(text.upper())
        return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise UsageError(
            f"“{text[:40]}” is neither a length of time nor a date.", "Write 7d, 12h, 2026-11-22 or 2026-11-22T08:00."
        ) from error
