"""What a restore under a new name does: a database beside the live one, closed until it is whole."""

from __future__ import annotations

from typing import Any

from bot.errors import Conflict
from bot.models import StepState
from bot.operations.building import ANALYZE, LOAD, MASK, VERIFY, Building, demand_alike
from bot.operations.origin import masks, new_name_of
from bot.operations.restore_work import RestoreWork
from bot.postgres.closed import hand_over
from bot.postgres.facts import database_exists, database_facts
from bot.postgres.load import apply_properties
from bot.postgres.swap import drop_database, rename
from bot.runtime.stop import StopSignal

NAME = ("name", "Open it under its name")
STEPS = (
    ("preconditions", "Check the plan against the world"),
    ("verify_objects", "Fetch the backup and verify its checksums"),
    ("create_database", "Create the new database, closed"),
    LOAD,
    VERIFY,
    ANALYZE,
    NAME,
)
MASKED_STEPS = (*STEPS[: STEPS.index(ANALYZE)], MASK, ANALYZE, NAME)


class CopyCourse:
    def __init__(self, work: RestoreWork) -> None:
        self._context, self._operation, self._journal = work.context, work.operation, work.journal
        self._new = Building(work)
        self._name = str(new_name_of(work.operation))

    @property
    def steps(self) -> tuple[tuple[str, str], ...]:
        return MASKED_STEPS if masks(self._context, self._operation) else STEPS

    def named(self) -> bool:
        """Whether the database that this operation made has its name: by its oid, since others may give that name."""
        made = self._journal.memory.get("made_oid")
        with self._new.server.maintenance(self._new.database) as connection:
            return (
                made is not None
                and database_exists(connection, self._name)
                and database_facts(connection, self._name).oid == made
            )

    def run(self, stop: StopSignal) -> dict[str, Any]:
        """From the approved plan to the database that people connect to."""
        self._new.fetch(stop)
        self._new.create(closed=True)
        self._new.load(stop)
        self._new.remove_archive()
        self._new.verify(stop)
        if masks(self._context, self._operation):
            self._new.mask(stop)
        self._new.analyze(stop)
        self._open(stop)
        return self._finish()

    def resume(self) -> dict[str, Any]:
        """Finish what another worker has named."""
        if next(step for step in self._operation.steps if step.name == NAME[0]).state is not StepState.DONE:
            self._journal.found_done(NAME[0], self._name)
        return self._finish()

    def roll_back(self) -> str:
        """Nothing is left of it, unless it has its name."""
        remaining = self._new.end_tools()
        self._new.remove_archive()
        live = self._new.server.database
        if self.named():
            return f"The database {self._name} is there, whole and verified. {live} is as it was."
        with self._new.server.maintenance(self._new.database) as connection:
            drop_database(connection, self._new.database, live=live)
        remaining = self._new.end_tools_left(remaining)
        return f"{live} is as it was; nothing is left of the new database. {remaining}".rstrip()

    def _finish(self) -> dict[str, Any]:
        self._new.remove_archive()
        return {"backup_id": self._new.backup.id, "new_database": self._name} | self._new.result()

    def _open(self, stop: StopSignal) -> None:
        """Name and grants in one transaction: nobody meets it under another name, or half open."""
        with self._journal.step(NAME[0]) as notes, self._new.server.maintenance(self._new.database) as connection:
            if database_exists(connection, self._name):
                raise Conflict(f"A database {self._name!r} exists already.", "Ask again, with another name.")
            self._journal.remember(made_oid=database_facts(connection, self._new.database).oid)
            stop.check()
            self._new.take_back()
            with connection.transaction():
                rename(connection, self._new.database, self._name, stop=stop)
                hand_over(connection, self._name, self._new.properties["owner"])
                demand_alike(apply_properties(connection, self._name, self._new.properties))
            notes.detail = self._name
