"""What a restore of single tables does: they come into a schema of their own, and nothing that lives is touched."""

from __future__ import annotations

from typing import Any

from bot.errors import VerificationFailed
from bot.models import TableDigest
from bot.operations.restore_work import RestoreWork
from bot.operations.staging import make_folder, remove_folder, staging_folder
from bot.operations.tooling import noting_containers, open_tools, remove_remains_now
from bot.postgres.connection import server_of
from bot.postgres.facts import server_facts
from bot.postgres.load import create_database
from bot.postgres.side import Table, copy_to_side, digests, drop_side, load_tables, side_schema_name, side_tables
from bot.postgres.swap import drop_database, scratch_name
from bot.runtime.stop import StopSignal
from bot.storage import fetch_archive

STEPS = (
    ("preconditions", "Check the plan against the world"),
    ("verify_objects", "Fetch the backup and verify its checksums"),
    ("load", "Restore the tables into a scratch database"),
    ("verify_digests", "Compare row counts and digests"),
    ("copy", "Copy the tables into their schema"),
    ("verify_copy", "Compare the copies"),
)


class SideCourse:
    def __init__(self, work: RestoreWork) -> None:
        self._context, self._operation, self._journal = work.context, work.operation, work.journal
        self._engine = work.engine
        operation = work.operation
        self._backup = work.backups.get(operation.target, str(operation.parameters["backup_id"]))
        self._settings = work.context.target(operation.target)
        self._server = server_of(self._settings, work.context.environment)
        self._scratch = scratch_name(self._server.database, operation.id)
        self._side = side_schema_name(operation.id)
        self._only: list[str] = list(operation.parameters["only"])
        self._digests = {table.table: table for table in self._backup.manifest.digest.tables}

    def run(self, stop: StopSignal) -> dict[str, Any]:
        """From the approved plan to the verified copies."""
        self._fetch(stop)
        tables = self._load(stop)
        with self._journal.step("verify_digests") as notes, self._server.connect(self._scratch) as connection:
            notes.detail = self._compared(digests(connection, tables, self._hashed), "restored")
        with self._journal.step("copy") as notes:
            server, jobs = self._server, self._settings.jobs
            names = copy_to_side(server, self._scratch, server, self._side, tables, jobs, stop=stop)
            notes.detail = self._side
        with self._journal.step("verify_copy") as notes, self._server.connect() as connection:
            copies = side_tables(connection, self._side, names)
            notes.detail = self._compared(digests(connection, copies, self._hashed), "copied")
        self._drop_scratch()
        return {
            "backup_id": self._backup.id,
            "side_schema": self._side,
            "only": names,
            "tables": len(tables),
            "rows": sum(self._digests[name].rows for name in self._only),
        }

    def roll_back(self) -> str:
        """Nothing is left of it."""
        remaining = self._end_tools()
        self._drop_scratch()
        with self._server.connect() as connection:
            drop_side(connection, self._side)
        # Their container, which did not run then, may be back with its database.
        remaining = remaining and self._end_tools()
        return f"{self._server.database} is as it was; no schema {self._side} is left. {remaining}".rstrip()

    def _end_tools(self) -> str:
        return remove_remains_now(self._context, self._operation.target, self._operation.id)

    def _fetch(self, stop: StopSignal) -> None:
        manifest, staging = self._backup.manifest, self._context.settings.staging
        with self._journal.step("verify_objects") as notes:
            fetch_archive(
                self._engine.sources_of(self._operation.target),
                self._backup,
                make_folder(staging, self._operation.id, manifest.dump_bytes),
                stop=stop,
                on_progress=lambda done: self._journal.progress(done, manifest.archive_bytes),
            )
            notes.detail = "every object's SHA-256 is the manifest's"

    def _load(self, stop: StopSignal) -> list[Table]:
        with self._server.connect() as connection:
            major = server_facts(connection).major
        staging, owner = self._context.settings.staging, self._operation.id
        archive, noting = staging_folder(staging, owner), noting_containers(self._context, owner)
        with (
            self._journal.step("load") as notes,
            open_tools(
                self._settings, staging, owner, self._server, major, stop=stop, before_containers=noting
            ) as tools,
        ):
            with self._server.maintenance(self._scratch) as connection:
                create_database(connection, self._scratch, self._backup.manifest.properties)
            tables = load_tables(
                self._server, tools, archive, self._scratch, self._only, self._settings.jobs, stop=stop
            )
            notes.detail = ", ".join(table.quoted for table in tables)
        remove_folder(staging, owner)
        return tables

    def _hashed(self, name: str) -> bool:
        return self._digests[name].content is not None

    def _compared(self, found: list[TableDigest], how: str) -> str:
        actual = {table.table: table for table in found}
        differences = [
            f"{name}: {self._digests[name].rows:,} rows in the backup, "
            f"{actual[name].rows if name in actual else 0:,} {how}, or their content differs"
            for name in self._only
            if actual.get(name) != self._digests[name]
        ]
        if differences:
            raise VerificationFailed(f"What was {how} differs from the backup: {differences[0]}", differences)
        return f"{sum(table.rows for table in found):,} rows in {len(found)} tables are equal"

    def _drop_scratch(self) -> None:
        with self._server.maintenance(self._scratch) as connection:
            drop_database(connection, self._scratch, live=self._server.database)
        remove_folder(self._context.settings.staging, self._operation.id)
