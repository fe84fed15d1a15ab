"""Durations as people write them: `90s`, `30m`, `24h`, `7d`, `1h30m`."""

from __future__ import annotations

import re
from datetime import timedelta

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_WHOLE = re.compile(r"(?:\d+[smhdw])+")
_PART = re.compile(r"(\d+)([smhdw])")


def parse_duration(text: str) -> timedelta:
    """Read `1h30m` and the like. Raises ValueError with an example when it cannot."""
    compact = text.strip().lower().replace(" ", "")
    if not _WHOLE.fullmatch(compact):
        raise ValueError(f"{text!r} is not a duration; write it like 90s, 30m, 24h, 7d or 1h30m")
    try:
        return sum((timedelta(**{_UNITS[unit]: int(amount)}) for amount, unit in _PART.findall(compact)), timedelta())
    except (OverflowError, ValueError) as error:
        raise ValueError(f"{text[:40]!r} is too long a duration") from error
