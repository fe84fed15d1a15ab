"""`doctor`: tries every credential, privilege, version and place that the settings name, from this host."""

from __future__ import annotations

import os
import random
from enum import StrEnum
from typing import Annotated

import typer

from bot.cli import views
from bot.cli.session import ConfigOption, JsonOption, out, print_json, settings_from, told
from bot.clock import SystemClock
from bot.doctor.doctor import Doctor
from bot.operations.checklists import to_result
from bot.operations.context import unknown_target
from bot.secret_files import SecretFiles
from bot.wiring import inspect_slack


class Part(StrEnum):
    SLACK = "slack"
    STATE = "state"
    TARGETS = "targets"


def doctor(
    target: Annotated[str | None, typer.Argument(help="One target; all without it.")] = None,
    only: Annotated[
        list[Part] | None, typer.Option(help="Leave the rest out, such as Slack on a worker's host; several times.")
    ] = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Try all that the settings name, and say what to do. Exits 1 when a check failed or could not run."""
    with told(as_json=as_json):
        settings, clock = settings_from(config), SystemClock()
        if target is not None and target not in settings.targets:
            raise unknown_target(target, list(settings.targets))
        examined = Doctor(settings, SecretFiles(os.environ), clock, random.SystemRandom())
        wanted = only or list(Part)
        found = [inspect_slack(settings, clock)] if Part.SLACK in wanted else []
        found += [examined.state()] if Part.STATE in wanted else []
        names = [target] if target else list(settings.targets)
        found += [examined.target(name) for name in names] if Part.TARGETS in wanted else []
        if as_json:
            print_json([to_result(checklist) for checklist in found])
        else:
            for checklist in found:
                out().print(views.checklist_table(checklist))
        if any(checklist.verdict.blocks for checklist in found):
            raise typer.Exit(1)


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command()(doctor)
