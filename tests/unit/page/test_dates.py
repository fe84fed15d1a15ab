"""Moments as a reader sees them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.page.dates import Reader, ago, clock_time, day_title, format_date, full_moment, reader_in
from sandbox.page.text_inputs import moment_text, moment_value

MOMENT = int(datetime(2026, 11, 22, 13, 5, 9, tzinfo=UTC).timestamp())
UTC_READER = Reader()


@pytest.mark.parametrize(
    ("template", "shown"),
    [
        ("{date_num}", "2026-11-22"),
        ("{date_slash}", "11/22/2026"),
        ("{date}", "November 22nd, 2026"),
        ("{date_short}", "Nov 22, 2026"),
        ("{date_long}", "Sunday, November 22nd, 2026"),
        ("{date_long_full}", "Sunday, November 22nd, 2026"),
        ("{time}", "13:05"),
        ("{time_secs}", "13:05:09"),
        ("on {date_short} at {time}!", "on Nov 22, 2026 at 13:05!"),
        ("{unknown}", "fallback"),
        ("{date} {unknown}", "fallback"),
        ("no token", "fallback"),
    ],
)
def test_templates(template: str, shown: str) -> None:
    assert format_date(MOMENT, template, "fallback", UTC_READER, now=MOMENT + 10 * 86_400) == shown


@pytest.mark.parametrize(
    ("days", "shown", "title"),
    [
        (0, "today", "Today"),
        (1, "yesterday", "Yesterday"),
        (-1, "tomorrow", "Tomorrow"),
        (2, "Nov 22, 2026", "Sunday, November 22nd"),
        (-2, "Nov 22, 2026", "Sunday, November 22nd"),
    ],
)
def test_pretty_dates_are_relative_to_the_readers_day(days: int, shown: str, title: str) -> None:
    now = MOMENT + days * 86_400
    assert format_date(MOMENT, "{date_short_pretty}", "", UTC_READER, now) == shown
    assert format_date(MOMENT, "{day_divider_pretty}", "", UTC_READER, now) == title


def test_the_zone_decides_the_day() -> None:
    late = int(datetime(2026, 11, 22, 23, 30, tzinfo=UTC).timestamp())
    assert format_date(late, "{date_num} {time}", "", reader_in("Asia/Kolkata"), late) == "2026-11-23 05:00"
    assert format_date(late, "{date_pretty}", "", reader_in("America/New_York"), late + 3600) == "today"


@pytest.mark.parametrize(("hour", "shown"), [(0, "12:05 AM"), (11, "11:05 AM"), (12, "12:05 PM"), (23, "11:05 PM")])
def test_twelve_hours(hour: int, shown: str) -> None:
    assert clock_time(datetime(2026, 1, 1, hour, 5, tzinfo=UTC), Reader(UTC, twelve_hours=True)) == shown


ORDINALS = ("1st", "2nd", "3rd", "4th", "10th", "11th", "12th", "13th", "20th", "21st", "22nd", "23rd", "30th", "31st")


@pytest.mark.parametrize("ending", ORDINALS)
def test_ordinals(ending: str) -> None:
    moment = datetime(2025, 1, int(ending[:-2]), tzinfo=UTC)
    assert day_title(moment, datetime(2025, 6, 1, tzinfo=UTC)).endswith(f"January {ending}")
    assert day_title(moment, datetime(2026, 6, 1, tzinfo=UTC)).endswith(f"January {ending}, 2025")


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "just now"),
        (44, "just now"),
        (60, "1 minute ago"),
        (150, "2 minutes ago"),
        (3000, "1 hour ago"),
        (7200, "2 hours ago"),
        (86_400, "1 day ago"),
        (-20, "in a moment"),
        (-1800, "in 30 minutes"),
        (-86_400 * 3, "in 3 days"),
    ],
)
def test_ago(seconds: int, shown: str) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert ago(now - timedelta(seconds=seconds), now) == shown


def test_what_cannot_be_dated_falls_back() -> None:
    assert format_date(10**12, "{date}", "far away", UTC_READER, MOMENT) == "far away"
    assert full_moment(10**12, UTC_READER) == ""
    assert reader_in("Not/AZone").zone is UTC
    assert reader_in("../etc/passwd").zone is UTC
    assert reader_in("").zone is UTC


@given(st.integers(min_value=-(10**12), max_value=10**12), st.text(alphabet="{}date_pretyime ", max_size=40))
def test_any_date_and_template_give_a_text(timestamp: int, template: str) -> None:
    assert isinstance(format_date(timestamp, template, "fallback", UTC_READER, MOMENT), str)


@given(st.datetimes(min_value=datetime(1971, 1, 1), max_value=datetime(2100, 1, 1)))  # noqa: DTZ001 - read in a zone
def test_a_moment_survives_the_browsers_input(moment: datetime) -> None:
    reader = Reader(timezone(timedelta(hours=5, minutes=30)))
    text = moment.strftime("%Y-%m-%dT%H:%M")
    value = moment_value("datetimepicker", text, reader)
    assert moment_text({"selected_date_time": value}, reader) == text


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("datepicker", "2026-12-24", "2026-12-24"),
        ("datepicker", "0002-12-24", None),
        ("datepicker", "", None),
        ("timepicker", "17:30:00", "17:30"),
        ("timepicker", "", None),
        ("datetimepicker", "2026-01-13T17:30:15", 1768325400),
    ],
)
def test_what_the_browsers_input_gives(kind: str, text: str, value: str | int | None) -> None:
    assert moment_value(kind, text, UTC_READER) == value


def test_daylight_saving() -> None:
    reader = Reader(ZoneInfo("Europe/Berlin"))
    assert moment_value("datetimepicker", "2026-07-01T12:00", reader) == 1782900000
    assert moment_value("datetimepicker", "2026-01-01T12:00", reader) == 1767265200
