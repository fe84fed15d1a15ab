"""Schedules, retention and pins."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.models import Pause, Pin, Prune, ScheduleName, ScheduleStatus
from bot.operations.retention import Forecast, Preview
from bot.retention import COUNTED, count_of
from bot.settings import Retention
from handlers.ids import COMMAND
from handlers.text import age, code, date, duration, inline, listed, number, plural
from handlers.views.blocks import Block, Message, context, fitted, section, sections
from handlers.views.people import mention

_MOST = 16
_OF_ONE = "There is more than a message holds: name one target."


def schedules_message(statuses: Sequence[ScheduleStatus]) -> Message:
    """Each schedule, its next fires, and whether somebody has paused it."""
    if not statuses:
        told = "No target has a schedule: backups are taken when somebody asks."
        return Message(told, [section(told)])
    hint = context(f"`{COMMAND} schedule pause TARGET reason` · `{COMMAND} schedule resume TARGET reason`")
    shown = [section("*Schedules*"), hint, *sections(map(_schedule, statuses), "\n\n")]
    return Message("Schedules", fitted(shown, _OF_ONE))


def paused_message(pause: Pause) -> Message:
    told = (
        f"⏸️ The {pause.schedule} schedule of {code(pause.target)} is paused: {inline(pause.reason, 500)}\n"
        f"Resume it: `{COMMAND} schedule resume {pause.target} reason`"
    )
    return Message(f"The {pause.schedule} schedule of {pause.target} is paused.", [section(told)])


def resumed_message(target: str, schedule: ScheduleName, next_fire: datetime | None) -> Message:
    following = f"; it fires next {date(next_fire)}" if next_fire else ""
    told = f"▶️ The {schedule} schedule of {code(target)} is resumed{following}."
    return Message(f"The {schedule} schedule of {target} is resumed.", [section(told)])


def pinned_message(pin: Pin) -> Message:
    told = f"📌 Backup {code(pin.backup_id)} is kept until somebody lets it go: {inline(pin.reason, 500)}"
    return Message(f"Backup {pin.backup_id} is kept.", [section(told)])


def unpinned_message(backup_id: str) -> Message:
    told = f"Backup {code(backup_id)} has no pin any more: retention alone decides about it."
    return Message(f"Backup {backup_id} has no pin any more.", [section(told)])


def retention_message(previews: Sequence[Preview], now: datetime) -> Message:
    """What would go and why, before it goes; then what stays, by which rule."""
    most = max(3, _MOST // max(len(previews), 1))
    blocks = [block for preview in previews for block in _preview(preview, now, most)]
    going = sum(len(preview.going) for preview in previews)
    return Message(f"Retention: {plural(going, 'backup')} would go at the next prune", fitted(blocks, _OF_ONE))


def _schedule(status: ScheduleStatus) -> str:
    title = f"*{status.name.capitalize()}* of {code(status.target)}: {code(status.cron)} {inline(status.timezone, 60)}"
    if status.pause is not None:
        pause = status.pause
        return f"{title}\n⏸️ paused by {mention(pause.paused_by)} since {date(pause.paused_at)}: {inline(pause.reason)}"
    later = f", up to {duration(status.jitter_seconds)} later" if status.jitter_seconds else ""
    following = listed([date(fire) for fire in status.next_fires]) or "never"
    held = f"\n⏳ that of {date(status.held)} waits for the end of the maintenance window" if status.held else ""
    return f"{title}\nNext: {following}{later}{held}"


def _preview(preview: Preview, now: datetime, most: int) -> list[Block]:
    title = f"*Retention* of {code(preview.target)}"
    if preview.policy is None:
        return [section(f"{title}: no rules are set, so nothing is ever removed.")]
    going = [forecast for forecast in preview.forecasts if not forecast.judgement.keep]
    staying = [forecast for forecast in preview.forecasts if forecast.judgement.keep]
    blocks = [section(f"{title}: {inline(rules_in_words(preview.policy), 500)}")]
    blocks.append(section(f"🗑️ *{plural(len(going), 'backup')}* would go at the next prune"))
    blocks += sections(_lines(going, now, most))
    blocks.append(section(f"*{plural(len(staying), 'backup')}* would stay"))
    blocks += sections(_lines(staying, now, most))
    return [*blocks, context(_last(preview.last))]


def rules_in_words(policy: Retention) -> str:
    """`last 3, daily 14; at least 1 verified`."""
    rules = [f"{rule.value} {count_of(policy, rule)}" for rule in COUNTED if count_of(policy, rule)]
    return f"{', '.join(rules)}; at least {policy.min_verified} verified"


def _lines(forecasts: Sequence[Forecast], now: datetime, most: int) -> list[str]:
    lines = [_line(forecast, now) for forecast in forecasts[:most]]
    more = len(forecasts) - len(lines)
    return [*lines, *([f"and {number(more)} more"] if more > 0 else [])]


def _line(forecast: Forecast, now: datetime) -> str:
    judgement, until = forecast.judgement, forecast.outlook.until
    line = f"{code(judgement.candidate.id)} {age(judgement.candidate.taken_at, now)} · {inline(judgement.words, 250)}"
    return f"{line} · until {date(until)}" if judgement.keep and until is not None else line


def _last(last: Prune | None) -> str:
    if last is None:
        return "No prune has run yet. One runs after each newer backup, and daily."
    told = f"The last prune, {date(last.ran_at)}, removed {plural(last.removed, 'backup')}."
    if last.missing:
        told += f" Storage lacks {plural(len(last.missing), 'backup')} of the catalog: they are told, not pruned."
    return f"{told} It stopped: {inline(last.problem, 400)}" if last.problem else told
