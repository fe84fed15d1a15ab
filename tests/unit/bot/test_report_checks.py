"""The daily report, judged: what needs a person, and that nothing unknown passes for well."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest

from bot.models import (
    Alert,
    AlertState,
    AuditExport,
    AuditHead,
    Check,
    Checklist,
    CheckState,
    Following,
    OperationKind,
    OperationState,
    Pause,
    ScheduleName,
    Tally,
    WindowState,
)
from bot.operations.report_checks import TargetFacts, judge_audit, judge_target
from bot.settings_report import ReportSettings
from bot.store.audit import AuditVerdict
from tests.unit.handlers.samples import FAILURE, NOW, OPERATOR, ago, alert, backup, operation, window

PASSED, WARNING, FAILED, UNKNOWN = CheckState.PASSED, CheckState.WARNING, CheckState.FAILED, CheckState.UNKNOWN
DRILLED = operation(OperationKind.DRILL, OperationState.DONE, result={"backup_id": "x"})
PAUSE = Pause("inventory", ScheduleName.BACKUP, "the disk is full", OPERATOR, ago(days=3))


def swept(**states: CheckState) -> Checklist:
    return Checklist("inventory", NOW, tuple(Check(name, name, state, "found") for name, state in states.items()))


WELL = TargetFacts(
    target="inventory",
    newest=backup(verified_at=ago(hours=1)),
    rpo=timedelta(hours=24),
    drill=DRILLED,
    swept=swept(database=PASSED, backup_age=PASSED),
    tally=Tally(1, 0, 2),
    alerts=(),
    pauses=(),
    windows=(),
    following=(Following(ScheduleName.DRILL, NOW + timedelta(days=2)), Following(ScheduleName.BACKUP, NOW)),
)


def test_a_target_that_is_well_has_nothing_to_tell_but_figures() -> None:
    told = judge_target(WELL, NOW)
    assert (told.verdict, told.findings, told.alerts, told.pauses) == (PASSED, (), (), ())
    assert told.newest is not None
    assert (told.newest.taken_at, told.newest.verified) == (ago(hours=2), True)
    assert told.drill is not None
    assert told.drill.passed
    assert [each.schedule for each in told.following] == [ScheduleName.BACKUP, ScheduleName.DRILL], "the next first"


@pytest.mark.parametrize(
    ("facts", "verdict", "named"),
    [
        (replace(WELL, newest=None), FAILED, ["backup_age"]),
        (replace(WELL, rpo=timedelta(hours=1)), FAILED, ["backup_age"]),
        (replace(WELL, newest=backup(-30)), UNKNOWN, ["backup_age"]),
        (replace(WELL, drill=None), WARNING, ["drill"]),
        (replace(WELL, drill=replace(DRILLED, state=OperationState.FAILED, failure=FAILURE)), FAILED, ["drill"]),
        (replace(WELL, tally=Tally(1, 2, 0)), WARNING, ["backups_failed"]),
        (replace(WELL, swept=swept(sweep=UNKNOWN)), UNKNOWN, ["sweep"]),
        (replace(WELL, swept=swept(off_host=WARNING)), WARNING, ["off_host"]),
        (replace(WELL, swept=swept(off_host=WARNING, database=FAILED)), FAILED, ["database", "off_host"]),
        (replace(WELL, newest=None, drill=None, swept=swept(sweep=UNKNOWN)), FAILED, ["backup_age", "sweep", "drill"]),
    ],
    ids=["no backup", "too old", "from the future", "no drill", "drill failed", "backups failed", "not swept", "warned",
         "worst first", "all of it"],
)  # fmt: skip
def test_what_is_not_well_is_a_finding(facts: TargetFacts, verdict: CheckState, named: list[str]) -> None:
    told = judge_target(facts, NOW)
    assert (told.verdict, [check.name for check in told.findings]) == (verdict, named)


def open_alert(condition: str, severity: CheckState) -> Alert:
    return replace(alert(AlertState.OPEN, severity), condition=condition)


@pytest.mark.parametrize("severity", [FAILED, UNKNOWN, WARNING])
def test_what_has_an_alert_is_told_once(severity: CheckState) -> None:
    facts = replace(WELL, swept=swept(log_shipping=severity), alerts=(open_alert("log_shipping", severity),))
    told = judge_target(facts, NOW)
    assert (told.verdict, told.findings) == (severity, ())


def test_an_alert_that_is_open_yet_is_told_though_the_cause_is_gone() -> None:
    told = judge_target(replace(WELL, alerts=(open_alert("backup_age", FAILED),)), NOW)
    assert (told.verdict, len(told.alerts)) == (FAILED, 1)


def test_a_pause_is_told_once_until_it_is_resumed() -> None:
    told = judge_target(replace(WELL, pauses=(PAUSE,), swept=swept(backup_schedule=WARNING)), NOW)
    assert (told.verdict, told.findings, told.pauses) == (WARNING, (), (PAUSE,))


def test_a_window_that_nobody_closed_is_over_all_the_same() -> None:
    over = replace(window(WindowState.OPEN), ends_at=NOW)
    to_come = window(WindowState.SCHEDULED)
    assert judge_target(replace(WELL, windows=(over, to_come)), NOW).windows == (to_come,)
    assert judge_target(replace(WELL, windows=(to_come,)), NOW).verdict is PASSED


INTACT = AuditVerdict(True, 7, "a" * 64)
EXPORT = AuditExport("inventory", "offsite", ago(hours=20), AuditHead("2026-11-21", 7, "a" * 64, ago(hours=20)))


@pytest.mark.parametrize(
    ("chain", "export", "states", "words"),
    [
        (INTACT, EXPORT, [], ""),
        (INTACT, replace(EXPORT, ran_at=ago(hours=37)), [UNKNOWN], "not exported for inventory since 2026-11-20 21:15"),
        (INTACT, None, [UNKNOWN], "not exported for inventory yet"),
        (INTACT, replace(EXPORT, problem="no such bucket"), [FAILED], "for inventory: no such bucket"),
        (AuditVerdict(False, 7, "", 4, "was moved"), EXPORT, [FAILED], "broken at entry 4: it was moved"),
    ],
    ids=["well", "late", "never", "refused", "broken"],
)
def test_the_audit_log(chain: AuditVerdict, export: AuditExport | None, states: list[CheckState], words: str) -> None:
    found = judge_audit(chain, {"inventory": export}, NOW)
    assert [check.state for check in found] == states
    assert words in "".join(check.summary for check in found)


# When it is due.


@pytest.mark.parametrize(
    ("now", "zone", "due"),
    [
        ("2026-11-22T08:00:00+00:00", "UTC", "2026-11-22T08:00:00+00:00"),
        ("2026-11-22T07:59:59+00:00", "UTC", "2026-11-21T08:00:00+00:00"),
        ("2026-11-22T07:00:00+00:00", "Europe/Berlin", "2026-11-22T08:00:00+01:00"),
        ("2026-11-22T23:30:00+00:00", "Pacific/Auckland", "2026-11-23T08:00:00+13:00"),
        ("2026-03-29T06:00:00+00:00", "Europe/Berlin", "2026-03-29T08:00:00+02:00"),
        ("2026-10-25T06:59:59+00:00", "Europe/Berlin", "2026-10-24T08:00:00+02:00"),
    ],
    ids=["at its second", "a second before", "another zone", "another day", "summer begins", "summer ends"],
)
def test_the_hour_is_that_of_the_wall_clock(now: str, zone: str, due: str) -> None:
    settings = ReportSettings(at=time(8), timezone=zone)
    assert settings.last_due(datetime.fromisoformat(now).astimezone(UTC)) == datetime.fromisoformat(due)


@pytest.mark.parametrize("at", ["8:00", "24:00", "08:60", "08:00:30", "noon", "800"])
def test_what_is_no_time_of_day_is_refused(at: str) -> None:
    with pytest.raises(ValueError, match="write it like 08:00"):
        ReportSettings.model_validate({"at": at})
