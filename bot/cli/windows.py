"""Maintenance windows at the shell."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from bot.cli.session import ConfigOption, JsonOption, asked, house_of, out, print_json, shell_actor, told
from bot.durations import parse_duration
from bot.errors import UsageError
from bot.models import Window, WindowRequest

window = typer.Typer(help="Maintenance windows: announced, listed, cancelled.", no_args_is_help=True)

_AnyTarget = Annotated[str | None, typer.Argument(help="One target; all without it.")]


@window.command("announce")
def announce(
    target: Annotated[str, typer.Argument(help="A target of the settings.")],
    length: Annotated[str, typer.Option("--for", help="How long: 90m, 2h.")],
    delay: Annotated[str, typer.Option("--in", help="How far off: 30m; at once without.", show_default=False)] = "",
    start: Annotated[
        str, typer.Option("--at", help="When instead: 2026-11-22T22:00, UTC unless it says otherwise.")
    ] = "",
    reason: Annotated[str, typer.Option(help="Why; everybody who reads the channel sees it.")] = "",
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Announce a window. Its start and its end are posted at their times."""
    with told(as_json=as_json), house_of(config) as house:
        starts_at = _start(house.services.clock.now(), delay, start)
        why = reason or asked("Why? Everybody who reads the channel sees it.")
        if not why:
            raise UsageError("A window needs a reason: people will read it.", "Give --reason.")
        request = WindowRequest(target, starts_at, starts_at + _span("--for", length), why)
        _tell([house.services.windows.announce(request, shell_actor())], as_json)


@window.command("list")
def upcoming(target: _AnyTarget = None, as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Windows that are open or to come, by their start."""
    with told(as_json=as_json), house_of(config) as house:
        if target is not None:
            house.context.target(target)
        found = house.services.windows.upcoming(target)
        if not found and not as_json:
            out().print("No window is open or announced.")
        else:
            _tell(found, as_json)


@window.command("cancel")
def cancel(
    window_id: Annotated[str, typer.Argument(metavar="ID", help="A window's id.")],
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Cancel a window, before its start or while it is open."""
    with told(as_json=as_json), house_of(config) as house:
        _tell([house.services.windows.cancel(window_id, shell_actor())], as_json)


def register(app: typer.Typer) -> None:
    app.add_typer(window, name="window")


def _start(now: datetime, delay: str, start: str) -> datetime:
    if delay and start:
        raise UsageError("--in and --at say the same thing.", "Give one of them.")
    if not start:
        return now + (_span("--in", delay) if delay else timedelta(0))
    try:
        moment = datetime.fromisoformat(start.upper())
    except ValueError as error:
        raise UsageError(f"--at {start!r} is not a time.", "Write it like 2026-11-22T22:00+01:00.") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _span(option: str, text: str) -> timedelta:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise UsageError(f"{option}: {error}.", "Write it like 30m, 2h or 1h30m.") from error


def _tell(windows: list[Window], as_json: bool) -> None:
    if as_json:
        print_json([_document(item) for item in windows])
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("Id", "Target", "", "From", "To", "Reason"):
        table.add_column(column, overflow="fold")
    for item in windows:
        times = (f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC" for moment in (item.starts_at, item.ends_at))
        table.add_row(item.id, Text(item.target), item.state.value, *times, Text(item.reason))
    out().print(table)


def _document(item: Window) -> dict[str, Any]:
    return {
        "id": item.id,
        "target": item.target,
        "state": item.state,
        "starts_at": item.starts_at,
        "ends_at": item.ends_at,
        "reason": item.reason,
        "announced_by": item.announced_by.id,
    }
