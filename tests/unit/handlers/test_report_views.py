"""The daily report, and break-glass on a headline: what a reader must find, and nothing that Slack rejects."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.models import (
    Actor,
    AlertState,
    Check,
    CheckState,
    Following,
    Operation,
    OperationKind,
    OperationState,
    Pause,
    Report,
    ReportedBackup,
    ReportedDrill,
    ScheduleName,
    Surface,
    Tally,
    TargetReport,
    Unsigned,
    WindowState,
)
from handlers import ids
from handlers.views.operations import headline
from handlers.views.report import report_message
from tests.unit.handlers.drawn import assert_harmless, buttons, read
from tests.unit.handlers.samples import FAILURE, HASH, HOSTILE, ID, NOW, OPERATOR, ago, alert, operation, plan, window

SHELL = Actor("cli:olive", "olive", Surface.CLI)
WELL = TargetReport(
    target="inventory",
    verdict=CheckState.PASSED,
    newest=ReportedBackup(ID, ago(hours=6), verified=True),
    rpo_seconds=86400.0,
    drill=ReportedDrill(ID, ago(days=2), passed=True),
    tally=Tally(1, 0, 2),
    alerts=(),
    findings=(),
    pauses=(),
    windows=(),
    following=(Following(ScheduleName.BACKUP, NOW + timedelta(hours=16)),),
)
REPORT = Report(NOW, ago(days=1), CheckState.PASSED, (WELL, replace(WELL, target="billing")), (), ())
UNSIGNED = Unsigned(ID, OperationKind.RESTORE, "inventory", OperationState.DONE, SHELL, "bad deploy", ago(hours=3))


def ailing(text: str = "found") -> TargetReport:
    return replace(
        WELL,
        verdict=CheckState.FAILED,
        newest=None,
        drill=None,
        tally=Tally(0, 3, 0),
        alerts=(alert(AlertState.OPEN, text=text),),
        findings=(Check("drill", "Backups come back", CheckState.UNKNOWN, text, text),),
        pauses=(Pause("inventory", ScheduleName.BACKUP, text, OPERATOR, ago(days=3)),),
        windows=(window(WindowState.OPEN, text), window(WindowState.SCHEDULED, text)),
        following=(),
    )


def test_all_well_is_one_line_a_target() -> None:
    message = report_message(REPORT)
    told = read(message)
    assert "✅ *Daily report*: all is well with 2 targets" in told
    lines = [line for line in told.splitlines() if line.startswith("✅ *`")]
    assert lines[0] == (
        "✅ *`inventory`* backup 6 h ago, RPO 1 d · drill passed 2 d ago · 1 taken · 2 removed · "
        "next backup <!date^1795400100^{date_short_pretty} at {time}|2026-11-23 02:15 UTC>"
    )
    assert lines[1].startswith("✅ *`billing`*")
    assert len(message.blocks) == 4


def test_what_needs_a_person_is_told_below_its_target() -> None:
    report = replace(REPORT, verdict=CheckState.FAILED, targets=(ailing(), WELL), unsigned=(UNSIGNED,))
    told = read(report_message(report))
    for words in (
        "❌ *Daily report*: 1 of 2 targets needs a person and 1 break-glass operation to sign off",
        "❌ *`inventory`* no backup; the RPO is 1 d · never drilled · 0 taken · 3 failed · nothing is scheduled",
        "❌ Newest backup within the RPO: found (open for 2 h 5 min)",
        "❓ Backups come back: found → found",
        "⏸️ the backup schedule is paused by <@U0OPERATOR> since <!date^",
        "🛠️ window open: <!date^",
        "🛠️ window announced: <!date^",
        "✅ *`inventory`* backup 6 h ago",
        f"🔓 Restore of `inventory` is done, by olive (command line) 3 h ago `{ID}`: bad deploy",
    ):
        assert words in told


def test_baseliners_own_trouble_stands_on_top() -> None:
    finding = Check("audit", "The audit log is whole", CheckState.FAILED, "broken at entry 4", "baseliner audit verify")
    told = read(report_message(replace(REPORT, verdict=CheckState.FAILED, findings=(finding,))))
    assert "❌ *Daily report*: the audit log needs a look" in told
    assert told.index("broken at entry 4") < told.index("*`inventory`*")


@pytest.mark.parametrize("text", [HOSTILE, "word & " * 500])
def test_many_targets_with_hostile_or_endless_words_fit_and_are_harmless(text: str) -> None:
    many = tuple(replace(ailing(text), target=f"target{number}") for number in range(60))
    unsigned = tuple(replace(UNSIGNED, reason=text) for _ in range(30))
    message = report_message(replace(REPORT, targets=many, unsigned=unsigned))
    assert len(read(message)) < 13_200
    assert "There is more than a message holds" in read(message)
    assert_harmless(message.blocks)


def test_a_long_list_below_one_target_is_cut() -> None:
    checks = tuple(Check(f"c{n}", f"Check {n}", CheckState.WARNING, "found") for n in range(20))
    told = read(report_message(replace(REPORT, targets=(replace(WELL, findings=checks),))))
    assert "Check 11: found" in told
    assert "Check 12: found" not in told
    assert "and 8 more: `/baseliner status`" in told


# Break-glass.


def broken(state: OperationState, **changes: Any) -> Operation:
    known = operation(OperationKind.RESTORE, state, requester=SHELL, plan_hash=HASH, failure=FAILURE)
    return replace(known, **changes)


def test_what_broke_the_glass_can_be_signed_off_when_it_has_ended() -> None:
    running = headline(broken(OperationState.RUNNING), NOW, plan())
    assert "*Break-glass*: done at the command line by olive (command line), without approval" in read(running)
    assert ids.SIGN_OFF not in buttons(running.blocks)
    ended = headline(broken(OperationState.FAILED), NOW, plan())
    assert "Not signed off yet" in read(ended)
    assert buttons(ended.blocks)[ids.SIGN_OFF] == ID
    signed = {"id": "U0APPROVER", "name": "Ada", "surface": "slack", "at": NOW.isoformat()}
    done = headline(broken(OperationState.FAILED, result={"signed_off": signed}), NOW, plan())
    assert "Signed off by <@U0APPROVER> <!date^" in read(done)
    assert ids.SIGN_OFF not in buttons(done.blocks)


@pytest.mark.parametrize(
    "other",
    [
        broken(OperationState.FAILED, requester=OPERATOR),
        broken(OperationState.CANCELLED, started_at=None),
        broken(OperationState.FAILED, plan_hash=None),
    ],
    ids=["approved in Slack", "not gone through with", "without a plan"],
)
def test_nothing_else_is_break_glass(other: Operation) -> None:
    assert not other.broke_glass
    assert "Break-glass" not in read(headline(other, NOW, plan()))


def test_what_waits_for_a_name_at_the_shell_does_not_wait_for_approval() -> None:
    waiting = broken(OperationState.AWAITING_APPROVAL, started_at=None, failure=None)
    told = read(headline(waiting, NOW, plan(), "C0DBAPPROV"))
    assert "waits at the shell for the database's name" in told
    assert "C0DBAPPROV" not in told
