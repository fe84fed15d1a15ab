"""What a sweep finds of schedules and retention, judged. Pure: facts in, checks out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from bot.models import Check, CheckState, Operation, OperationState, Pause, Prune
from bot.operations.checklists import GRACE
from bot.operations.schedules import Schedule

_TAKE_ONE = "Take one: /baseliner backup"


@dataclass(frozen=True)
class ScheduleFacts:
    """`last` scheduled backup that has ended; `since` when fires count as not dealt with."""

    last: Operation | None
    since: datetime | None
    held: datetime | None
    pause: Pause | None


def judge_schedule(schedule: Schedule, facts: ScheduleFacts, now: datetime) -> Check:
    """Whether backups begin when they are due, and end well."""
    name, title = "backup_schedule", "Scheduled backups run"
    if facts.pause is not None:
        remedy = f"Resume it: /baseliner schedule resume {facts.pause.target} reason"
        return Check(name, title, CheckState.WARNING, f"none do: {paused_words(facts.pause)}", remedy)
    if facts.held is not None:
        words = f"the backup due at {_at(facts.held)} waits for the end of the maintenance window"
        return Check(name, title, CheckState.PASSED, words)
    due = schedule.next_after(facts.since) if facts.since is not None else None
    if due is not None and now - due > GRACE + schedule.jitter:
        late = f"the backup due at {_at(due)} has not started"
        return Check(name, title, CheckState.FAILED, late, "Is “baseliner serve” running? Take one: /baseliner backup")
    last = facts.last
    if last is None:
        return Check(name, title, CheckState.PASSED, "the first one is still to come")
    if last.state is OperationState.FAILED:
        why = last.failure.message if last.failure else "for an unknown reason"
        return Check(name, title, CheckState.FAILED, f"the last one failed: {why}", _TAKE_ONE)
    return Check(name, title, CheckState.PASSED, f"the last one is {last.state.value} ({last.id})")


def say_paused(check: Check, pause: Pause | None) -> Check:
    """A backup that is late tells that the schedule is paused, by whom and why."""
    if pause is None or check.state is CheckState.PASSED:
        return check
    return replace(check, summary=f"{check.summary}; {paused_words(pause)}")


def judge_prune(last: Prune | None) -> Check:
    """What the last run of retention came to."""
    name, title = "retention", "Old backups are removed"
    if last is None:
        return Check(name, title, CheckState.PASSED, "the first run is still to come")
    if last.missing:
        words = f"storage lacks {len(last.missing)} of the catalog's backups: {_some(last.missing)}"
        return Check(name, title, CheckState.FAILED, words, "Find out who removed them. Take one: /baseliner backup")
    if last.problem:
        return Check(
            name, title, CheckState.FAILED, last.problem, "The next run goes on; it removes nothing till then."
        )
    return Check(name, title, CheckState.PASSED, f"the last run, at {_at(last.ran_at)}, removed {last.removed}")


def paused_words(pause: Pause) -> str:
    """Who, since when and why."""
    since = _at(pause.paused_at)
    return f"the {pause.schedule} schedule is paused by {pause.paused_by.name} since {since}: {pause.reason}"


def _some(ids: tuple[str, ...]) -> str:
    return ", ".join(ids[:5]) + (f" and {len(ids) - 5} more" if len(ids) > 5 else "")


def _at(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
