"""What a restore does between its approval and its result."""

from __future__ import annotations

from typing import Any

from bot.errors import ServiceFailed
from bot.models import BackupKind, Downtime, StepState
from bot.operations.backup_engine import BackupOrder
from bot.operations.building import Building
from bot.operations.closing import Closing
from bot.operations.leftovers import record, settle, settle_or_later
from bot.operations.outage import Outage
from bot.operations.proof import await_proof
from bot.operations.restore_work import RestoreWork
from bot.postgres.swap import SwapState, aside_name, drop_database, swap, swap_state
from bot.runtime.stop import StopSignal
from bot.store import asides, operations, plans

WAY_BACK = ("way_back", "Swap back, since the application is not well")


class RestoreCourse:
    """One restore's way, and the way back from anywhere on it."""

    def __init__(self, work: RestoreWork) -> None:
        self._context, self._operation, self._journal = work.context, work.operation, work.journal
        self._engine = work.engine
        self._settings = work.context.target(work.operation.target)
        self._new = Building(work)
        self._server = self._new.server
        self._live = self._server.database
        self._scratch = self._new.database
        self._aside = aside_name(self._live, self._operation.id)
        self._outage = Outage(self._settings, self._operation, self._journal, self._context.clock)
        self._closing = Closing(self._operation, self._journal, self._live)
        self._at_swap = self._operation.parameters.get("downtime") == Downtime.AT_SWAP

    def swapped(self) -> bool:
        with self._server.maintenance(self._scratch) as connection:
            return swap_state(connection, self._live, self._scratch, self._aside) is SwapState.DONE

    def prepare(self, stop: StopSignal) -> None:
        """All that leaves the application as it is."""
        self._new.fetch(stop)
        with self._journal.step("safety_backup") as notes:
            notes.detail = self._take_safety_backup(stop)

    def replace(self, stop: StopSignal) -> None:
        """From the last step that leaves everything as it was to the swap."""
        self._journal.remember(begun=True)
        self._new.create()
        if self._at_swap:
            self._new.fill(stop)
            self._outage.begin()
        else:
            self._outage.begin()
            self._new.fill(stop)
        with self._journal.step("swap") as notes, self._server.maintenance(self._scratch) as connection:
            self._closing.begins()
            swap(connection, self._live, self._scratch, self._aside, stop=stop)
            self._closing.ended()
            notes.detail = self._kept()

    def resume(self, stop: StopSignal) -> dict[str, Any]:
        """Finish what another worker swapped."""
        if next(step for step in self._operation.steps if step.name == "swap").state is not StepState.DONE:
            self._journal.found_done("swap", self._kept())
        return self.finish(stop)

    def finish(self, stop: StopSignal) -> dict[str, Any]:
        """From the swap to health; may be called again after a crash."""
        swapped = self._note_swap()
        self._new.remove_archive()
        try:
            health, downtime = self._outage.end(stop, lambda: self._proof(stop))
        except ServiceFailed:
            if self._settings.application.when_unhealthy == "undo":
                self._go_back(stop)
            raise
        if self._settings.application.when_unhealthy == "undo":
            self._journal.skip(WAY_BACK[0], "the application is well")
        return swapped | {
            "safety_backup_id": self._journal.memory.get("safety_backup_id"),
            "downtime_seconds": downtime,
            "health": health,
            **self._new.result(),
        }

    def _proof(self, stop: StopSignal) -> str:
        with self._context.database.transaction() as connection:
            plan = plans.get(connection, self._operation.id)
        heads = ",".join(sorted(plan.body.get("heads", ()))) if plan else ""
        migrations, restored = self._settings.migrations, self._new.backup.manifest.revision
        if migrations is None or not heads:
            return await_proof(self._settings, self._server, None, stop)
        if migrations.on_start is False:
            return await_proof(self._settings, self._server, {restored}, stop)
        # Which service migrates is not known, and one that nobody configured may as well.
        services = {service.name for service in self._settings.application.services}
        migrates = migrations.on_start and services and services <= set(self._journal.memory.get("running", ()))
        return await_proof(self._settings, self._server, {heads} if migrates else {restored, heads}, stop)

    def _go_back(self, stop: StopSignal) -> None:
        """The former database is live again; what the application wrote to the restored one is kept with it, aside."""
        kept = aside_name(self._live, f"{self._operation.id}r")
        with self._journal.step(WAY_BACK[0]) as notes:
            self._outage.stop_again()
            # Before the swap: a worker that is killed after it has nobody who would find this database again.
            with self._context.database.transaction() as state:
                operations.note_result(state, self._operation.id, {"aside_database": kept})
            with self._server.maintenance(self._aside) as connection:
                self._closing.begins()
                swap(connection, self._live, self._aside, kept, stop=stop)
                self._closing.ended()
            notes.detail = f"the restored database is kept as {kept}, closed"

    def roll_back(self) -> str:
        """Everything as it was, unless the swap was made; the services run either way."""
        begun = self._journal.memory.get("begun")
        remaining = self._new.end_tools()
        if begun:
            left = self._undo()
            remaining = self._new.end_tools_left(remaining)
        else:
            left = f"{self._live} was only read, and no service was touched."
        self._new.remove_archive()
        return " ".join(filter(None, (left, remaining, self._settle_pending())))

    def _undo(self) -> str:
        try:
            swapped = self._undo_database()
        except Exception as error:
            error.add_note(self._outage.break_off())
            raise
        services = self._outage.break_off()
        if swapped:
            self._note_swap()
            return (
                f"The restored data is in place as {self._live} and verified; {self._kept()}, "
                f"and undo {self._operation.target} puts it back. {services}"
            )
        return f"{self._live} is as it was, with all its data. {services}"

    def _kept(self) -> str:
        return f"the former database is kept as {self._aside}, closed"

    def _note_swap(self) -> dict[str, Any]:
        """Written down as soon as it is so, whatever comes: an undo finds its way by it."""
        now = self._context.now()
        swapped = {
            "backup_id": self._new.backup.id,
            "swapped_at": now.isoformat(),
            "aside_database": self._aside,
            "aside_until": (now + self._settings.keep_old_for).isoformat(),
        }
        with self._context.database.transaction() as connection:
            swapped |= asides.first_noted(connection, self._operation.id)
            operations.note_result(connection, self._operation.id, swapped)
        return swapped

    def _undo_database(self) -> bool:
        with self._server.maintenance(self._scratch) as connection:
            swapped = swap_state(connection, self._live, self._scratch, self._aside) is SwapState.DONE
            self._closing.undo(connection)
            if swapped:
                return True
            drop_database(connection, self._scratch, live=self._live)
        return False

    def _settle_pending(self) -> str:
        """What storage could not be rid of yet of a safety backup that was broken off, in a sentence."""
        pending = self._journal.memory.get("safety_pending")
        if not pending:
            return ""
        return settle_or_later(self._context, self._engine, self._operation, self._journal, str(pending)).left

    def _take_safety_backup(self, stop: StopSignal) -> str:
        if pending := self._journal.memory.get("safety_pending"):
            settle(self._context, self._engine, self._operation, str(pending))
        order = BackupOrder(
            backup_id=self._context.new_id(),
            target=self._operation.target,
            kind=BackupKind.SAFETY,
            operation_id=self._operation.id,
            note=f"before restoring {self._new.backup.id}",
        )
        self._journal.remember(safety_pending=order.backup_id)
        backup = self._engine.take(order, stop, self._journal.progress)
        record(self._context, backup)
        self._journal.remember(safety_pending=None, safety_backup_id=backup.id)
        return backup.id
