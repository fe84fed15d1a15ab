"""`status` and `cancel` at the shell: what runs and waits, and calling it off when Slack is down."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from bot.cli.session import ConfigOption, JsonOption, house_of, out, print_json, shell_actor, told
from bot.models import Operation, OperationState, TargetStatus
from bot.operations.checklists import spoken


def status(
    target: Annotated[str | None, typer.Argument(help="One target; all without it.")] = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Each target: its newest backup against the RPO, what runs and waits, alerts, windows, pauses."""
    with told(as_json=as_json), house_of(config) as house:
        if target is not None:
            house.context.target(target)
        found = [each for each in house.services.overview.targets() if target in (None, each.name)]
        if as_json:
            print_json([_document(each) for each in found])
        else:
            for each in found:
                out().print(_table(each, house.services.clock.now()))


def cancel(
    operation_id: Annotated[str, typer.Argument(metavar="ID", help="An operation's id; `status` has them.")],
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Call off what waits or runs, until a restore has swapped."""
    with told(as_json=as_json), house_of(config) as house:
        operation = house.services.cancelling.cancel(operation_id, shell_actor())
        if as_json:
            print_json(_operation(operation))
        elif operation.state is OperationState.CANCELLED:
            out().print(f"The {operation.kind} {operation.id} of {operation.target} is cancelled.", markup=False)
        else:
            words = f"The {operation.kind} {operation.id} of {operation.target} is told to stop: it cleans up and ends"
            out().print(f"{words} within seconds. Look at it: baseliner status {operation.target}", markup=False)


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(status)
    app.command()(cancel)


def _document(target: TargetStatus) -> dict[str, Any]:
    newest = target.newest_backup
    return {
        "target": target.name,
        "database": target.database,
        "newest_backup": {"id": newest.id, "taken_at": newest.taken_at, "size": newest.size} if newest else None,
        "rpo_seconds": target.rpo_seconds,
        "next_backup_at": target.next_backup_at,
        "operations": [_operation(operation) for operation in target.recent],
        "alerts": [
            {"id": alert.id, "title": alert.title, "severity": alert.severity, "opened_at": alert.opened_at}
            for alert in target.open_alerts
        ],
        "windows": [
            {"id": window.id, "starts_at": window.starts_at, "ends_at": window.ends_at, "reason": window.reason}
            for window in target.windows
        ],
        "paused": [
            {"schedule": pause.schedule, "by": pause.paused_by.name, "at": pause.paused_at, "reason": pause.reason}
            for pause in target.pauses
        ],
    }


def _operation(operation: Operation) -> dict[str, Any]:
    return {
        "id": operation.id,
        "kind": operation.kind,
        "target": operation.target,
        "state": operation.state,
        "requested_by": operation.requester.name,
        "created_at": operation.created_at,
        "finished_at": operation.finished_at,
    }


def _table(target: TargetStatus, now: datetime) -> Table:
    table = Table(title=Text(f"{target.name}, database {target.database}"), show_header=False)
    for name, words in _lines(target, now):
        table.add_row(name, Text(words))
    return table


def _lines(target: TargetStatus, now: datetime) -> Iterator[tuple[str, str]]:
    newest = target.newest_backup
    if newest is None:
        yield "newest backup", "there is none"
    else:
        old = now - newest.taken_at
        words = "within" if old.total_seconds() <= target.rpo_seconds else "older than"
        yield "newest backup", f"{newest.id}, {spoken(old)} old, {words} the RPO"
    if target.next_backup_at:
        yield "next backup", f"{target.next_backup_at:%Y-%m-%d %H:%M} UTC"
    for alert in target.open_alerts:
        yield "alert", f"{alert.title}: {alert.summary}"
    for pause in target.pauses:
        yield "paused", f"the {pause.schedule} schedule, by {pause.paused_by.name}: {pause.reason}"
    for window in target.windows:
        yield "window", f"{window.starts_at:%Y-%m-%d %H:%M} to {window.ends_at:%Y-%m-%d %H:%M} UTC: {window.reason}"
    for operation in target.recent:
        words = operation.state.value.replace("_", " ")
        yield str(operation.kind), f"{operation.id} {words}, asked for by {operation.requester.name}"
