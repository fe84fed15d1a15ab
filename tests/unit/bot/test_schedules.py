"""Cron schedules: weekdays as cron counts them, and fires across the change of summer time."""

from __future__ import annotations

import random
from datetime import UTC, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import SecretStr

from bot.cron import cron_trigger, demand_fires
from bot.models import ScheduleName
from bot.operations.schedules import Schedule, chance_of, next_fire, schedules_of
from bot.settings import TargetSettings
from bot.settings_targets import Drill

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


@pytest.mark.parametrize("never", ["0 0 31 4 *", "*/5 2 30 2 *", "0 0 31 2,4,6,9,11 *"])
def test_one_that_never_comes_is_told(never: str) -> None:
    with pytest.raises(ValueError, match=r"never comes; write it like"):
        demand_fires(never)


def test_one_that_seldom_comes_is_taken() -> None:
    assert demand_fires("0 0 29 2 *") == "0 0 29 2 *"


def test_without_a_schedule_nothing_fires() -> None:
    assert next_fire(target(None), SUNDAY) is None
    assert schedules_of(target(None)) == ()


def test_a_fire_is_later_than_its_moment_and_the_last_one_is_not() -> None:
    daily, at = target("0 2 * * *"), datetime(2026, 11, 22, 2, tzinfo=UTC)
    assert next_fire(daily, at) == at + timedelta(days=1)
    assert next_fire(daily, at - timedelta(microseconds=1)) == at
    (schedule,) = schedules_of(daily)
    instant, ten = timedelta(microseconds=1), timedelta(minutes=10)
    assert schedule.last_between(at - ten, at) == at
    assert schedule.last_between(at - ten, at - instant) is None
    assert schedule.last_between(at, at + ten) is None
    assert schedule.last_between(at - instant, at + ten) == at
    assert schedule.last_between(at - timedelta(days=900), at + ten) == at


def test_the_zone_of_the_target_counts() -> None:
    (fire,) = fires("0 2 * * *", SUNDAY, 1, "Asia/Tokyo")
    assert fire.astimezone(UTC) == datetime(2026, 11, 22, 17, tzinfo=UTC)


def in_utc(schedule: str, after: datetime, count: int) -> list[str]:
    return [f"{fire.astimezone(UTC):%d %H:%M}" for fire in fires(schedule, after, count, "Europe/Berlin")]


def test_in_spring_an_hour_that_does_not_exist_fires_once() -> None:
    # 29 March 2026: 02:00 becomes 03:00.
    assert in_utc("30 2 * * *", datetime(2026, 3, 28, 12, tzinfo=UTC), 3) == ["29 01:30", "30 00:30", "31 00:30"]
    assert in_utc("0 * * * *", datetime(2026, 3, 28, 23, 30, tzinfo=UTC), 3) == ["29 00:00", "29 01:00", "29 02:00"]
    put_off = ["29 01:15", "29 01:30", "30 00:15"]
    assert in_utc("15,30 2,3 * * *", datetime(2026, 3, 29, 1, tzinfo=UTC), 3) == put_off


def test_in_autumn_an_hour_that_comes_twice_fires_once_and_frequent_schedules_go_on() -> None:
    # 25 October 2026: 03:00 becomes 02:00.
    after = datetime(2026, 10, 24, 12, tzinfo=UTC)
    assert in_utc("30 2 * * *", after, 3) == ["25 00:30", "26 01:30", "27 01:30"]
    assert in_utc("0 3 * * *", after, 2) == ["25 02:00", "26 02:00"]
    night = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert in_utc("0 * * * *", night, 2) == ["25 01:00", "25 02:00"]
    assert in_utc("*/20 * * * *", night, 3) == ["25 00:40", "25 01:00", "25 01:20"]
    (schedule,) = schedules_of(target("30 2 * * *", "Europe/Berlin"))
    found = schedule.last_between(after, after + timedelta(days=2))
    assert found == datetime(2026, 10, 26, 1, 30, tzinfo=UTC)


CHANGING = [
    *("Europe/Berlin", "America/New_York", "America/Havana", "America/Nuuk", "Africa/Cairo", "Asia/Beirut"),
    *("Australia/Lord_Howe", "Antarctica/Troll", "Africa/Casablanca", "Asia/Kathmandu", "UTC"),
]


@cache
def changes(zone: str, year: int) -> list[datetime]:
    """The noons before the days on which clocks change, or the turn of the year where they do not."""
    noons = [datetime(year, 1, 1, 12, tzinfo=ZoneInfo(zone)) + timedelta(days=day) for day in range(365)]
    return [noon for noon in noons if noon.utcoffset() != (noon + timedelta(days=1)).utcoffset()] or noons[-1:]


