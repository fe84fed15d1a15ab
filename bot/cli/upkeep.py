"""Schedules, retention and pins at the shell."""

from __future__ import annotations

from datetime import UTC
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from bot.cli.session import ConfigOption, JsonOption, asked, house_of, out, print_json, shell_actor, told
from bot.errors import StorageFailed
from bot.models import Prune, ScheduleName, ScheduleStatus
from bot.operations.checklists import spoken
from bot.operations.retention import Forecast, Preview

schedule = typer.Typer(help="What runs by itself, and when.", invoke_without_command=True, no_args_is_help=False)

_Target = Annotated[str, typer.Argument(help="A target of the settings.")]
_AnyTarget = Annotated[str | None, typer.Argument(help="One target; all without it.")]
_Id = Annotated[str, typer.Argument(metavar="ID", help="A backup's id.")]
_Reason = Annotated[str, typer.Option(help="Why. Kept in the audit log.")]
_Name = Annotated[ScheduleName, typer.Option("--schedule", help="Which of the target's schedules.")]


@schedule.callback()
def schedule_all(context: typer.Context, as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Schedules and their next fires."""
    if context.invoked_subcommand is None:
        _show_schedules(None, as_json, config)


@schedule.command("show")
def schedule_show(target: _AnyTarget = None, as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Schedules and their next fires, of one target or of all."""
    _show_schedules(target, as_json, config)


@schedule.command("pause")
def schedule_pause(
    target: _Target,
    reason: _Reason = "",
    name: _Name = ScheduleName.BACKUP,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Let a schedule rest until somebody resumes it; everybody sees that it does."""
    with told(as_json=as_json), house_of(config) as house:
        why = reason or asked("Why must it rest?")
        pause = house.services.schedules.pause(target, name, why, shell_actor())
        if as_json:
            print_json({"target": target, "schedule": name, "paused_at": pause.paused_at, "reason": pause.reason})
        else:
            out().print(f"The {name} schedule of {target} is paused: {pause.reason}", markup=False)


@schedule.command("resume")
def schedule_resume(
    target: _Target,
    reason: _Reason = "",
    name: _Name = ScheduleName.BACKUP,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Let a paused schedule fire again; what was due meanwhile is not made up for."""
    with told(as_json=as_json), house_of(config) as house:
        why = reason or asked("Why may it go on?")
        house.services.schedules.resume(target, name, why, shell_actor())
        if as_json:
            print_json([_schedule_document(status) for status in house.services.schedules.statuses(target)])
        else:
            out().print(f"The {name} schedule of {target} is resumed.", markup=False)


def retention(target: _Target, as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """What the next prune would remove and why, and which rule keeps the others. Nothing is touched."""
    with told(as_json=as_json), house_of(config) as house:
        preview = house.services.retentions.preview(target)
        if as_json:
            print_json(_preview_document(preview))
        elif preview.policy is None:
            out().print(f"{target} has no rules of retention: nothing is ever removed.", markup=False)
        else:
            now = house.services.clock.now()
            table = Table(box=None, pad_edge=False, header_style="bold")
            for column in ("Id", "Age", "", "Why", "Until"):
                table.add_column(column, overflow="fold")
            for forecast in preview.forecasts:
                judgement, until = forecast.judgement, _until(forecast)
                verdict = Text("stays", style="green") if judgement.keep else Text("goes", style="yellow")
                age = spoken(now - judgement.candidate.taken_at)
                table.add_row(Text(judgement.candidate.id), age, verdict, Text(judgement.words), until)
            out().print(table)


def prune(target: _Target, as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Remove what no rule of retention keeps, now. `baseliner serve` does it after each backup, and daily."""
    with told(as_json=as_json), house_of(config) as house:
        outcome = house.work.pruning.prune(target)
        if as_json:
            print_json(_prune_document(outcome))
            raise typer.Exit(1 if outcome.problem else 0)
        out().print(f"Removed {outcome.removed} of {target}'s backups.", markup=False)
        if outcome.problem:
            raise StorageFailed(outcome.problem, "What was begun is finished by the next run.")


def keep(backup_id: _Id, reason: _Reason = "", as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Keep a backup whatever retention says, until somebody lets it go."""
    with told(as_json=as_json), house_of(config) as house:
        why = reason or asked("Why must it stay?")
        pin = house.services.pins.keep(backup_id, why, shell_actor())
        if as_json:
            print_json({"backup_id": pin.backup_id, "reason": pin.reason, "pinned_at": pin.pinned_at})
        else:
            out().print(f"Backup {pin.backup_id} is kept: {pin.reason}", markup=False)


def unkeep(backup_id: _Id, reason: _Reason = "", as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Let retention decide about a kept backup again."""
    with told(as_json=as_json), house_of(config) as house:
        why = reason or asked("Why may it go?")
        backup = house.services.pins.unkeep(backup_id, why, shell_actor())
        if as_json:
            print_json({"backup_id": backup.id, "target": backup.target})
        else:
            out().print(f"Backup {backup.id} has no pin any more.", markup=False)


def register(app: typer.Typer) -> None:
    app.add_typer(schedule, name="schedule")
    for command in (retention, prune, keep, unkeep):
        app.command()(command)


def _show_schedules(target: str | None, as_json: bool, config: Path | None) -> None:
    with told(as_json=as_json), house_of(config) as house:
        found = house.services.schedules.statuses(target)
        if as_json:
            print_json([_schedule_document(status) for status in found])
            return
        table = Table(box=None, pad_edge=False, header_style="bold")
        for column in ("Target", "Schedule", "Cron", "Time zone", "Next", "Paused"):
            table.add_column(column, overflow="fold")
        for status in found:
            following = f"{status.next_fires[0].astimezone(UTC):%Y-%m-%d %H:%M} UTC" if status.next_fires else "-"
            paused = f"by {status.pause.paused_by.name}: {status.pause.reason}" if status.pause else "-"
            table.add_row(status.target, status.name, status.cron, status.timezone, following, Text(paused))
        out().print(table if found else "No schedule.")


def _schedule_document(status: ScheduleStatus) -> dict[str, Any]:
    pause = status.pause
    return {
        "target": status.target,
        "schedule": status.name,
        "cron": status.cron,
        "timezone": status.timezone,
        "jitter_seconds": status.jitter_seconds,
        "next_fires": list(status.next_fires),
        "held": status.held,
        "paused": pause and {"by": pause.paused_by.id, "at": pause.paused_at, "reason": pause.reason},
    }


def _preview_document(preview: Preview) -> dict[str, Any]:
    return {
        "target": preview.target,
        "rules": preview.policy.model_dump(mode="json", exclude_none=True) if preview.policy else None,
        "backups": [
            {
                "id": forecast.judgement.candidate.id,
                "taken_at": forecast.judgement.candidate.taken_at,
                "keep": forecast.judgement.keep,
                "why": forecast.judgement.words,
                "until": forecast.outlook.until,
            }
            for forecast in preview.forecasts
        ],
        "last_prune": _prune_document(preview.last) if preview.last else None,
    }


def _prune_document(prune: Prune) -> dict[str, Any]:
    return {
        "target": prune.target,
        "ran_at": prune.ran_at,
        "removed": prune.removed,
        "missing": list(prune.missing),
        "problem": prune.problem,
    }


def _until(forecast: Forecast) -> str:
    until = forecast.outlook.until
    return f"{until.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if forecast.judgement.keep and until is not None else "-"
