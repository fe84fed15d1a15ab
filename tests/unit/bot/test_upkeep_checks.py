"""Schedules and retention, judged: each in each of its states, and at its edges."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.models import Actor, Check, CheckState, Failure, OperationKind, OperationState, Pause, Prune, ScheduleName
from bot.operations.checklists import GRACE
from bot.operations.schedules import Schedule
from bot.operations.upkeep_checks import ScheduleFacts, judge_prune, judge_schedule, say_paused
from tests.unit.handlers.samples import operation

PASSED, WARNING, FAILED = CheckState.PASSED, CheckState.WARNING, CheckState.FAILED
DAILY = Schedule(ScheduleName.BACKUP, "0 2 * * *", "UTC")
FIRE = datetime(2026, 11, 22, 2, tzinfo=UTC)
BEFORE = FIRE - timedelta(hours=1)
NOW = FIRE + timedelta(minutes=5)
MOMENT = timedelta(microseconds=1)
DONE = operation(OperationKind.BACKUP, OperationState.DONE)
BROKEN = replace(DONE, state=OperationState.FAILED)
PAUSE = Pause("inventory", ScheduleName.BACKUP, "the disk is full", Actor("U0OPERATOR", "Olive"), FIRE)
PAUSED = "the backup schedule is paused by Olive since 2026-11-22 02:00 UTC: the disk is full"


@pytest.mark.parametrize(
    ("facts", "now", "state", "words"),
    [
        (ScheduleFacts(None, None, None, None), NOW, PASSED, "the first one is still to come"),
        (ScheduleFacts(None, FIRE, None, None), NOW, PASSED, "the first one is still to come"),
        (ScheduleFacts(DONE, BEFORE, None, None), FIRE + GRACE, PASSED, "the last one is done"),
        (ScheduleFacts(DONE, BEFORE, None, None), FIRE + GRACE + MOMENT, FAILED, "due at 2026-11-22 02:00 UTC has not"),
        (ScheduleFacts(None, BEFORE, None, None), FIRE + GRACE + MOMENT, FAILED, "has not started"),
        (ScheduleFacts(DONE, FIRE, None, None), FIRE + timedelta(hours=20), PASSED, "the last one is done"),
        (ScheduleFacts(BROKEN, FIRE, None, None), NOW, FAILED, "failed: for an unknown reason"),
        (
            ScheduleFacts(replace(BROKEN, failure=Failure("No space.", "", "")), FIRE, None, None),
            NOW,
            FAILED,
            "the last one failed: No space.",
        ),
        (
            ScheduleFacts(DONE, BEFORE, FIRE, None),
            FIRE + timedelta(hours=5),
            PASSED,
            "the backup due at 2026-11-22 02:00 UTC waits for the end of the maintenance window",
        ),
        (ScheduleFacts(BROKEN, BEFORE, FIRE, PAUSE), FIRE + timedelta(days=5), WARNING, f"none do: {PAUSED}"),
    ],
)
def test_the_schedule(facts: ScheduleFacts, now: datetime, state: CheckState, words: str) -> None:
    check = judge_schedule(DAILY, facts, now)
    assert (check.name, check.state) == ("backup_schedule", state)
    assert words in check.summary


def test_jitter_is_no_delay_to_complain_of() -> None:
    schedule = replace(DAILY, jitter=timedelta(minutes=30))
    facts = ScheduleFacts(DONE, BEFORE, None, None)
    assert judge_schedule(schedule, facts, FIRE + GRACE + timedelta(minutes=30)).state is PASSED
    assert judge_schedule(schedule, facts, FIRE + GRACE + timedelta(minutes=31)).state is FAILED


def test_a_late_backup_says_who_has_paused_the_schedule() -> None:
    late, fine = (Check("backup_age", "Newest backup", state, "x is 30 h old") for state in (FAILED, PASSED))
    assert say_paused(late, PAUSE) == replace(late, summary=f"x is 30 h old; {PAUSED}")
    assert say_paused(late, None) == late
    assert say_paused(fine, PAUSE) == fine


@pytest.mark.parametrize(
    ("last", "state", "words"),
    [
        (None, PASSED, "the first run is still to come"),
        (Prune("inventory", FIRE, 2), PASSED, "the last run, at 2026-11-22 02:00 UTC, removed 2"),
        (Prune("inventory", FIRE, 0, problem="The bucket is gone."), FAILED, "The bucket is gone."),
        (Prune("inventory", FIRE, 0, ("a", "b")), FAILED, "storage lacks 2 of the catalog's backups: a, b"),
        (
            Prune("inventory", FIRE, 0, tuple("abcdefg")),
            FAILED,
            "lacks 7 of the catalog's backups: a, b, c, d, e and",
        ),
    ],
)
def test_retention(last: Prune | None, state: CheckState, words: str) -> None:
    check = judge_prune(last)
    assert (check.name, check.state) == ("retention", state)
    assert words in check.summary