@given(
    zone=st.sampled_from(CHANGING),
    year=st.integers(2019, 2035),
    clock=st.times().filter(lambda time: time.hour != 12),
    which=st.integers(0, 3),
    later=st.integers(0, 48 * 60),
)
@example("Africa/Cairo", 2026, time(0, 0), 0, 0)
@example("Asia/Beirut", 2026, time(0, 15), 0, 0)
@example("America/Havana", 2026, time(0, 0), 0, 0)
@example("America/Nuuk", 2026, time(23, 30), 0, 0)
@example("Europe/Berlin", 2026, time(0, 15), 0, 13 * 60)
def test_a_daily_schedule_fires_once_a_day_whatever_clocks_do_and_whenever_it_is_asked(
    zone: str, year: int, clock: time, which: int, later: int
) -> None:
    nights = changes(zone, year)
    before = nights[which % len(nights)] - timedelta(days=1)
    schedule = f"{clock.minute} {clock.hour} * * *"
    four = fires(schedule, before, 4, zone)
    for day, fire in enumerate(four):
        begins, ends = (before + timedelta(days=days) for days in (day, day + 1))
        assert begins.astimezone(UTC) < fire <= ends.astimezone(UTC)
    asked = before.astimezone(UTC) + timedelta(minutes=later)
    assert fires(schedule, asked, 1, zone) == [next(fire for fire in four if fire > asked)]


@given(
    schedule=st.sampled_from(["* * * * *", "*/7 * * * *", "30 2 * * *", "0 0 1 * *", "15 1-3 * * 0", "59 23 31 12 *"]),
    zone=st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"]),
    after=st.datetimes(datetime(2025, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
)
@example("30 2 * * *", "Europe/Berlin", datetime(2025, 3, 29, 2, 0, tzinfo=UTC))
@example("30 2 * * *", "Europe/Berlin", datetime(2025, 3, 30, 1, 29, tzinfo=UTC))
@example("*/7 * * * *", "Australia/Lord_Howe", datetime(2025, 10, 4, 15, 30, tzinfo=UTC))
def test_time_only_goes_on(schedule: str, zone: str, after: datetime) -> None:
    moments = [fire.astimezone(UTC) for fire in fires(schedule, after.astimezone(ZoneInfo(zone)), 5, zone)]
    assert moments[0] > after
    assert moments == sorted(set(moments))
    last = schedules_of(target(schedule, zone))[0].last_between(moments[0] - timedelta(minutes=1), moments[0])
    assert last is not None
    assert last.astimezone(UTC) == moments[0]


# Jitter, and what is due.

HOURLY = Schedule(ScheduleName.BACKUP, "0 * * * *", "UTC", timedelta(minutes=30))


def test_a_delay_is_the_same_for_a_fire_whoever_asks_and_another_for_every_target() -> None:
    def delays(name: str) -> list[timedelta]:
        fires_of_a_day = [SUNDAY + timedelta(hours=hour) for hour in range(24)]
        return [HOURLY.delay(fire, chance_of(name, HOURLY)(fire)) for fire in fires_of_a_day]

    assert delays("inventory") == delays("inventory")
    assert len(set(delays("inventory"))) == 24
    assert not set(delays("inventory")) & set(delays("billing"))
    assert all(timedelta(0) <= delay <= timedelta(minutes=30) for delay in delays("inventory"))


@given(st.integers(1, 200), st.integers(0, 10_000))
def test_a_delay_is_shorter_than_the_time_to_the_next_fire(minutes: int, seed: int) -> None:
    schedule = Schedule(ScheduleName.BACKUP, "*/5 * * * *", "UTC", timedelta(minutes=minutes))
    delay = schedule.delay(SUNDAY, random.Random(seed))  # noqa: S311 - a test repeats itself
    assert timedelta(0) <= delay < timedelta(minutes=5)
    assert delay <= timedelta(minutes=minutes)


def test_without_jitter_there_is_no_delay() -> None:
    exact = Schedule(ScheduleName.BACKUP, "0 * * * *", "UTC")
    assert exact.delay(SUNDAY, random.Random(1)) == timedelta(0)  # noqa: S311 - a test repeats itself


def test_a_fire_is_due_once_its_delay_is_over_and_not_before() -> None:
    chance = chance_of("inventory", HOURLY)
    begins = SUNDAY + HOURLY.delay(SUNDAY, chance(SUNDAY))
    before = SUNDAY - timedelta(minutes=1)
    assert HOURLY.due(before, begins - timedelta(microseconds=1), chance) is None
    assert HOURLY.due(before, begins, chance) == SUNDAY
    assert HOURLY.due(SUNDAY, begins, chance) is None, "it was heard"


def test_many_missed_fires_are_one() -> None:
    exact = Schedule(ScheduleName.BACKUP, "*/10 * * * *", "UTC")
    now = SUNDAY + timedelta(days=200, minutes=5)
    assert exact.due(SUNDAY, now, chance_of("inventory", exact)) == now - timedelta(minutes=5)


def test_a_delay_that_is_not_over_does_not_hide_the_fire_before() -> None:
    chance = chance_of("inventory", HOURLY)
    later = SUNDAY + timedelta(hours=1)
    assert HOURLY.delay(later, chance(later)) > timedelta(0)
    assert HOURLY.due(SUNDAY - timedelta(minutes=1), later, chance) == SUNDAY


def test_every_schedule_of_a_target_is_named() -> None:
    both = target("0 2 * * *").model_copy(update={"drill": Drill(schedule="0 5 * * 0"), "jitter": timedelta(minutes=5)})
    assert [(each.name, each.cron, each.jitter) for each in schedules_of(both)] == [
        ("backup", "0 2 * * *", timedelta(minutes=5)),
        ("drill", "0 5 * * 0", timedelta(minutes=5)),
    ]
