"""The undo operation: the database that was set aside comes back, and the present one is set aside in its place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.errors import BaselinerError
from bot.models import Operation, StepState
from bot.operations.closing import Closing
from bot.operations.context import Context
from bot.operations.journal import Journal
from bot.operations.outage import HEALTH, START, STOP, Outage
from bot.operations.planning import Planning
from bot.operations.proof import await_proof
from bot.postgres.connection import server_of
from bot.postgres.swap import SwapState, aside_name, swap, swap_state
from bot.runtime.stop import StopSignal
from bot.store import asides, operations

STEPS = (
    ("preconditions", "Check the plan against the world"),
    STOP,
    ("swap", "Swap the names back"),
    START,
    HEALTH,
)


class UndoJob:
    locks_target = True
    threaded = True
    attempts = 5
    patience = 60.0

    def __init__(self, context: Context, planning: Planning) -> None:
        self._context = context
        self._planning = planning

    def run(self, operation: Operation, journal: Journal, stop: StopSignal) -> Mapping[str, Any]:
        journal.plan(STEPS)
        course = _Course(self._context, operation, journal)
        if operation.attempt > 1 and course.swapped():
            return course.resume(stop)
        if journal.memory.get("begun"):
            raise BaselinerError(
                "The worker was stopped or killed in the middle of the undo.", "Ask for the undo again."
            )
        self._planning.hold_to_plan(operation, journal, stop)
        course.swap(stop)
        return course.finish(stop)

    def clean_up(self, operation: Operation, journal: Journal) -> str:
        return _Course(self._context, operation, journal).roll_back()


class _Course:
    def __init__(self, context: Context, operation: Operation, journal: Journal) -> None:
        self._context = context
        self._operation = operation
        self._journal = journal
        self._settings = context.target(operation.target)
        self._server = server_of(self._settings, context.environment)
        self._live = self._server.database
        self._former = str(operation.parameters["aside_database"])
        self._aside = aside_name(self._live, operation.id)
        self._outage = Outage(self._settings, operation, journal, context.clock)
        self._closing = Closing(operation, journal, self._live)

    def swapped(self) -> bool:
        with self._server.maintenance(self._former) as connection:
            return swap_state(connection, self._live, self._former, self._aside) is SwapState.DONE

    def swap(self, stop: StopSignal) -> None:
        self._journal.remember(begun=True)
        self._outage.begin()
        with self._journal.step("swap") as notes, self._server.maintenance(self._former) as connection:
            self._closing.begins()
            swap(connection, self._live, self._former, self._aside, stop=stop)
            self._closing.ended()
            notes.detail = self._kept()

    def resume(self, stop: StopSignal) -> dict[str, Any]:
        """Finish what another worker swapped."""
        if next(step for step in self._operation.steps if step.name == "swap").state is not StepState.DONE:
            self._journal.found_done("swap", self._kept())
        return self.finish(stop)

    def finish(self, stop: StopSignal) -> dict[str, Any]:
        """From the swap to health; may be called again after a crash."""
        noted = self._note_swap()
        health, downtime = self._outage.end(stop, lambda: await_proof(self._settings, self._server, None, stop))
        return noted | {"downtime_seconds": downtime, "health": health}

    def roll_back(self) -> str:
        """Everything as it was, unless the swap was made; the services run either way."""
        if not self._journal.memory.get("begun"):
            return f"{self._live} was only looked at, and no service was touched."
        try:
            swapped = self.swapped()
            with self._server.maintenance(self._former) as connection:
                self._closing.undo(connection)
        except Exception as error:
            error.add_note(self._outage.break_off())
            raise
        services = self._outage.break_off()
        if swapped:
            self._note_swap()
            return f"The former database is back as {self._live}; {self._kept()}. {services}"
        return f"{self._live} is as it was, with all its data. {services}"

    def _kept(self) -> str:
        return f"what was there before is kept as {self._aside}, closed"

    def _note_swap(self) -> dict[str, Any]:
        """In one transaction: this one's way back is there, and that of what it undid is used up."""
        now = self._context.now()
        undoes = str(self._operation.parameters["undoes"])
        until = (now + self._settings.keep_old_for).isoformat()
        noted = {
            "undoes": undoes,
            "swapped_at": now.isoformat(),
            "aside_database": self._aside,
            "aside_until": until,
        }
        with self._context.database.transaction() as connection:
            noted |= asides.first_noted(connection, self._operation.id)
            operations.note_result(connection, self._operation.id, noted)
            operations.note_result(connection, undoes, {"undone_by": self._operation.id})
        return noted
