"""Settings of the daily report."""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, field_validator

from bot.settings_storage import Section
from bot.settings_types import known_zone

_WRITTEN = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")


def _time_of_day(value: object) -> object:
    if isinstance(value, time):
        return value
    match = _WRITTEN.fullmatch(str(value))
    if match is None:
        raise ValueError(f"{value!r} is not a time of day; write it like 08:00")
    return time(int(match[1]), int(match[2]))


class ReportSettings(Section):
    """One message a day in the operations channel."""

    enabled: bool = True
    at: Annotated[time, BeforeValidator(_time_of_day)] = time(8)
    timezone: str = "UTC"

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        return known_zone(value)

    def last_due(self, now: datetime) -> datetime:
        """The newest moment not later than `now` at which a report was due, in the report's time zone."""
        local = now.astimezone(ZoneInfo(self.timezone))
        due = datetime.combine(local.date(), self.at, local.tzinfo)
        return due if due <= now else datetime.combine(local.date() - timedelta(days=1), self.at, local.tzinfo)
