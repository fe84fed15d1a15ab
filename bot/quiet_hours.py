"""Hours of the day in which nothing that destroys data is asked or begun, as people write them: `22:00-07:00`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, time
from zoneinfo import ZoneInfo

_WRITTEN = re.compile(r"([01]\d|2[0-3]):([0-5]\d)\s*-\s*([01]\d|2[0-3]):([0-5]\d)")


@dataclass(frozen=True)
class QuietHours:
    """From `start` until before `end`, over midnight where `end` is the earlier one."""

    start: time
    end: time

    def cover(self, now: datetime, zone: ZoneInfo) -> bool:
        """By the clock on the wall of `zone`."""
        local = now.astimezone(zone).time()
        if self.start < self.end:
            return self.start <= local < self.end
        return local >= self.start or local < self.end

    def __str__(self) -> str:
        return f"{self.start:%H:%M}-{self.end:%H:%M}"


def parse_quiet_hours(text: str) -> QuietHours:
    """Read `22:00-07:00`. Raises ValueError with an example when it cannot."""
    match = _WRITTEN.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is not a span of hours; write it like 22:00-07:00")
    hours = QuietHours(time(int(match[1]), int(match[2])), time(int(match[3]), int(match[4])))
    if hours.start == hours.end:
        raise ValueError(f"{text!r} begins and ends at once; write it like 22:00-07:00")
    return hours
