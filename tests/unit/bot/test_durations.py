"""Durations as people write them."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.durations import parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90),
        ("30m", 1800),
        ("24h", 86400),
        ("7d", 604800),
        ("2w", 1209600),
        ("1h30m", 5400),
        (" 1 H 30 M ", 5400),
        ("1m1m", 120),
        ("0s", 0),
        ("007s", 7),
    ],
)
def test_what_people_write(text: str, seconds: int) -> None:
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", " ", "5", "h", "1.5h", "-1h", "1h-", "1y", "one hour", "1h30", "1h;rm"])
def test_what_is_none_is_told_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="is not a duration; write it like 90s"):
        parse_duration(text)


@pytest.mark.parametrize("text", ["99999999999d", "9" * 5000 + "s", "99999999999999w1s"])
def test_what_no_calendar_holds_is_told_and_cut(text: str) -> None:
    with pytest.raises(ValueError, match="is too long a duration") as caught:
        parse_duration(text)
    assert len(str(caught.value)) < 100


@given(st.text())
def test_any_text_is_a_duration_or_a_value_error(text: str) -> None:
    with suppress(ValueError):
        assert parse_duration(text) >= timedelta()


@given(days=st.integers(0, 999), hours=st.integers(0, 99), minutes=st.integers(0, 99), seconds=st.integers(0, 99))
def test_parts_add_up(days: int, hours: int, minutes: int, seconds: int) -> None:
    expected = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    assert parse_duration(f"{days}d{hours}h {minutes}m{seconds}s") == expected
