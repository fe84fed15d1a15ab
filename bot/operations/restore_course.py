"""What a restore does between its approval and its result."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from functools import cached_property
from typing import Any

from bot.errors import ServiceFailed, VerificationFailed
from bot.models import Backup, BackupKind, Operation, StepState
from bot.operations.backup_engine import BackupEngine, BackupOrder
from bot.operations.backup_job import record, settle
from bot.operations.backups import Backups
from bot.operations.context import Context
from bot.operations.journal import Journal
from bot.operations.staging import make_folder, remove_folder, staging_folder
from bot.postgres.connection import Server, server_of
from bot.postgres.digest import compare, database_digest, hashed_in
from bot.postgres.facts import server_facts
from bot.postgres.load import analyze, apply_properties, create_database, load
from bot.postgres.swap import SwapState, aside_name, drop_database, reopen, scratch_name, swap, swap_state
from bot.postgres.tools import find_tools
from bot.runtime.services import Services
from bot.runtime.stop import StopSignal
from bot.storage import fetch_archive


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
        self._services = Services(self._settings.application)
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
            notes.detail = "every object's SHA-256 is the manifest's"
        with self._journal.step("safety_backup") as notes:
            notes.detail = self._take_safety_backup(stop)

    def replace(self, stop: StopSignal) -> None:
        """From the stop of the services to the swap."""
        self._journal.remember(
            begun=True,
            running=[name for name in self._services.names if self._services.running(name)],
            stopped_at=self._context.now().isoformat(),
        )
        with self._journal.step("stop_services") as notes:
            stopped = self._services.stop(self._journal.memory["running"])
            notes.detail = ", ".join(stopped) or "no service was running"
        self._journal.remember(stopped=True)
        with self._journal.step("create_database") as notes, self._server.maintenance(self._scratch) as connection:
            create_database(connection, self._scratch, self._backup.manifest.properties)
            notes.detail = self._scratch
        self._fill(stop)
        self._verify(stop)
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
        self._remove_archive()
        with self._journal.step("start_services") as notes:
            started = self._services.start(self._journal.memory.get("running", []))
            notes.detail = ", ".join(started) or "none was running before"
        with self._journal.step("health") as notes:
            health = notes.detail = self._services.await_healthy(stop)
        now = self._context.now()
        stopped_at = self._journal.memory["stopped_at"]
        return {
            "backup_id": self._backup.id,
            "safety_backup_id": self._journal.memory.get("safety_backup_id"),
            "aside_database": self._aside,
            "aside_until": (now + self._settings.keep_old_for).isoformat(),
            "tables": len(self._backup.manifest.digest.tables),
            "rows": self._backup.manifest.digest.rows,
            "downtime_seconds": (now - type(now).fromisoformat(stopped_at)) / timedelta(seconds=1),
            "health": health,
        }

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
            services = self._start_services()
        if swapped:
            return f"The restored data is in place as {self._live} and verified; {self._kept()}. {services}"
        return f"{self._live} is as it was, with all its data. {services}"

    def _kept(self) -> str:
        return f"the former database is kept as {self._aside}, closed"

    def _start_services(self) -> str:
        """Each that ran, whatever the others do. Returns how they are, in a sentence."""
        problems = []
        for name in reversed(self._journal.memory["running"]):
            try:
                self._wait_for_a_stop_that_outlived_its_worker(name)
                self._services.start([name])
            except ServiceFailed as error:
                problems.append(str(error))
        return " ".join(problems) or "The services are as before."

    def _wait_for_a_stop_that_outlived_its_worker(self, name: str) -> None:
        if self._operation.attempt > 1 and not self._journal.memory.get("stopped"):
            # It would end what is started now. A second stop waits for it; whether it works is not what matters here.
            with suppress(ServiceFailed):
                self._services.stop([name])

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
