"""Every command of `baseliner`."""

from __future__ import annotations

import logging
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from bot.cli import doctor, operations, policy, reports, swaps, upkeep, views, windows
from bot.cli.audit import audit
from bot.cli.running import run_here
from bot.cli.session import (
    ConfigOption,
    JsonOption,
    err,
    house_of,
    log_to_stderr,
    out,
    print_json,
    settings_from,
    shell_actor,
    told,
)
from bot.errors import UsageError
from bot.models import Checklist
from bot.operations.checklists import checklist_of, to_result
from bot.runtime.stop import StopSignal
from bot.store import schema

app = typer.Typer(
    name="baseliner",
    help="Database operations for PostgreSQL, from Slack and from the shell.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
db = typer.Typer(help="The bot's own state database.", no_args_is_help=True)
app.add_typer(db, name="db")
app.add_typer(audit, name="audit")
swaps.register(app)
operations.register(app)
policy.register(app)
upkeep.register(app)
reports.register(app)
doctor.register(app)
windows.register(app)


class BackupFormat(StrEnum):
    ARCHIVE = "archive"
    PLAIN = "plain"


TargetArgument = Annotated[str, typer.Argument(help="A target of the settings.")]


@app.command()
def demo(
    port: Annotated[int, typer.Option(help="Port of the sandbox workspace.", min=1, max=65535)] = 8765,
    directory: Annotated[Path | None, typer.Option(help="Work directory, made afresh.")] = None,
) -> None:
    """Sandbox workspace, embedded databases and the bot, on this machine alone. Ctrl-C ends all of it."""
    try:
        from sandbox.demo import run_demo
    except ImportError as error:
        err().print(f"The demo needs the sandbox extra ({error.name} is missing): pip install 'baseliner[sandbox]'")
        raise typer.Exit(2) from error
    raise typer.Exit(run_demo(port, directory))


@app.command()
def serve(
    http: Annotated[
        str, typer.Option(help="HOST:PORT of probes, and of /slack/events in HTTP mode.")
    ] = "127.0.0.1:8080",
    no_worker: Annotated[bool, typer.Option("--no-worker", help="Leave the work to `baseliner worker`.")] = False,
    config: ConfigOption = None,
) -> None:
    """Slack, schedules and one worker. Socket Mode when SLACK_APP_TOKEN is set, else HTTP."""
    from bot.serve import serve as run

    log_to_stderr(logging.INFO)
    with told():
        same_settings = ["--config", str(config)] if config else []
        run(settings_from(config), http, None if no_worker else same_settings)


@app.command()
def worker(
    queue: Annotated[str, typer.Option(help="The worker group to serve.")] = "default",
    http: Annotated[str | None, typer.Option(help="HOST:PORT of probes; none without.")] = None,
    attached: Annotated[bool, typer.Option("--attached", hidden=True)] = False,
    config: ConfigOption = None,
) -> None:
    """One worker of a queue; start it anywhere that reaches the state database and the targets."""
    from bot.serve import work

    log_to_stderr(logging.INFO)
    with told():
        work(settings_from(config), queue, http, attached=attached)


@db.command("upgrade")
def db_upgrade(config: ConfigOption = None) -> None:
    """Bring the state database to the newest schema."""
    with told():
        revision = schema.upgrade(settings_from(config).state.dsn.get_secret_value())
        err().print(f"The state database is at revision {revision}.", markup=False)


@app.command()
def backup(
    target: TargetArgument,
    note: Annotated[str, typer.Option(help="Kept in the manifest.")] = "",
    form: Annotated[
        BackupFormat, typer.Option("--format", help="plain: with one SQL script, database.sql.zst, beside the archive.")
    ] = BackupFormat.ARCHIVE,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Take a backup now, in this process."""
    with told(as_json=as_json), house_of(config) as house:
        plain = form is BackupFormat.PLAIN
        operation = house.services.backups.request(target, shell_actor(), note, plain=plain, deferred=False)
        ended = run_here(house, operation)
        if as_json:
            print_json({"operation_id": ended.id, "target": target, "state": ended.state, **ended.result})
        else:
            out().print(views.backup_result(ended))


@app.command()
def backups(
    target: TargetArgument,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 20,
    rescan: Annotated[bool, typer.Option("--rescan", help="First record what only storage has.")] = False,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """The backups of a target, newest first."""
    with told(as_json=as_json), house_of(config) as house:
        if rescan:
            err().print(views.rescan_result(house.rescan.run(target, shell_actor())))
        found = house.services.backups.newest_first(target, limit)
        if as_json:
            print_json([views.backup_document(item) for item in found])
        else:
            out().print(views.backup_table(found, house.services.clock.now()))


@app.command()
def drill(
    target: TargetArgument,
    backup: Annotated[str, typer.Argument(help="A backup's id, or latest.")] = "latest",
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Prove a backup: restore it into a scratch database, compare every digest, drop it."""
    with told(as_json=as_json), house_of(config) as house:
        operation = house.services.drills.request(target, shell_actor(), backup, deferred=False)
        ended = run_here(house, operation)
        if as_json:
            print_json({"operation_id": ended.id, "target": target, "state": ended.state, **ended.result})
        else:
            out().print(views.drill_result(ended))


@app.command()
def preflight(target: TargetArgument, as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """The pre-deploy checklist. Exits 1 when a check failed or could not run."""
    with told(as_json=as_json), house_of(config) as house:
        operation = house.services.preflights.request(target, shell_actor(), deferred=False)
        checklist = checklist_of(run_here(house, operation))
        if checklist is None:
            raise UsageError("The preflight gave no checklist.", "Run it again.")
        _print_checklists([checklist], as_json=as_json, single=True)


@app.command()
def health(
    target: Annotated[str | None, typer.Argument(help="One target; all without it.")] = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Measure now. Exits 1 when a check failed or could not run."""
    with told(as_json=as_json), house_of(config) as house:
        names = [target] if target is not None else list(house.services.settings.targets)
        for name in names:
            house.context.target(name)
        found = [house.work.sweeps.sweep(name, StopSignal()) for name in names]
        _print_checklists(found, as_json=as_json, single=False)


def _print_checklists(found: list[Checklist], *, as_json: bool, single: bool) -> None:
    if as_json:
        documents = [to_result(checklist) for checklist in found]
        print_json(documents[0] if single else documents)
    else:
        for checklist in found:
            out().print(views.checklist_table(checklist))
    if any(checklist.verdict.blocks for checklist in found):
        raise typer.Exit(1)


def main() -> None:
    """The console script."""
    logging.getLogger("bot").addHandler(logging.NullHandler())
    app(prog_name="baseliner", args=sys.argv[1:])
