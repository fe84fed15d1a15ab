"""The drill operation: a backup restored into a scratch database, compared, examined, dropped."""

from __future__ import annotations

import time
from collections.abc import Generator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.errors import VerificationFailed
from bot.models import Backup, Operation
from bot.operations.backup_engine import BackupEngine
from bot.operations.backups import Backups
from bot.operations.context import Context
from bot.operations.journal import Journal
from bot.operations.scratch import Scratch, drop_scratch, open_scratch
from bot.operations.staging import make_folder, remove_folder
from bot.postgres.digest import compare, database_digest, hashed_in
from bot.postgres.facts import server_facts
from bot.postgres.load import analyze, load
from bot.postgres.scratch import check_structure
from bot.postgres.smoke import run_smoke
from bot.runtime.stop import StopSignal
from bot.settings import TargetSettings
from bot.storage import fetch_archive, fetch_text
from bot.store.verification import note_verified

STEPS = (
    ("verify_objects", "Fetch the backup and verify its checksums"),
    ("scratch", "Make a scratch database"),
    ("load", "Restore into it"),
    ("verify_digests", "Compare row counts and digests"),
    ("structure", "Check tables and indexes (pg_amcheck)"),
    ("smoke", "Run the smoke queries"),
    ("record", "Note the backup as verified"),
)


class DrillJob:
    locks_target = False
    threaded = False
    attempts = 3
    patience = 0.0

    def __init__(self, context: Context, backups: Backups, engine: BackupEngine) -> None:
        self._context = context
        self._backups = backups
        self._engine = engine

    def run(self, operation: Operation, journal: Journal, stop: StopSignal) -> Mapping[str, Any]:
        journal.plan(STEPS)
        settings = self._context.target(operation.target)
        drop_scratch(self._context, settings, operation.id)
        backup = self._backups.get(operation.target, str(operation.parameters["backup_id"]))
        journal.remember(backup_id=backup.id)
        drill = _Drill(self._context, self._engine, operation, journal, stop, settings, backup)
        return drill.run()

    def clean_up(self, operation: Operation, _journal: Journal) -> str:
        try:
            left = drop_scratch(self._context, self._context.target(operation.target), operation.id)
        finally:
            remove_folder(self._context.settings.staging, operation.id)
        gone = f"{operation.target} was not touched: a drill works on a copy, which is gone."
        return f"{gone} {left}".rstrip()


@dataclass(frozen=True)
class _Drill:
    context: Context
    engine: BackupEngine
    operation: Operation
    journal: Journal
    stop: StopSignal
    settings: TargetSettings
    backup: Backup

    def run(self) -> dict[str, Any]:
        with ExitStack() as stack:
            begun = time.monotonic()
            folder = stack.enter_context(self._fetched())
            with self.journal.step("scratch") as notes:
                scratch = stack.enter_context(
                    open_scratch(
                        self.context,
                        self.settings,
                        self.operation.id,
                        self.backup,
                        self._roles,
                        folder,
                        stop=self.stop,
                    )
                )
                notes.detail = scratch.where
            self._load(scratch, folder / "archive")
            seconds = time.monotonic() - begun
            self._compare(scratch)
            structure = self._check_structure(scratch)
            queries = self._smoke(scratch)
        with self.journal.step("record") as notes:
            self._record(seconds)
            notes.detail = f"{self.backup.id} is verified"
        digest = self.backup.manifest.digest
        return {
            "backup_id": self.backup.id,
            "restore_seconds": seconds,
            "tables": len(digest.tables),
            "rows": digest.rows,
            "only_counted": list(digest.only_counted),
            "structure": structure,
            "smoke_queries": queries,
        }

    def _roles(self) -> str:
        storage = self.engine.sources_of(self.operation.target)
        return fetch_text(storage, self.backup, "globals", stop=self.stop)

    @contextmanager
    def _fetched(self) -> Generator[Path]:
        staging, manifest = self.context.settings.staging, self.backup.manifest
        with self.journal.step("verify_objects") as notes:
            # Twice: unpacked beside the archive lies the scratch cluster's copy.
            folder = make_folder(staging, self.operation.id, manifest.dump_bytes + manifest.database_bytes)
            (folder / "archive").mkdir(mode=0o700)
            fetch_archive(
                self.engine.sources_of(self.operation.target),
                self.backup,
                folder / "archive",
                stop=self.stop,
                on_progress=lambda done: self.journal.progress(done, manifest.archive_bytes),
            )
            notes.detail = "every object's SHA-256 is the manifest's"
        try:
            yield folder
        finally:
            remove_folder(staging, self.operation.id)

    def _load(self, scratch: Scratch, archive: Path) -> None:
        expected = self.backup.manifest.database_bytes
        with self.journal.step("load") as notes:
            load(
                scratch.server,
                scratch.tools,
                archive,
                scratch.database,
                self.settings.jobs,
                index_memory=self.settings.maintenance_work_mem,
                stop=self.stop,
                on_progress=lambda done: self.journal.progress(done, expected),
            )
            analyze(scratch.server, scratch.database, stop=self.stop)
            notes.detail = scratch.database

    def _compare(self, scratch: Scratch) -> None:
        expected = self.backup.manifest.digest
        with self.journal.step("verify_digests") as notes:
            with scratch.server.connect(scratch.database, autocommit=False) as connection:
                major = server_facts(connection).version_num // 10000
                actual = database_digest(connection, stop=self.stop, hashed=hashed_in(expected))
            same_major = major == self.backup.manifest.server_version_num // 10000
            differences = compare(expected, actual, same_major=same_major)
            if differences:
                raise VerificationFailed(
                    f"What was restored differs from the backup in {len(differences)} place(s): {differences[0]}",
                    differences,
                )
            notes.detail = f"{expected.rows:,} rows in {len(expected.tables)} tables are equal"

    def _check_structure(self, scratch: Scratch) -> str:
        if scratch.examiner is None:
            self.journal.skip("structure", "a configured scratch server is its operator's own")
            return "not checked"
        with self.journal.step("structure") as notes:
            found = check_structure(scratch.examiner, scratch.server, scratch.database, stop=self.stop)
            if found:
                raise VerificationFailed(f"pg_amcheck found damage: {found.splitlines()[0]}", found.splitlines())
            notes.detail = "no damage" if found == "" else "left out: pg_amcheck or amcheck is not installed there"
            return notes.detail

    def _smoke(self, scratch: Scratch) -> int:
        queries = self.settings.drill.smoke
        if not queries:
            self.journal.skip("smoke", "no smoke queries are set")
            return 0
        with self.journal.step("smoke") as notes:
            with scratch.server.connect(scratch.database) as connection:
                run_smoke(connection, queries, stop=self.stop)
            notes.detail = f"{len(queries)} passed"
        return len(queries)

    def _record(self, seconds: float) -> None:
        with self.context.database.transaction() as connection:
            note_verified(connection, self.backup.id, self.operation.id, self.context.now(), seconds)
