"""The pre-deploy checklist: backup age, revisions of code and database, window. Each line with evidence."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import psycopg

from bot.errors import BaselinerError
from bot.models import Actor, Check, Checklist, Operation, OperationKind
from bot.operations.backups import Backups
from bot.operations.checklists import (
    RevisionFacts,
    judge_backup_age,
    judge_heads,
    judge_revision,
    judge_window,
    pending_revisions,
    to_result,
    unknown,
)
from bot.operations.context import Context
from bot.operations.journal import Journal
from bot.operations.requests import open_operation
from bot.operations.revisions import deployed_revisions
from bot.operations.storage_checks import OFF_HOST, check_off_host
from bot.operations.windows import Windows
from bot.postgres.connection import server_of
from bot.postgres.facts import alembic_revision
from bot.runtime.stop import StopSignal

STEPS = (("checks", "Run the checklist"),)


class Preflights:
    def __init__(self, context: Context) -> None:
        self._context = context

    def request(self, target: str, actor: Actor, channel: str | None = None, *, deferred: bool = True) -> Operation:
        """Queue a preflight: reading only, so anybody may. Raises NotFound."""
        self._context.target(target)
        return open_operation(self._context, OperationKind.PREFLIGHT, target, actor, channel=channel, deferred=deferred)


class PreflightJob:
    locks_target = False
    threaded = False
    attempts = 3
    patience = 0.0

    def __init__(self, context: Context, backups: Backups, windows: Windows) -> None:
        self._context = context
        self._backups = backups
        self._windows = windows

    def run(self, operation: Operation, journal: Journal, stop: StopSignal) -> Mapping[str, Any]:
        journal.plan(STEPS)
        with journal.step("checks") as notes:
            checklist = self.checklist(operation.target, stop)
            notes.detail = checklist.verdict.value
        return {"checklist": to_result(checklist)}

    def clean_up(self, _operation: Operation, _journal: Journal) -> str:
        return "Nothing was changed; a preflight only reads."

    def checklist(self, target: str, stop: StopSignal) -> Checklist:
        """Run every check; one that cannot run is unknown."""
        now = self._context.now()
        facts: RevisionFacts | BaselinerError
        try:
            facts = self._facts(target, stop)
        except (BaselinerError, psycopg.Error) as error:
            facts = error if isinstance(error, BaselinerError) else BaselinerError(str(error))
        checks = (
            self._backup_age(target),
            self._judged("alembic_heads", "The code has one Alembic head", facts, judge_heads),
            self._judged("revision", "The database is on the code's history", facts, judge_revision),
            judge_window(self._windows.upcoming(target), _pending(facts), now),
            self._off_host(target),
        )
        return Checklist(target, now, checks)

    def _backup_age(self, target: str) -> Check:
        newest = self._backups.newest_first(target, 1)
        return judge_backup_age(newest[0] if newest else None, self._context.target(target).rpo, self._context.now())

    def _off_host(self, target: str) -> Check:
        try:
            return check_off_host(self._context, target)
        except BaselinerError as error:
            return unknown(*OFF_HOST, error, error.remedy)

    def _judged(
        self, name: str, title: str, facts: RevisionFacts | BaselinerError, judge: Callable[[RevisionFacts], Check]
    ) -> Check:
        if isinstance(facts, BaselinerError):
            return unknown(name, title, facts, facts.remedy)
        return judge(facts)

    def _facts(self, target: str, stop: StopSignal) -> RevisionFacts:
        settings = self._context.target(target)
        table = settings.version_table
        with server_of(settings, self._context.environment).connect() as connection:
            revision = alembic_revision(connection, table)
        return deployed_revisions(settings, stop, revision)


def _pending(facts: RevisionFacts | BaselinerError) -> int | None:
    if isinstance(facts, BaselinerError):
        return None
    pending = pending_revisions(facts)
    return None if pending is None else len(pending)
