"""The daily report on a real state database: once a day whoever leads, and with what is really there."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.models import CheckState, ScheduleName, TargetReport, WindowRequest
from bot.operations.reports import Reports
from bot.runtime.stop import StopSignal
from tests.house import NOW, OPERATOR, TARGET, Rig, Setup
from tests.stored import store_backup

MORNING = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


@pytest.fixture
def counting(rig: Rig) -> Rig:
    """Started yesterday at 10:15; the first report is due at 08:00."""
    assert not rig.services.reports.advance()
    return rig


def posted(rig: Rig) -> list[str]:
    """The days of the reports that are wanted in Slack."""
    return str(
        rig.state("SELECT coalesce(string_agg(subject_id, ' '), '') FROM messages WHERE subject = 'report'")
    ).split()


def line(rig: Rig) -> TargetReport:
    (target,) = rig.services.reports.now().targets
    return target


def reporting(rig: Rig, **report: Any) -> Setup:
    """The settings with these of the report."""
    return replace(rig.setup, document={**rig.setup.document, "report": report})


# When.


def test_the_first_report_is_that_of_the_first_full_day(counting: Rig) -> None:
    counting.clock.set(MORNING - timedelta(seconds=1))
    assert not counting.services.reports.advance()
    counting.clock.set(MORNING)
    assert counting.services.reports.advance()
    assert not counting.services.reports.advance()
    assert posted(counting) == ["2026-11-23"]
    assert counting.services.drawings.report("2026-11-23").since == NOW


def test_one_that_begins_before_the_hour_reports_the_same_day(rig: Rig) -> None:
    rig.clock.set(MORNING - timedelta(hours=1))
    assert not rig.services.reports.advance()
    rig.clock.set(MORNING)
    assert rig.services.reports.advance()


def test_whoever_comes_at_once_posts_one(counting: Rig) -> None:
    counting.clock.set(MORNING)
    counting.warm_up()
    with counting.rebuilt(counting.setup) as another, ThreadPoolExecutor(8) as executor:
        another.warm_up()
        houses: list[Reports] = [counting.services.reports, another.services.reports] * 4
        assert sorted(executor.map(lambda reports: reports.advance(), houses)) == [False] * 7 + [True]
    assert posted(counting) == ["2026-11-23"]


def test_one_that_was_missed_is_made_up_for_the_same_day_alone(counting: Rig) -> None:
    counting.clock.set(MORNING + timedelta(hours=15, minutes=59))
    assert counting.services.reports.advance()
    counting.clock.move(days=1, hours=2)
    assert not counting.services.reports.advance(), "yesterday's is late news"
    counting.clock.set(MORNING + timedelta(days=2))
    assert counting.services.reports.advance()
    assert posted(counting) == ["2026-11-23", "2026-11-25"]
    assert counting.services.drawings.report("2026-11-25").since == MORNING + timedelta(hours=15, minutes=59)


def test_it_can_be_turned_off_and_on_and_set_to_another_hour(counting: Rig) -> None:
    counting.clock.set(MORNING)
    with counting.rebuilt(reporting(counting, enabled=False)) as silent:
        assert not silent.services.reports.advance()
        assert silent.services.reports.now().targets
    with counting.rebuilt(reporting(counting, at="17:30", timezone="Asia/Kolkata")) as later:
        assert not later.services.reports.advance()
        later.clock.set(datetime(2026, 11, 23, 12, 0, tzinfo=UTC))
        assert later.services.reports.advance()
    assert not counting.services.reports.advance(), "the day has one"


# What.


def test_an_unswept_target_is_not_well_however_good_its_backups_are(rig: Rig) -> None:
    store_backup(rig.house.context, TARGET, NOW - timedelta(hours=1), verified=True)
    told = line(rig)
    assert told.verdict is CheckState.UNKNOWN
    assert [check.name for check in told.findings][:1] == ["sweep"]


def test_it_tells_what_happened_since_the_last_and_what_is_to_come(counting: Rig) -> None:
    rig = counting
    rig.clock.move(minutes=1)
    soon = rig.clock.now()
    rig.backup()
    rig.services.drills.request(TARGET, OPERATOR)
    rig.alter_state("UPDATE operations SET state = 'done', finished_at = created_at WHERE kind = 'drill'")
    with rig.rebuilt(rig.setup.changed(dsn=rig.target.cluster.dsn("nowhere"))) as astray:
        assert astray.run(astray.services.backups.request(TARGET, OPERATOR)).failure is not None
    for hours in (50, 60):
        store_backup(rig.house.context, TARGET, NOW - timedelta(hours=hours))
    with rig.rebuilt(rig.setup.changed(schedule="0 2 * * *", retention={"last": 2})) as kept:
        kept.house.work.pruning.prune(TARGET)
        kept.services.schedules.pause(TARGET, ScheduleName.BACKUP, "the disk is full", OPERATOR)
        request = WindowRequest(TARGET, NOW + timedelta(hours=30), NOW + timedelta(hours=31), "deploy")
        kept.services.windows.announce(request, OPERATOR)
        kept.clock.set(MORNING)
        kept.sweeps.sweep(TARGET, StopSignal())
        assert kept.services.reports.advance()
        told = kept.services.drawings.report("2026-11-23")
        (target,) = told.targets
        assert kept.services.reports.now().targets[0].tally.taken == 0, "counted from the last report on"
        assert target.newest is not None
        assert target.drill is not None
        assert (target.newest.taken_at, target.newest.verified, target.drill.passed) == (soon, False, True)
        assert (target.tally.taken, target.tally.failed, target.tally.removed) == (1, 1, 1)
        assert [(pause.reason, pause.paused_by, pause.paused_at) for pause in target.pauses] == [
            ("the disk is full", OPERATOR, soon)
        ]
        assert [window.reason for window in target.windows] == ["deploy"]
        assert target.following == (), "it is paused"
        assert "backups_failed" in [check.name for check in target.findings]
        kept.services.schedules.resume(TARGET, ScheduleName.BACKUP, "there is room", OPERATOR)
        (target,) = kept.services.reports.now().targets
        assert (target.pauses, [each.at for each in target.following]) == ((), [MORNING + timedelta(hours=18)])


def test_open_alerts_are_told_until_they_are_resolved(rig: Rig) -> None:
    rig.sweeps.sweep(TARGET, StopSignal())
    told = line(rig)
    assert (told.verdict, [alert.condition for alert in told.alerts]) == (CheckState.FAILED, ["backup_age"])
    assert "backup_age" not in [check.name for check in told.findings]
    rig.backup()
    rig.clock.move(minutes=1)
    rig.sweeps.sweep(TARGET, StopSignal())
    assert line(rig).alerts == ()


def test_the_audit_logs_export_is_part_of_it(rig: Rig) -> None:
    (finding,) = rig.services.reports.now().findings
    assert (finding.state, "not exported for inventory yet" in finding.summary) == (CheckState.UNKNOWN, True)
    rig.house.work.audit_heads.export(TARGET)
    assert rig.services.reports.now().findings == ()
