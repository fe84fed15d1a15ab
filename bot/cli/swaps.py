"""`restore` and `undo` at the shell: without approval, with the database's name typed; audited as break-glass."""

from __future__ import annotations

from typing import Annotated

import typer

from bot.cli import views
from bot.cli.running import run_here
from bot.cli.session import ConfigOption, JsonOption, asked, err, house_of, out, print_json, shell_actor, told
from bot.errors import Refused, UsageError
from bot.models import Downtime, Operation, RestoreRequest, UndoRequest
from bot.wiring import House

_Target = Annotated[str, typer.Argument(help="A target of the settings.")]
_Confirm = Annotated[str | None, typer.Option(help="The database's name, instead of typing it when asked.")]


def restore(
    target: _Target,
    backup: Annotated[str, typer.Argument(help="A backup's id, latest, or a time: the latest of then.")],
    reason: Annotated[str, typer.Option(help="Why the data must go back. Kept in the audit log.")] = "",
    confirm: _Confirm = None,
    downtime: Annotated[
        Downtime, typer.Option(help="Stop the services now, or only at the swap, for seconds.")
    ] = Downtime.NOW,
    only: Annotated[
        list[str] | None, typer.Option(help="A table (public.devices, or audit.*) to bring beside; several times.")
    ] = None,
    source: Annotated[
        str | None, typer.Option("--from", help="Another target, whose backup it is; masked as the settings say.")
    ] = None,
    new_name: Annotated[
        str, typer.Option("--as", help="Name of a new database beside the live one, which stays as it is.")
    ] = "",
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Restore a backup without approval: break-glass, audited and posted to Slack."""
    with told(as_json=as_json), house_of(config) as house:
        database = house.services.restores.database_of(target)
        why = reason or asked("Why must the data go back?")
        request = RestoreRequest(target, backup, why, database, downtime, tuple(only or ()), source, new_name)
        operation = house.services.restores.request(request, shell_actor(), deferred=False)
        ended = _confirmed(house, operation, database, confirm)
        if as_json:
            print_json({"operation_id": ended.id, "target": target, "state": ended.state, **ended.result})
        else:
            out().print(views.restore_result(ended))


def undo(
    target: _Target,
    reason: Annotated[str, typer.Option(help="Why the former database must come back. Kept in the audit log.")] = "",
    confirm: _Confirm = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Swap back to the database that the last restore set aside: break-glass, audited and posted to Slack."""
    with told(as_json=as_json), house_of(config) as house:
        database = house.services.restores.database_of(target)
        house.services.undos.undoable(target)
        why = reason or asked("Why must the former database come back?")
        operation = house.services.undos.request(UndoRequest(target, why, database), shell_actor(), deferred=False)
        ended = _confirmed(house, operation, database, confirm)
        if as_json:
            print_json({"operation_id": ended.id, "target": target, "state": ended.state, **ended.result})
        else:
            out().print(views.undo_result(ended))


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(restore)
    app.command()(undo)


def _confirmed(house: House, operation: Operation, database: str, confirm: str | None) -> Operation:
    """Show the plan, have the name typed, and run it. Raises Refused."""
    run_here(house, operation)
    plan = house.services.drawings.plan(operation.id)
    if plan is None:
        raise UsageError("There is no plan to confirm.", f"Ask for the {operation.kind} again.")
    err().print(views.plan_summary(plan), markup=False)
    typed = confirm if confirm is not None else asked(f"Type {database} to go on:")
    go = typed.strip() == database
    house.services.approvals.break_glass(operation.id, shell_actor(), go=go)
    if not go:
        raise Refused("The name typed is not the database's. Nothing was touched.", f"Type {database}, exactly.")
    return run_here(house, operation)
