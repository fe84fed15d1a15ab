"""The daily report at the shell, as it would be now."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import typer
from rich.text import Text

from bot.cli.session import ConfigOption, JsonOption, house_of, out, print_json, told
from bot.models import Check, CheckState, Report, TargetReport
from bot.operations.checklists import spoken
from bot.store.reports import to_document


def report(as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Every target in a line, and what needs a person. `baseliner serve` posts it daily."""
    with told(as_json=as_json), house_of(config) as house:
        found = house.services.reports.now()
        if as_json:
            print_json(to_document(found))
        else:
            out().print(Text("\n".join(_lines(found))))


def register(app: typer.Typer) -> None:
    app.command()(report)


def _lines(report: Report) -> Iterator[str]:
    yield f"Report at {_at(report.made_at)}, since {_at(report.since)}: {report.verdict}"
    yield from (f"  {_finding(check)}" for check in report.findings)
    for target in report.targets:
        yield from _target(target, report.made_at)
    if report.unsigned:
        yield "Done at the shell without approval, and not signed off:"
    for each in report.unsigned:
        done = f"{each.kind} of {each.target}, {each.state}, by {each.done_by.name}"
        yield f"  {each.operation_id}: {done}: {each.reason}"


def _target(target: TargetReport, now: datetime) -> Iterator[str]:
    yield f"{target.target}: {target.verdict}; {'; '.join(_gist(target, now))}"
    for alert in target.alerts:
        yield f"  alert since {_at(alert.opened_at)}: {alert.title}: {alert.summary}"
    yield from (f"  {_finding(check)}" for check in target.findings)
    for pause in target.pauses:
        by = f"by {pause.paused_by.name} since {_at(pause.paused_at)}"
        yield f"  the {pause.schedule} schedule is paused {by}: {pause.reason}"
    for window in target.windows:
        yield f"  window {window.state}: {_at(window.starts_at)} to {_at(window.ends_at)}: {window.reason}"


def _gist(target: TargetReport, now: datetime) -> Iterator[str]:
    if target.newest is None:
        yield "no backup"
    else:
        yield f"newest backup {target.newest.id}, {spoken(now - target.newest.taken_at)} old"
    if target.drill is not None:
        yield f"drill {'passed' if target.drill.passed else 'failed'} {spoken(now - target.drill.ended_at)} ago"
    tally = target.tally
    yield f"{tally.taken} taken, {tally.failed} failed, {tally.removed} removed"
    yield from (f"next {each.schedule} {_at(each.at)}" for each in target.following)


def _finding(check: Check) -> str:
    word = "" if check.state is CheckState.WARNING else f"{check.state}: "
    return f"{word}{check.title}: {check.summary}" + (f" (next: {check.remedy})" if check.remedy else "")


def _at(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
