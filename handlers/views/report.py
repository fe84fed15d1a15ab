"""The daily report: one line a target where all is well, more only where something needs a person."""

from __future__ import annotations

from datetime import datetime

from bot.models import Alert, Check, CheckState, Report, ReportedBackup, TargetReport, Unsigned, Window, WindowState
from handlers.ids import COMMAND
from handlers.text import age, code, date, duration, inline, listed, number, plural
from handlers.views.blocks import Block, Message, context, divider, fitted, section, sections
from handlers.views.people import mention
from handlers.views.states import CHECK_MARKS, NOUNS, OPERATION_WORDS, WINDOW_WORDS

_MOST = 12
"""lines below one target"""
_OF_ALL = f"There is more than a message holds: see `{COMMAND} status` and `{COMMAND} health`."


def report_message(report: Report) -> Message:
    """Ages are those of the moment when it was made, so that it can be drawn again."""
    told = _verdict(report)
    blocks = [section(f"{CHECK_MARKS[report.verdict]} *Daily report*: {told}"), *_own(report)]
    for target in report.targets:
        blocks += sections(_target(target, report.made_at))
    footer = f"{date(report.made_at)}; backups and removals since {date(report.since)}"
    shown = fitted([*blocks, *_unsigned(report)], _OF_ALL)
    return Message(f"Daily report: {told}", [*shown, context(footer, f"`{COMMAND} report`: how things are now")])


def _verdict(report: Report) -> str:
    ailing = sum(target.verdict is not CheckState.PASSED for target in report.targets)
    parts = [f"{number(ailing)} of {plural(len(report.targets), 'target')} {_need(ailing)}"] if ailing else []
    if report.findings:
        parts.append("the audit log needs a look")
    if report.unsigned:
        parts.append(f"{plural(len(report.unsigned), 'break-glass operation')} to sign off")
    return listed(parts) or f"all is well with {plural(len(report.targets), 'target')}"


def _need(count: int) -> str:
    return "needs a person" if count == 1 else "need a person"


def _own(report: Report) -> list[Block]:
    return sections([_finding(check) for check in report.findings])


def _target(target: TargetReport, now: datetime) -> list[str]:
    line = f"{CHECK_MARKS[target.verdict]} *{code(target.target)}* {' · '.join(_gist(target, now))}"
    more = [
        *(_alert(alert, now) for alert in target.alerts),
        *map(_finding, target.findings),
        *(
            f"⏸️ the {pause.schedule} schedule is paused by {mention(pause.paused_by)} since {date(pause.paused_at)}: "
            f"{inline(pause.reason, 200)}"
            for pause in target.pauses
        ),
        *map(_window, target.windows),
    ]
    if len(more) > _MOST:
        more = [*more[:_MOST], f"and {number(len(more) - _MOST)} more: `{COMMAND} status`"]
    return [line, *(f"      {each}" for each in more)]


def _gist(target: TargetReport, now: datetime) -> list[str]:
    tally = target.tally
    said = [_newest(target.newest, target.rpo_seconds, now), _drill(target, now), f"{number(tally.taken)} taken"]
    if tally.failed:
        said.append(f"{number(tally.failed)} failed")
    if tally.removed:
        said.append(f"{number(tally.removed)} removed")
    said += [f"next {each.schedule} {date(each.at)}" for each in target.following] or ["nothing is scheduled"]
    return said


def _newest(newest: ReportedBackup | None, rpo_seconds: float, now: datetime) -> str:
    if newest is None:
        return f"no backup; the RPO is {duration(rpo_seconds)}"
    return f"backup {age(newest.taken_at, now)}, RPO {duration(rpo_seconds)}"


def _drill(target: TargetReport, now: datetime) -> str:
    if target.drill is None:
        return "never drilled"
    return f"drill {'passed' if target.drill.passed else 'failed'} {age(target.drill.ended_at, now)}"


def _alert(alert: Alert, now: datetime) -> str:
    since = f"open for {duration((now - alert.opened_at).total_seconds())}"
    return f"{CHECK_MARKS[alert.severity]} {inline(alert.title, 150)}: {inline(alert.summary, 300)} ({since})"


def _finding(check: Check) -> str:
    remedy = f" → {inline(check.remedy, 300)}" if check.remedy else ""
    return f"{CHECK_MARKS[check.state]} {inline(check.title, 150)}: {inline(check.summary, 300)}{remedy}"


def _window(window: Window) -> str:
    words = "window open" if window.state is WindowState.OPEN else f"window {WINDOW_WORDS[window.state]}"
    return f"🛠️ {words}: {date(window.starts_at)} to {date(window.ends_at)}: {inline(window.reason, 150)}"


def _unsigned(report: Report) -> list[Block]:
    if not report.unsigned:
        return []
    title = "*Done at the command line without approval, and not signed off yet*; the button is on each one's message"
    return [divider(), *sections([title, *(_operation(each, report.made_at) for each in report.unsigned)])]


def _operation(each: Unsigned, now: datetime) -> str:
    words = OPERATION_WORDS[each.state].split(":")[0]
    return (
        f"🔓 {NOUNS[each.kind]} of {code(each.target)} {words}, by {mention(each.done_by)} {age(each.at, now)} "
        f"{code(each.operation_id)}: {inline(each.reason, 200)}"
    )
