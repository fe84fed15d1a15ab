"""The restore operation: nothing is destroyed before its replacement is verified, and a way back stays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import psycopg
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

from bot.canonical import canonical_json, sha256_hex
from bot.errors import BaselinerError, DatabaseUnreachable, NotFound, PlanVoid
from bot.models import Operation, Plan, Surface
from bot.operations.approvals import authorised
from bot.operations.backup_engine import BackupEngine
from bot.operations.backups import Backups
from bot.operations.context import Context
from bot.operations.journal import Journal
from bot.operations.restore_course import RestoreCourse
from bot.operations.restore_plan import RestorePlanner
from bot.runtime.stop import StopSignal
from bot.store import plans
from bot.store.database import Connection

STEPS = (
    ("preconditions", "Check the plan against the world"),
    ("verify_objects", "Fetch the backup and verify its checksums"),
    ("safety_backup", "Take a safety backup"),
    ("stop_services", "Stop the services"),
    ("create_database", "Create the new database"),
    ("load", "Restore into it"),
    ("properties", "Carry settings, grants and ownership"),
    ("analyze", "Analyze"),
    ("verify_digests", "Compare row counts and digests"),
    ("swap", "Swap the names"),
    ("start_services", "Start the services"),
    ("health", "Check the application's health"),
)


class RestoreJob:
    locks_target = True
    threaded = True
    attempts = 5

    def __init__(self, context: Context, backups: Backups, planner: RestorePlanner, engine: BackupEngine) -> None:
        self._context = context
        self._backups = backups
        self._planner = planner
        self._engine = engine

    def run(self, operation: Operation, journal: Journal, stop: StopSignal) -> Mapping[str, Any]:
        journal.plan(STEPS)
        course = RestoreCourse(self._context, operation, journal, self._backups, self._engine)
        if operation.attempt > 1 and course.swapped():
            return course.resume(stop)
        if journal.memory.get("begun"):
            raise BaselinerError(
                "The worker was stopped or killed in the middle of the restore.", "Ask for the restore again."
            )
        self._preconditions(operation, journal, stop)
        course.prepare(stop)
        course.replace(stop)
        return course.finish(stop)

    def clean_up(self, operation: Operation, journal: Journal) -> str:
        course = RestoreCourse(self._context, operation, journal, self._backups, self._engine)
        patient = Retrying(
            retry=retry_if_exception_type((DatabaseUnreachable, psycopg.OperationalError)),
            stop=stop_after_delay(60),
            wait=wait_fixed(2),
            reraise=True,
        )
        return patient(course.roll_back)

    def _preconditions(self, operation: Operation, journal: Journal, stop: StopSignal) -> None:
        with journal.step("preconditions") as notes:
            with self._context.database.transaction() as connection:
                plan = self._approved(connection, operation)
            moved = self._planner.drift(operation, plan, stop)
            if moved:
                raise PlanVoid(
                    "The world has drifted from the plan, so the approval is void: " + "; ".join(moved) + ".",
                    "Ask for a new restore.",
                )
            notes.detail = f"plan {plan.hash[:12]} still holds"

    def _approved(self, connection: Connection, operation: Operation) -> Plan:
        plan = plans.get(connection, operation.id)
        if plan is None:
            raise NotFound(f"Operation {operation.id} has no plan.", "Ask for a new restore.")
        if sha256_hex(canonical_json(plan.body)) != plan.hash:
            raise PlanVoid("The plan is not the one that was made: its hash differs.", "Ask for a new restore.")
        if operation.requester.surface is not Surface.CLI:
            authorised(self._context, connection, operation, plan)
        return plan
