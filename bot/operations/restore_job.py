"""The restore operation: nothing is destroyed before its replacement is verified, and a way back stays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.errors import BaselinerError
from bot.models import Downtime, Operation
from bot.operations.backup_engine import BackupEngine
from bot.operations.backups import Backups
from bot.operations.building import ANALYZE, LOAD, MASK, PROPERTIES, VERIFY
from bot.operations.context import Context
from bot.operations.copy_course import CopyCourse
from bot.operations.journal import Journal
from bot.operations.origin import masks, new_name_of
from bot.operations.outage import HEALTH, START, STOP
from bot.operations.planning import Planning
from bot.operations.restore_course import WAY_BACK, RestoreCourse
from bot.operations.restore_work import RestoreWork
from bot.operations.side_course import STEPS as SIDE_STEPS
from bot.operations.side_course import SideCourse
from bot.runtime.stop import StopSignal

_PREPARE = (
    ("preconditions", "Check the plan against the world"),
    ("verify_objects", "Fetch the backup and verify its checksums"),
    ("safety_backup", "Take a safety backup"),
)
_CREATE = ("create_database", "Create the new database")
_SWAP = ("swap", "Swap the names")


def _swapping(*build: tuple[str, str]) -> Mapping[Downtime, tuple[tuple[str, str], ...]]:
    return {
        Downtime.NOW: (*_PREPARE, _CREATE, STOP, *build, _SWAP, START, HEALTH),
        Downtime.AT_SWAP: (*_PREPARE, _CREATE, *build, STOP, _SWAP, START, HEALTH),
    }


STEPS = _swapping(LOAD, PROPERTIES, ANALYZE, VERIFY)
MASKED_STEPS = _swapping(LOAD, VERIFY, MASK, PROPERTIES, ANALYZE)


class RestoreJob:
    locks_target = True
    threaded = True
    attempts = 5
    patience = 60.0

    def __init__(self, context: Context, backups: Backups, planning: Planning, engine: BackupEngine) -> None:
        self._context = context
        self._backups = backups
        self._planning = planning
        self._engine = engine

    def run(self, operation: Operation, journal: Journal, stop: StopSignal) -> Mapping[str, Any]:
        if operation.parameters.get("only"):
            return self._run_side(operation, journal, stop)
        if new_name_of(operation) is not None:
            return self._run_copy(operation, journal, stop)
        journal.plan(self._steps(operation))
        course = RestoreCourse(self._work(operation, journal))
        if operation.attempt > 1 and course.swapped():
            return course.resume(stop)
        if journal.memory.get("begun"):
            raise BaselinerError(
                "The worker was stopped or killed in the middle of the restore.", "Ask for the restore again."
            )
        self._planning.hold_to_plan(operation, journal, stop)
        course.prepare(stop)
        course.replace(stop)
        return course.finish(stop)

    def _steps(self, operation: Operation) -> tuple[tuple[str, str], ...]:
        every = MASKED_STEPS if masks(self._context, operation) else STEPS
        steps = every[Downtime(operation.parameters.get("downtime", Downtime.NOW))]
        goes_back = self._context.target(operation.target).application.when_unhealthy == "undo"
        return (*steps, WAY_BACK) if goes_back else steps

    def _run_side(self, operation: Operation, journal: Journal, stop: StopSignal) -> Mapping[str, Any]:
        journal.plan(SIDE_STEPS)
        course = SideCourse(self._work(operation, journal))
        if operation.attempt > 1:
            course.roll_back()
        self._planning.hold_to_plan(operation, journal, stop)
        return course.run(stop)

    def _run_copy(self, operation: Operation, journal: Journal, stop: StopSignal) -> Mapping[str, Any]:
        course = CopyCourse(self._work(operation, journal))
        journal.plan(course.steps)
        if operation.attempt > 1:
            if course.named():
                return course.resume()
            course.roll_back()
        self._planning.hold_to_plan(operation, journal, stop)
        return course.run(stop)

    def _work(self, operation: Operation, journal: Journal) -> RestoreWork:
        return RestoreWork(self._context, operation, journal, self._backups, self._engine)

    def clean_up(self, operation: Operation, journal: Journal) -> str:
        course: SideCourse | CopyCourse | RestoreCourse
        if operation.parameters.get("only"):
            course = SideCourse(self._work(operation, journal))
        elif new_name_of(operation) is not None:
            course = CopyCourse(self._work(operation, journal))
        else:
            course = RestoreCourse(self._work(operation, journal))
        return course.roll_back()
