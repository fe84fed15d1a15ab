"""The one slash command: its table of words, and the listener that looks them up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from slack_bolt import Args

from handlers.audit import AuditListeners
from handlers.backups import BackupListeners
from handlers.catalog import CatalogListeners
from handlers.charts import ChartListeners
from handlers.directory import Directory
from handlers.doctor import DoctorListeners
from handlers.drills import DrillListeners
from handlers.operations import OperationListeners
from handlers.overview import OverviewListeners
from handlers.parse import nearest, parse
from handlers.parse_audit import AUDIT_USAGE
from handlers.policies import PolicyListeners
from handlers.preflight import PreflightListeners
from handlers.reply import Reply
from handlers.request import Request
from handlers.restores import RestoreListeners
from handlers.undos import UndoListeners
from handlers.upkeep import UpkeepListeners
from handlers.views.answers import Usage, command_help_message, help_message, unknown_word_message
from handlers.views.blocks import Message
from handlers.windows import WindowListeners


@dataclass(frozen=True)
class Command:
    """One word of the table: how it is typed, what it does, and the function that answers.

    `{target}` in an example stands for a target of the settings.
    """

    word: str
    usage: str
    help: str
    answer: Callable[[Request], None]
    examples: tuple[str, ...] = ()


_WINDOW_USAGE = "window [target] [in 30m | at 22:00] for 2h reason…"
_WINDOW_EXAMPLES = ("window in 30m for 1h new disk", "window at 22:00 tomorrow for 2h new disk")
_RESTORE_EXAMPLES = (
    "restore latest",
    "restore {target} 20261122T101500Z-7k3f",
    "restore {target} 2026-11-22T08:00",
    "restore {target} latest only public.devices, audit.*",
    "restore {target} latest as {target}_copy",
    "restore staging latest from {target}",
)
_WINDOW_HELP = "Announces a maintenance window. Also: window list, window cancel ID."


def command_table(
    backups: BackupListeners,
    catalog: CatalogListeners,
    restores: RestoreListeners,
    undos: UndoListeners,
    preflights: PreflightListeners,
    windows: WindowListeners,
    charts: ChartListeners,
    drills: DrillListeners,
    operations: OperationListeners,
    upkeep: UpkeepListeners,
    overview: OverviewListeners,
    audits: AuditListeners,
    policies: PolicyListeners,
    doctors: DoctorListeners,
) -> tuple[Command, ...]:
    """Every word that can follow `/baseliner`, beside `help`."""
    return (
        Command("backup", "backup [target] [--format plain] [note…]", "Takes a backup now.", backups.command),
        Command("backups", "backups [target]", "Lists the backups, with details of each.", catalog.command),
        Command(
            "restore",
            "restore [target] [backup|latest|time] [from TARGET] [as NAME] [only TABLE, …]",
            "Asks for a restore; somebody else must approve it. A time, of your own zone: the last backup by then.",
            restores.command,
            _RESTORE_EXAMPLES,
        ),
        Command("undo", "undo [target]", "Brings back what the last restore set aside; needs approval.", undos.command),
        Command("chart", "chart [target]", "Draws size and duration of the last backups.", charts.command),
        Command("drill", "drill [target] [backup|latest]", "Restores a backup elsewhere, to prove it.", drills.command),
        *_upkeep_commands(upkeep),
        Command("cancel", "cancel ID", "Calls off what waits or runs, until a restore swaps.", operations.command),
        Command("preflight", "preflight [target]", "Checks that a migration may run now.", preflights.command),
        Command("doctor", "doctor [target]", "Tries all that the settings name, and says what to do.", doctors.command),
        Command("window", _WINDOW_USAGE, _WINDOW_HELP, windows.command, _WINDOW_EXAMPLES),
        *_overview_commands(overview, audits, policies),
    )


def _overview_commands(
    overview: OverviewListeners, audits: AuditListeners, policies: PolicyListeners
) -> tuple[Command, ...]:
    return (
        Command(
            "status", "status [target]", "Shows each target, what runs on it and its newest backup.", overview.status
        ),
        Command("health", "health [target]", "Shows the checks of the last sweep.", overview.health),
        Command("report", "report", "Shows the daily report as it would be now.", overview.report),
        Command("policy", "policy [target]", "Shows who may ask, approve and cancel, and why.", policies.command),
        Command("audit", AUDIT_USAGE, "Shows who did what, and that the record is whole.", audits.command),
    )


def _upkeep_commands(upkeep: UpkeepListeners) -> tuple[Command, ...]:
    return (
        Command(
            "schedule",
            "schedule [target]",
            "Shows what runs by itself, and when. Also: schedule pause|resume TARGET reason.",
            upkeep.schedule,
        ),
        Command("retention", "retention [target]", "Shows which backups would go, and why.", upkeep.retention),
        Command("keep", "keep ID reason…", "Keeps a backup, whatever retention says.", upkeep.keep),
        Command("unkeep", "unkeep ID reason…", "Lets retention decide about a backup again.", upkeep.unkeep),
    )


class CommandListener:
    def __init__(self, table: Sequence[Command], directory: Directory, example_target: str) -> None:
        self._table = {command.word: command for command in table}
        self._usages = [
            *(Usage(command.usage, command.help, _examples(command, example_target)) for command in table),
            Usage("help [command]", "Shows this."),
        ]
        self._directory = directory

    def listen(self, args: Args) -> None:
        command, client = args.payload, args.client
        typed = parse(command.get("text") or "")
        reply = Reply(client, command["user_id"], command["channel_id"], args.respond)
        known = self._table.get(typed.word)
        if known is None:
            reply.tell(self._help(typed.arguments) if typed.word == "help" else self._unknown(typed.word))
            return
        person = self._directory.typist_of(command)
        known.answer(Request(person, command["channel_id"], typed.arguments, command["trigger_id"], client, reply))

    def _help(self, arguments: Sequence[str]) -> Message:
        if not arguments:
            return help_message(self._usages)
        word = arguments[0].lower()
        about = next((usage for usage in self._usages if usage.usage.split()[0] == word), None)
        return command_help_message(about) if about else self._unknown(arguments[0], "help ")

    def _unknown(self, word: str, before: str = "") -> Message:
        words = [*self._table, "help"]
        suggestion = nearest(word, words)
        return unknown_word_message(word, before + suggestion if suggestion else None, words)


def _examples(command: Command, target: str) -> list[str]:
    return [example.replace("{target}", target) for example in command.examples]
