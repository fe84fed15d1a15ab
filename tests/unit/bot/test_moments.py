"""Moments in the past, as people write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.errors import UsageError
from bot.moments import parse_past

NOW = datetime(2026, 11, 22, 10, 15, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("7d", NOW - timedelta(days=7)),
        ("1h30m", NOW - timedelta(minutes=90)),
        ("2026-11-01", datetime(2026, 10, 31, 23, tzinfo=UTC)),
        ("2026-11-01t08:00", datetime(2026, 11, 1, 7, tzinfo=UTC)),
        ("2026-11-01T08:00+05:00", datetime(2026, 11, 1, 3, tzinfo=UTC)),
        ("2026-11-01T08:00Z", datetime(2026, 11, 1, 8, tzinfo=UTC)),
    ],
)
def test_a_length_of_time_or_a_date(text: str, moment: datetime) -> None:
    assert parse_past(text, NOW, BERLIN) == moment


@pytest.mark.parametrize("text", ["", "yesterday", "7", "9999999d", "2026-13-01", "0001-01-01T00:00"])
def test_what_is_neither_is_told_with_examples(text: str) -> None:
    with pytest.raises(UsageError, match="neither a length of time nor a date") as caught:
        parse_past(text, NOW, BERLIN)
    assert "7d" in caught.value.remedy
