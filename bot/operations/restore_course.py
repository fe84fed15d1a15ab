"""What a restore does between its approval and its result."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from bot.errors import ServiceFailed, VerificationFailed
from bot.models import Backup, BackupKind, Downtime, Operation, StepState
from bot.operations.backup_engine import BackupEngine, BackupOrder
from bot.operations.backup_job import record, settle
from bot.operations.backups import Backups
from bot.operations.context import Context
from bot.operations.journal import Journal
from bot.operations.outage import Outage
from bot.operations.proof import await_proof
from bot.operations.staging import make_folder, remove_folder, staging_folder
from bot.postgres.connection import Server, server_of
from bot.postgres.digest import compare, database_digest, hashed_in
from bot.postgres.facts import server_facts
from bot.postgres.load import analyze, apply_properties, create_database, load
from bot.postgres.needs import demand, needs_of_archive
from bot.postgres.swap import SwapState, aside_name, drop_database, reopen, scratch_name, swap, swap_state
from bot.postgres.tools import find_tools
from bot.runtime.stop import StopSignal
from bot.storage import fetch_archive
from bot.store import operations, plans

WAY_BACK = ("way_back", "Swap back, since the application is not well")


class RestoreCourse:
    """One restore's way, and the way back from anywhere on it."""

    def __init__(
        self, context: Context, operation: Operation, journal: Journal, backups: Backups, engine: BackupEngine
    ) -> None:
        self._context = context
        self._operation = operation
        self._journal = journal
        self._engine = engine
        self._settings = context.target(operation.target)
        self._server: Server = server_of(self._settings, context.environment)
        self._live = self._server.database
        self._scratch = scratch_name(self._live, operation.id)
        self._aside = aside_name(self._live, operation.id)
        self._outage = Outage(self._settings.application, operation, journal, context.clock)
        self._at_swap = operation.parameters.get("downtime") == Downtime.AT_SWAP
        self._backups = backups

    @cached_property
    def _backup(self) -> Backup:
        return self._backups.get(self._operation.target, str(self._operation.parameters["backup_id"]))

    def swapped(self) -> bool:
        with self._server.maintenance(self._scratch) as connection:
            return swap_state(connection, self._live, self._scratch, self._aside) is SwapState.DONE

    def prepare(self, stop: StopSignal) -> None:
        """All that leaves the application as it is."""
        with self._journal.step("verify_objects") as notes:
            manifest = self._backup.manifest
            fetch_archive(
                self._engine.sources_of(self._operation.target),
                self._backup,
                make_folder(self._context.settings.staging, self._operation.id, manifest.dump_bytes),
                stop=stop,
                on_progress=lambda done: self._journal.progress(done, manifest.archive_bytes),
            )
            self._demand_needs(stop)
            notes.detail = "every object's SHA-256 is the manifest's; all that it needs is here"
        with self._journal.step("safety_backup") as notes:
            notes.detail = self._take_safety_backup(stop)

    def _demand_needs(self, stop: StopSignal) -> None:
        archive = staging_folder(self._context.settings.staging, self._operation.id)
        with self._server.connect() as connection:
            tools = find_tools(server_facts(connection).major, self._settings.tools)
            demand(connection, needs_of_archive(tools, archive, stop=stop))

    def replace(self, stop: StopSignal) -> None:
        """From the last step that leaves everything as it was to the swap."""
        self._journal.remember(begun=True)
        with self._journal.step("create_database") as notes, self._server.maintenance(self._scratch) as connection:
            create_database(connection, self._scratch, self._backup.manifest.properties)
            notes.detail = self._scratch
        if self._at_swap:
            self._build(stop)
            self._outage.begin()
        else:
            self._outage.begin()
            self._build(stop)
        with self._journal.step("swap") as notes, self._server.maintenance(self._scratch) as connection:
            swap(connection, self._live, self._scratch, self._aside, stop=stop)
            notes.detail = self._kept()

    def resume(self, stop: StopSignal) -> dict[str, Any]:
        """Finish what another worker swapped."""
        if next(step for step in self._operation.steps if step.name == "swap").state is not StepState.DONE:
            self._journal.found_done("swap", self._kept())
        return self.finish(stop)

    def finish(self, stop: StopSignal) -> dict[str, Any]:
        """From the swap to health; may be called again after a crash."""
        swapped = self._note_swap()
        self._remove_archive()
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
            "tables": len(self._backup.manifest.digest.tables),
            "rows": self._backup.manifest.digest.rows,
            "downtime_seconds": downtime,
            "health": health,
        }

    def _proof(self, stop: StopSignal) -> str:
        with self._context.database.transaction() as connection:
            plan = plans.get(connection, self._operation.id)
        heads = ",".join(sorted(plan.body.get("heads", ()))) if plan else ""
        migrations, restored = self._settings.migrations, self._backup.manifest.revision
        if migrations is None or not heads:
            return await_proof(self._settings, self._server, None, stop)
        if migrations.on_start is False or not self._journal.memory.get("running"):
            return await_proof(self._settings, self._server, {restored}, stop)
        return await_proof(self._settings, self._server, {heads} if migrations.on_start else {restored, heads}, stop)

    def _go_back(self, stop: StopSignal) -> None:
        """The former database is live again; what the application wrote to the restored one is kept with it, aside."""
        kept = aside_name(self._live, f"{self._operation.id}r")
        with self._journal.step(WAY_BACK[0]) as notes:
            self._outage.stop_again()
            # Before the swap: a worker that is killed after it has nobody who would find this database again.
            with self._context.database.transaction() as state:
                operations.note_result(state, self._operation.id, {"aside_database": kept})
            with self._server.maintenance(self._aside) as connection:
                swap(connection, self._live, self._aside, kept, stop=stop)
            notes.detail = f"the restored database is kept as {kept}, closed"

    def roll_back(self) -> str:
        """Everything as it was, unless the swap was made; the services run either way."""
        begun = self._journal.memory.get("begun")
        left = self._undo() if begun else f"{self._live} was only read, and no service was touched."
        self._remove_archive()
        self._settle_safety_backup()
        return left

    def _undo(self) -> str:
        try:
            swapped = self._undo_database()
        finally:
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
            "backup_id": self._backup.id,
            "swapped_at": now.isoformat(),
            "aside_database": self._aside,
            "aside_until": (now + self._settings.keep_old_for).isoformat(),
        }
        with self._context.database.transaction() as connection:
            operations.note_result(connection, self._operation.id, swapped)
        return swapped

    def _undo_database(self) -> bool:
        with self._server.maintenance(self._scratch) as connection:
            if swap_state(connection, self._live, self._scratch, self._aside) is SwapState.DONE:
                return True
            reopen(connection, self._live)
            drop_database(connection, self._scratch, live=self._live)
        return False

    def _settle_safety_backup(self) -> None:
        pending = self._journal.memory.get("safety_pending")
        if pending:
            settle(self._context, self._engine, self._operation, str(pending))

    def _take_safety_backup(self, stop: StopSignal) -> str:
        self._settle_safety_backup()
        order = BackupOrder(
            backup_id=self._context.new_id(),
            target=self._operation.target,
            kind=BackupKind.SAFETY,
            operation_id=self._operation.id,
            note=f"before restoring {self._backup.id}",
        )
        self._journal.remember(safety_pending=order.backup_id)
        backup = self._engine.take(order, stop, self._journal.progress)
        record(self._context, backup)
        self._journal.remember(safety_pending=None, safety_backup_id=backup.id)
        return backup.id

    def _build(self, stop: StopSignal) -> None:
        """The new database beside the live one, whole and verified."""
        self._fill(stop)
        self._verify(stop)

    def _fill(self, stop: StopSignal) -> None:
        with self._server.connect() as connection:
            tools = find_tools(server_facts(connection).version_num // 10000, self._settings.tools)
        expected = self._backup.manifest.database_bytes
        with self._journal.step("load"):
            load(
                self._server,
                tools,
                staging_folder(self._context.settings.staging, self._operation.id),
                self._scratch,
                self._settings.jobs,
                stop=stop,
                on_progress=lambda done: self._journal.progress(done, expected),
            )
        with self._journal.step("properties") as notes, self._server.connect(self._scratch) as connection:
            differences = apply_properties(connection, self._scratch, self._backup.manifest.properties)
            if differences:
                raise VerificationFailed("Database properties could not be carried over.", differences)
            notes.detail = "owner, encoding, locale, grants and settings are the backup's"
        with self._journal.step("analyze"):
            analyze(self._server, self._scratch, stop=stop)

    def _verify(self, stop: StopSignal) -> None:
        with self._journal.step("verify_digests") as notes:
            with self._server.connect(self._scratch, autocommit=False) as connection:
                expected = self._backup.manifest.digest
                actual = database_digest(connection, stop=stop, hashed=hashed_in(expected))
            differences = compare(expected, actual, same_major=self._same_major())
            if differences:
                raise VerificationFailed(
                    f"The restored database differs from the backup in {len(differences)} place(s): {differences[0]}",
                    differences,
                )
            notes.detail = f"{expected.rows:,} rows in {len(expected.tables)} tables are equal"

    def _same_major(self) -> bool:
        with self._server.connect() as connection:
            return server_facts(connection).version_num // 10000 == self._backup.manifest.server_version_num // 10000

    def _remove_archive(self) -> None:
        remove_folder(self._context.settings.staging, self._operation.id)
