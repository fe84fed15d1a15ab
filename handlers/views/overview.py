"""Targets at a glance, their health, and alerts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.models import Alert, AlertState, Checklist, Operation, TargetStatus
from handlers.ids import COMMAND
from handlers.text import age, code, date, duration, inline, plural, size
from handlers.views.blocks import Block, Message, context, section, sections
from handlers.views.checklist import HEALTH, check_line, tally
from handlers.views.people import mention
from handlers.views.states import CHECK_MARKS, NOUNS, OPERATION_MARKS, OPERATION_WORDS


def status_message(targets: Sequence[TargetStatus], now: datetime) -> Message:
    blocks = [section("\n".join(_target(target, now))) for target in targets[:20]]
    return Message(f"Status of {plural(len(targets), 'target')}", [*blocks, _hint("health", "each check, judged")])


def health_message(checklists: Sequence[Checklist]) -> Message:
    if not checklists:
        told = "No health sweep has run yet, so nothing is known."
        return Message(told, [section(f"❓ {told}")])
    blocks: list[Block] = []
    for checklist in checklists[:20]:
        verdict = checklist.verdict
        title = f"{CHECK_MARKS[verdict]} {code(checklist.target)} is *{HEALTH[verdict]}* · {tally(checklist)}"
        lines = [check_line(check) for check in checklist.checks[:30]]
        blocks += [section(title), *sections(lines), context(f"Checked {date(checklist.checked_at)}")]
    words = [f"{checklist.target} is {HEALTH[checklist.verdict]}" for checklist in checklists]
    return Message("; ".join(words), blocks[:50])


def alert_message(alert: Alert) -> Message:
    """Opened, and the same message resolved."""
    target, title = code(alert.target), inline(alert.title, 200)
    if alert.state is AlertState.RESOLVED and alert.resolved_at is not None:
        lasted = duration((alert.resolved_at - alert.opened_at).total_seconds())
        line = f"✅ {target} *resolved* after {lasted}: {title}"
        blocks = [section(line), context(f"{date(alert.opened_at)} to {date(alert.resolved_at)}", _name(alert))]
        return Message(f"Resolved after {lasted}: {alert.target}, {title}", blocks)
    lines = [f"{CHECK_MARKS[alert.severity]} {target} *{title}*: {alert.severity.value}", inline(alert.summary, 900)]
    if alert.remedy:
        lines.append(f"→ {inline(alert.remedy, 600)}")
    blocks = [section("\n".join(lines)), context(f"Open since {date(alert.opened_at)}", _name(alert))]
    return Message(f"Alert: {alert.target}, {title}: {inline(alert.summary, 300)}", blocks)


def _target(target: TargetStatus, now: datetime) -> list[str]:
    lines = [f"*{code(target.name)}* · database {code(target.database)}", _newest(target, now)]
    if target.running is not None:
        lines.append(f"Now: {_operation(target.running)}")
    lines += [
        f"{CHECK_MARKS[alert.severity]} Alert: {inline(alert.title, 150)}: {inline(alert.summary, 200)}"
        for alert in target.open_alerts[:5]
    ]
    lines += [
        f"⏸️ The {pause.schedule} schedule is paused by {mention(pause.paused_by)} since {date(pause.paused_at)}: "
        f"{inline(pause.reason, 200)}"
        for pause in target.pauses
    ]
    lines += [
        f"🛠️ Window {date(window.starts_at)} to {date(window.ends_at)}: {inline(window.reason, 150)}"
        for window in target.windows[:3]
    ]
    others = [operation for operation in target.recent if operation != target.running]
    return lines + [f"{_operation(operation)} {date(operation.created_at)}" for operation in others[:5]]


def _newest(target: TargetStatus, now: datetime) -> str:
    following = f"; the next is due {date(target.next_backup_at)}" if target.next_backup_at else ""
    backup, rpo = target.newest_backup, duration(target.rpo_seconds)
    if backup is None:
        return f"❌ There is no backup; the RPO is {rpo}{following}"
    within = (now - backup.taken_at).total_seconds() <= target.rpo_seconds
    mark, words = ("✅", "within") if within else ("❌", "older than")
    told = f"{mark} Newest backup {age(backup.taken_at, now)}, {words} the RPO of {rpo}"
    return f"{told} · {size(backup.size)} · {code(backup.id)}{following}"


def _operation(operation: Operation) -> str:
    words = OPERATION_WORDS[operation.state].split(":")[0]
    return f"{OPERATION_MARKS[operation.state]} {NOUNS[operation.kind]} {words} · {code(operation.id)}"


def _name(alert: Alert) -> str:
    return f"Alert {alert.id}, {code(alert.condition)}"


def _hint(word: str, what: str) -> Block:
    return context(f"`{COMMAND} {word}`: {what}")
