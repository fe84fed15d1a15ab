"""Asking the deployed code for its Alembic heads and history, by the commands of the settings."""

from __future__ import annotations

from bot.errors import BaselinerError, ToolFailed
from bot.operations.checklists import RevisionFacts
from bot.postgres.revisions import parse_heads, parse_history
from bot.runtime.process import Finished, run, tool_environment
from bot.runtime.service_command import run_in_service
from bot.runtime.stop import StopSignal
from bot.settings import TargetSettings
from bot.settings_types import Argv

_DEADLINE = 60.0


def deployed_revisions(target: TargetSettings, stop: StopSignal, revision: str | None = None) -> RevisionFacts:
    """Heads and history of the code, beside the database's `revision`.

    Raises ToolFailed; and where they are asked for in a service's container, EngineFailed or ServiceFailed.
    """
    migrations = target.migrations
    if migrations is None:
        raise BaselinerError("No [targets.….migrations] in the settings.", "Name the command that prints the heads.")
    heads = parse_heads(_ask(migrations.heads, target, stop))
    history = parse_history(_ask(migrations.history, target, stop)) if migrations.history else None
    return RevisionFacts(revision, heads, history)


def _ask(argv: Argv, target: TargetSettings, stop: StopSignal) -> str:
    finished = _run(argv, target, stop)
    said = finished.stdout.decode("utf-8", "replace")
    if finished.code != 0:
        # Alembic tells its failures on stdout.
        raise ToolFailed(argv[0], finished.status, finished.stderr.strip() or said)
    return said


def _run(argv: Argv, target: TargetSettings, stop: StopSignal) -> Finished:
    directory = target.migrations.directory if target.migrations else None
    service = target.migrations.service if target.migrations else None
    if service is None or target.docker is None:
        return run(argv, stop=stop, environment=tool_environment({}), deadline=_DEADLINE, directory=directory)
    return run_in_service(target.docker, service, argv, stop=stop, directory=directory, deadline=_DEADLINE)
