"""The lines of the checklists, judged: each in each of its states, and at its edges."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.errors import BaselinerError
from bot.models import (
    Actor,
    Backup,
    BackupKind,
    Check,
    Checklist,
    CheckState,
    DatabaseDigest,
    Manifest,
    Operation,
    OperationKind,
    OperationState,
    Surface,
    Window,
    WindowState,
)
from bot.operations.checklists import (
    GRACE,
    SOON,
    RevisionFacts,
    checklist_of,
    judge_backup_age,
    judge_heads,
    judge_revision,
    judge_window,
    pending_revisions,
    spoken,
    to_result,
    unknown,
)
from bot.postgres.revisions import parse_history

NOW = datetime(2026, 11, 22, 10, 15, tzinfo=UTC)
RPO = timedelta(hours=10)
MOMENT = timedelta(microseconds=1)
PASSED, WARNING, FAILED, UNKNOWN = CheckState.PASSED, CheckState.WARNING, CheckState.FAILED, CheckState.UNKNOWN
HISTORY = parse_history("c3 -> d4 (head), add owner\nb2 -> c3, add runs\n<base> -> b2, devices\n")
OPERATION = Operation(
    id="20261122T020000Z-7k3f",
    kind=OperationKind.BACKUP,
    target="inventory",
    state=OperationState.DONE,
    requester=Actor("schedule", "the schedule", Surface.SCHEDULE),
    reason="",
    parameters={},
    created_at=NOW,
    version=1,
)


def backup(age: timedelta) -> Backup:
    manifest = Manifest(
        backup_id="20261122T000000Z-7k3f",
        target="inventory",
        kind=BackupKind.ON_DEMAND,
        database="inventory",
        system_identifier="7",
        server_version="16.4",
        server_version_num=160004,
        started_at=NOW - age,
        finished_at=NOW - age,
        objects=(),
        digest=DatabaseDigest((), {}, 0, ""),
        database_bytes=0,
        dump_bytes=0,
        revision=None,
        properties={},
        tools_version="16.4",
    )
    return Backup(manifest.backup_id, "inventory", manifest.kind, None, "offsite", "", "", manifest)


def window(starts: timedelta, ends: timedelta, state: WindowState = WindowState.SCHEDULED) -> Window:
    return Window("w1", "inventory", NOW + starts, NOW + ends, "deploy", state, OPERATION.requester, 1)


@pytest.mark.parametrize(
    ("age", "state", "words"),
    [
        (timedelta(), PASSED, "is 0 s old; the RPO is 10 h"),
        (RPO * 0.8, PASSED, "is 8 h old"),
        (RPO * 0.8 + MOMENT, WARNING, "is 8 h old"),
        (RPO, WARNING, "is 10 h old"),
        (RPO + MOMENT, FAILED, "is 10 h old"),
        (-GRACE, PASSED, "is 0 s old"),
        (-GRACE - MOMENT, UNKNOWN, "claims to be from the future"),
    ],
)
def test_the_age_of_the_newest_backup(age: timedelta, state: CheckState, words: str) -> None:
    check = judge_backup_age(backup(age), RPO, NOW)
    assert (check.name, check.state) == ("backup_age", state)
    assert words in check.summary
    assert bool(check.remedy) == (state is not PASSED)


def test_no_backup_is_a_failure() -> None:
    check = judge_backup_age(None, RPO, NOW)
    assert (check.state, check.summary) == (FAILED, "there is no backup yet")


@pytest.mark.parametrize(
    ("heads", "state", "words"),
    [
        (["d4"], PASSED, "head d4"),
        ([], FAILED, "the code has no revisions"),
        (["d4", "x9"], FAILED, "heads d4, x9"),
    ],
)
def test_the_heads_of_the_code(heads: list[str], state: CheckState, words: str) -> None:
    check = judge_heads(RevisionFacts("d4", heads, HISTORY))
    assert (check.state, check.summary) == (state, words)


@pytest.mark.parametrize(
    ("facts", "state", "words"),
    [
        (RevisionFacts("d4", ["d4"], HISTORY), PASSED, "at the head, d4; nothing pending"),
        (RevisionFacts("d4", ["d4"], None), PASSED, "at the head, d4; nothing pending"),
        (RevisionFacts("c3,d4", ["d4", "c3"], None), PASSED, "at the head"),
        (RevisionFacts("c3", ["d4"], HISTORY), PASSED, "at c3; 1 pending: d4 add owner"),
        (RevisionFacts("b2", ["d4"], HISTORY), PASSED, "at b2; 2 pending: c3 add runs; d4 add owner"),
        (RevisionFacts("c3", ["d4"], None), UNKNOWN, "pending revisions cannot be named"),
        (RevisionFacts("z9", ["d4"], HISTORY), FAILED, "revision z9 is not in the code's history"),
        (RevisionFacts("c3,z9", ["d4"], HISTORY), FAILED, "revision c3,z9 is not in the code's history"),
        (RevisionFacts(None, ["d4"], HISTORY), FAILED, "the database has no Alembic revision"),
    ],
)
def test_where_the_database_stands(facts: RevisionFacts, state: CheckState, words: str) -> None:
    check = judge_revision(facts)
    assert check.state is state
    assert words in check.summary


def test_pending_revisions_are_oldest_first_or_not_known() -> None:
    found = pending_revisions(RevisionFacts("b2", ["d4"], HISTORY))
    assert found is not None
    assert [(item.id, item.message) for item in found] == [("c3", "add runs"), ("d4", "add owner")]
    assert pending_revisions(RevisionFacts("b2", ["d4"], None)) is None
    assert pending_revisions(RevisionFacts(None, ["d4"], HISTORY)) is None


HOUR = timedelta(hours=1)
OVERDUE = window(-3 * HOUR, -2 * HOUR)
"""Over, though nobody has closed it: no `serve` runs."""


@pytest.mark.parametrize(
    ("windows", "pending", "state", "words"),
    [
        ([window(-HOUR, HOUR, WindowState.OPEN)], 2, PASSED, "open until 2026-11-22 11:15 UTC (w1)"),
        ([window(HOUR, 2 * HOUR)], 2, PASSED, "starts 2026-11-22 11:15 UTC (w1)"),
        ([window(SOON, SOON + HOUR)], 2, PASSED, "starts 2026-11-23 10:15 UTC"),
        ([window(SOON + MOMENT, SOON + HOUR)], 2, WARNING, "none announced"),
        ([], 2, WARNING, "none announced"),
        ([], None, WARNING, "none announced"),
        ([], 0, PASSED, "none announced, and nothing to migrate"),
        ([OVERDUE], 2, WARNING, "none announced"),
        ([replace(OVERDUE, state=WindowState.OPEN)], 2, WARNING, "none announced"),
        ([OVERDUE, window(HOUR, 2 * HOUR)], 2, PASSED, "starts 2026-11-22 11:15 UTC"),
    ],
)
def test_an_announced_window(windows: list[Window], pending: int | None, state: CheckState, words: str) -> None:
    check = judge_window(windows, pending, NOW)
    assert check.state is state
    assert words in check.summary


@pytest.mark.parametrize(
    ("states", "verdict"),
    [
        ([], UNKNOWN),
        ([PASSED], PASSED),
        ([PASSED, WARNING], WARNING),
        ([WARNING, UNKNOWN], UNKNOWN),
        ([UNKNOWN, FAILED, PASSED], FAILED),
    ],
)
def test_a_verdict_is_that_of_the_worst(states: list[CheckState], verdict: CheckState) -> None:
    checks = tuple(Check("c", "C", state, "") for state in states)
    assert Checklist("inventory", NOW, checks).verdict is verdict
    assert verdict.blocks == (verdict in (FAILED, UNKNOWN))


def test_a_check_that_could_not_run_says_why_in_a_line() -> None:
    check = unknown("c", "C", BaselinerError("no answer\nfrom the server"), "Start it.")
    assert (check.state, check.summary, check.remedy) == (UNKNOWN, "could not be checked: no answer", "Start it.")
    assert unknown("c", "C", ValueError()).summary == "could not be checked: ValueError"


def test_a_checklist_survives_the_result_of_its_operation() -> None:
    checklist = Checklist("inventory", NOW, (Check("c", "C", WARNING, "soon", "Hurry."), Check("d", "D", PASSED, "ok")))
    assert checklist_of(replace(OPERATION, result={"checklist": to_result(checklist)})) == checklist
    assert to_result(checklist)["verdict"] == "warning"
    assert checklist_of(OPERATION) is None


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-5, "0 s"),
        (0, "0 s"),
        (59.9, "59 s"),
        (60, "1 min"),
        (3599, "59 min"),
        (3600, "1 h"),
        (12000, "3 h 20 min"),
        (86399, "23 h 59 min"),
        (86400, "1 d"),
        (187200, "2 d 4 h"),
    ],
)
def test_durations_are_spoken(seconds: float, words: str) -> None:
    assert spoken(timedelta(seconds=seconds)) == words
