"""Schedules, retention and pins: what a reader must find, and nothing that Slack rejects."""

from dataclasses import replace
from datetime import datetime, timedelta

from bot.models import Pause, Pin, Prune, ScheduleName, ScheduleStatus
from bot.operations.retention import Forecast, Preview
from bot.outlook import Outlook
from bot.retention import Candidate, Judgement, Reason, Rule
from bot.settings import Retention
from handlers.views.overview import status_message
from handlers.views.upkeep import (
    paused_message,
    pinned_message,
    resumed_message,
    retention_message,
    schedules_message,
    unpinned_message,
)
from tests.unit.handlers.drawn import assert_harmless, read
from tests.unit.handlers.samples import HOSTILE, ID, NOW, OPERATOR, ago, target_status

PAUSE = Pause("inventory", ScheduleName.BACKUP, "the disk is full", OPERATOR, ago(hours=2))
FIRES = tuple(NOW + timedelta(days=day) for day in (1, 2, 3))
STATUS = ScheduleStatus("inventory", ScheduleName.BACKUP, "0 2 * * *", "Europe/Berlin", FIRES, 0, None, None)
RULES = Retention(last=3, daily=14)


def stamp(at: datetime) -> str:
    return f"<!date^{int(at.timestamp())}^"


def test_a_schedule_tells_its_next_fires() -> None:
    told = read(schedules_message([STATUS, replace(STATUS, name=ScheduleName.DRILL, jitter_seconds=300.0)]))
    for words in ("*Backup* of `inventory`: `0 2 * * *` Europe/Berlin", "*Drill*", "up to 5 min later"):
        assert words in told
    for fire in FIRES:
        assert stamp(fire) in told


def test_a_paused_one_tells_by_whom_and_why() -> None:
    told = read(schedules_message([replace(STATUS, next_fires=(), pause=PAUSE)]))
    assert "paused by <@U0OPERATOR> since" in told
    assert "the disk is full" in told
    assert "Next:" not in told
    assert "The backup schedule is paused by <@U0OPERATOR>" in read(
        status_message([target_status(pauses=(PAUSE,))], NOW)
    )


def test_one_that_a_window_holds_says_so() -> None:
    told = read(schedules_message([replace(STATUS, held=ago(hours=1))]))
    assert f"that of {stamp(ago(hours=1))}" in told
    assert "waits for the end of the maintenance window" in told


def test_without_schedules_that_is_told() -> None:
    assert "No target has a schedule" in read(schedules_message([]))


def test_what_was_done_is_confirmed() -> None:
    assert "`/baseliner schedule resume inventory reason`" in read(paused_message(PAUSE))
    assert stamp(FIRES[0]) in read(resumed_message("inventory", ScheduleName.BACKUP, FIRES[0]))
    assert "is resumed." in read(resumed_message("inventory", ScheduleName.BACKUP, None))
    assert "for the auditor" in read(pinned_message(Pin(ID, "for the auditor", OPERATOR, NOW)))
    assert "retention alone decides" in read(unpinned_message(ID))


def kept(number: int, words: str = "daily 2 of 14") -> Forecast:
    candidate = Candidate(f"20261122T000000Z-{number:04}", ago(hours=number))
    return Forecast(Judgement(candidate, (Reason(Rule.DAILY, words),), words), Outlook(NOW + timedelta(days=4)))


def going(number: int) -> Forecast:
    candidate = Candidate(f"20261122T000000Z-{number:04}", ago(hours=number))
    return Forecast(Judgement(candidate, (), "no rule keeps it (last 3, daily 14)"), Outlook(NOW, "goes"))


def test_what_would_go_stands_before_what_stays_each_with_its_reason() -> None:
    preview = Preview("inventory", RULES, [kept(1), going(40), going(41)], Prune("inventory", ago(hours=3), 4))
    told = read(retention_message([preview], NOW))
    for words in (
        "Retention: 2 backups would go at the next prune",
        "last 3, daily 14; at least 1 verified",
        "*2 backups* would go",
        "no rule keeps it (last 3, daily 14)",
        "*1 backup* would stay",
        f"daily 2 of 14 · until {stamp(NOW + timedelta(days=4))}",
        "removed 4 backups",
    ):
        assert words in told, words
    assert told.index("0040") < told.index("0001")


def test_without_rules_and_without_a_run_that_is_told() -> None:
    assert "no rules are set, so nothing is ever removed" in read(
        retention_message([Preview("inventory", None, (), None)], NOW)
    )
    assert "No prune has run yet" in read(retention_message([Preview("inventory", RULES, (), None)], NOW))


def test_a_run_that_stopped_or_missed_something_says_so() -> None:
    last = Prune("inventory", ago(hours=3), 0, ("a", "b"), "The bucket is gone.")
    told = read(retention_message([Preview("inventory", RULES, (), last)], NOW))
    assert "Storage lacks 2 backups of the catalog" in told
    assert "It stopped: The bucket is gone." in told


def test_thousands_of_backups_and_many_targets_fit_and_nothing_from_outside_acts() -> None:
    many = [*(kept(n, HOSTILE * 9) for n in range(800)), *(going(n) for n in range(800))]
    last = Prune("inventory", NOW, 1, ("x",) * 90, HOSTILE * 9)
    for targets in (1, 12):
        message = retention_message([Preview("inventory", RULES, many, last)] * targets, NOW)
        read(message)
        assert_harmless(message.blocks)
    hostile = replace(PAUSE, reason=HOSTILE * 9)
    for message in (
        schedules_message([replace(STATUS, pause=hostile, timezone=HOSTILE, cron=HOSTILE)] * 90),
        paused_message(hostile),
        pinned_message(Pin(ID, HOSTILE * 9, OPERATOR, NOW)),
    ):
        read(message)
        assert_harmless(message.blocks)
