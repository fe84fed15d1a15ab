"""Cron schedules: weekdays as cron counts them, and fires across the change of summer time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from bot.cron import cron_trigger
from bot.operations.schedules import last_fire_before, next_fire
from bot.settings import TargetSettings

SUNDAY = datetime(2026, 11, 22, tzinfo=UTC)


def target(schedule: str | None, timezone: str = "UTC") -> TargetSettings:
    return TargetSettings(dsn=SecretStr(""), storage="offsite", schedule=schedule, timezone=timezone)


def fires(schedule: str, after: datetime, count: int, timezone: str = "UTC") -> list[datetime]:
    found: list[datetime] = []
    while len(found) < count:
        fire = next_fire(target(schedule, timezone), after)
        assert fire is not None
        found.append(fire)
        after = fire
    return found


@pytest.mark.parametrize(
    ("weekday", "days"),
    [
        ("0", "Sun"),
        ("7", "Sun"),
        ("1", "Mon"),
        ("sun", "Sun"),
        ("SAT", "Sat"),
        ("1-5", "Mon Tue Wed Thu Fri"),
        ("mon-fri", "Mon Tue Wed Thu Fri"),
        ("5-7", "Sun Fri Sat"),
        ("fri-sun", "Sun Fri Sat"),
        ("0,3", "Sun Wed"),
        ("1-5/2", "Mon Wed Fri"),
        ("*/2", "Sun Tue Thu Sat"),
        ("*", "Sun Mon Tue Wed Thu Fri Sat"),
    ],
)
def test_weekdays_are_those_of_cron(weekday: str, days: str) -> None:
    week = [fire for fire in fires(f"0 2 * * {weekday}", SUNDAY, 8) if fire < SUNDAY + timedelta(days=7)]
    assert [f"{fire:%a}" for fire in week] == days.split()


@pytest.mark.parametrize(
    ("schedule", "words"),
    [
        ("0 2 * *", "has 4 fields instead of five"),
        ("@daily", "has 1 fields instead of five"),
        ("", "has 0 fields"),
        ("61 2 * * *", "is not a schedule"),
        ("0 2 * * 8", "'8' is not a weekday"),
        ("0 2 * * fr", "'fr' is not a weekday"),
        ("0 2 * * 5-1", "'5-1' ends before it begins"),
        ("0 2 * * 1-5/0", "is not a weekday"),
        ("0 2 1 * 0", "names both a day of the month and a weekday"),
        ("zero 2 * * *", "is not a schedule"),
    ],
)
def test_what_is_no_schedule_is_told(schedule: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        cron_trigger(schedule)


def test_without_a_schedule_nothing_fires() -> None:
    assert next_fire(target(None), SUNDAY) is None
    assert last_fire_before(target(None), SUNDAY, timedelta(days=1)) is None


def test_a_fire_is_later_than_its_moment_and_the_last_one_is_not() -> None:
    daily, at = target("0 2 * * *"), datetime(2026, 11, 22, 2, tzinfo=UTC)
    assert next_fire(daily, at) == at + timedelta(days=1)
    assert next_fire(daily, at - timedelta(microseconds=1)) == at
    assert last_fire_before(daily, at, timedelta(minutes=10)) == at
    assert last_fire_before(daily, at - timedelta(microseconds=1), timedelta(minutes=10)) is None
    assert last_fire_before(daily, at + timedelta(minutes=10), timedelta(minutes=10)) is None
    assert last_fire_before(daily, at + timedelta(minutes=9), timedelta(minutes=10)) == at


def test_the_zone_of_the_target_counts() -> None:
    (fire,) = fires("0 2 * * *", SUNDAY, 1, "Asia/Tokyo")
    assert fire.astimezone(UTC) == datetime(2026, 11, 22, 17, tzinfo=UTC)


def in_utc(schedule: str, after: datetime, count: int) -> list[str]:
    return [f"{fire.astimezone(UTC):%d %H:%M}" for fire in fires(schedule, after, count, "Europe/Berlin")]


def test_in_spring_an_hour_that_does_not_exist_fires_once() -> None:
    # 29 March 2026: 02:00 becomes 03:00.
    assert in_utc("30 2 * * *", datetime(2026, 3, 28, 12, tzinfo=UTC), 3) == ["29 01:30", "30 00:30", "31 00:30"]
    assert in_utc("0 * * * *", datetime(2026, 3, 28, 23, 30, tzinfo=UTC), 3) == ["29 00:00", "29 01:00", "29 02:00"]


def test_in_autumn_an_hour_that_comes_twice_goes_on() -> None:
    # 25 October 2026: 03:00 becomes 02:00.
    after = datetime(2026, 10, 24, 12, tzinfo=UTC)
    assert in_utc("30 2 * * *", after, 4) == ["25 00:30", "25 01:30", "26 01:30", "27 01:30"]
    assert in_utc("0 3 * * *", after, 2) == ["25 02:00", "26 02:00"]
    assert last_fire_before(target("30 2 * * *", "Europe/Berlin"), after + timedelta(days=2), timedelta(days=3)) == (
        datetime(2026, 10, 26, 1, 30, tzinfo=UTC)
    )


@given(
    schedule=st.sampled_from(["* * * * *", "*/7 * * * *", "30 2 * * *", "0 0 1 * *", "15 1-3 * * 0", "59 23 31 12 *"]),
    zone=st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"]),
    after=st.datetimes(datetime(2025, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
)
def test_time_only_goes_on(schedule: str, zone: str, after: datetime) -> None:
    moments = [fire.astimezone(UTC) for fire in fires(schedule, after.astimezone(ZoneInfo(zone)), 5, zone)]
    assert moments[0] > after
    assert moments == sorted(set(moments))
    last = last_fire_before(target(schedule, zone), moments[0], timedelta(minutes=1))
    assert last is not None
    assert last.astimezone(UTC) == moments[0]
