"""A checklist: its verdict, then line by line what was found and what to do."""

from __future__ import annotations

from collections.abc import Mapping

from bot.models import Check, Checklist, CheckState
from handlers.text import inline, plural
from handlers.views.blocks import Block, sections
from handlers.views.states import CHECK_MARKS

READINESS: Mapping[CheckState, str] = {
    CheckState.PASSED: "ready",
    CheckState.WARNING: "ready, with warnings",
    CheckState.FAILED: "not ready",
    CheckState.UNKNOWN: "not known to be ready",
}
FITNESS: Mapping[CheckState, str] = {
    CheckState.PASSED: "all in order",
    CheckState.WARNING: "in order, with warnings",
    CheckState.FAILED: "not in order",
    CheckState.UNKNOWN: "not known to be in order",
}
HEALTH: Mapping[CheckState, str] = {
    CheckState.PASSED: "healthy",
    CheckState.WARNING: "healthy, with warnings",
    CheckState.FAILED: "not healthy",
    CheckState.UNKNOWN: "not known to be healthy",
}


def checklist_blocks(checklist: Checklist) -> list[Block]:
    return sections([check_line(check) for check in checklist.checks[:60]])


def check_line(check: Check) -> str:
    line = f"{CHECK_MARKS[check.state]} *{inline(check.title, 120)}*: {inline(check.summary, 400)}"
    if check.remedy and check.state is not CheckState.PASSED:
        line += f"\n        → {inline(check.remedy, 300)}"
    return line


def tally(checklist: Checklist) -> str:
    """`5 passed, 2 warnings`, in the order of the states."""
    counts = {state: sum(check.state is state for check in checklist.checks) for state in CheckState}
    said = [_count(count, state) for state, count in counts.items() if count]
    return ", ".join(said) or plural(0, "check")


def _count(count: int, state: CheckState) -> str:
    return plural(count, state.value) if state is CheckState.WARNING else f"{count} {state.value}"
