"""A backup's database, made beside the live one: steps that a restore and a restore under a new name share."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from functools import cached_property
from typing import Any

from bot.errors import PlanVoid, VerificationFailed
from bot.models import Backup
from bot.operations.origin import is_elsewhere, masking_of, masks, place_properties, source_of
from bot.operations.restore_work import RestoreWork
from bot.operations.staging import make_folder, remove_folder, staging_folder
from bot.operations.tooling import noting_containers, open_tools, remove_remains_now
from bot.postgres import masking
from bot.postgres.closed import hand_over, lend_public, take_back_public
from bot.postgres.connection import server_of
from bot.postgres.digest import compare, database_digest, hashed_in
from bot.postgres.discretion import values_untold
from bot.postgres.facts import database_facts, server_facts
from bot.postgres.load import analyze, apply_properties, create_database, load
from bot.postgres.masking import MaskingScript
from bot.postgres.needs import demand, needs_of_archive
from bot.postgres.swap import scratch_name
from bot.postgres.tools import Tools
from bot.runtime.stop import StopSignal
from bot.storage import fetch_archive
from bot.store import plans

LOAD = ("load", "Restore into it")
PROPERTIES = ("properties", "Carry settings, grants and ownership")
ANALYZE = ("analyze", "Analyze")
VERIFY = ("verify_digests", "Compare row counts and digests")
MASK = ("mask", "Mask rows while nobody else can connect")


class Building:
    def __init__(self, work: RestoreWork) -> None:
        self._context, self._operation, self._journal = work.context, work.operation, work.journal
        self._backups, self._engine = work.backups, work.engine
        self._settings = work.context.target(work.operation.target)
        self.server = server_of(self._settings, work.context.environment)
        self.database = scratch_name(self.server.database, work.operation.id)

    @cached_property
    def backup(self) -> Backup:
        return self._backups.get(source_of(self._operation), str(self._operation.parameters["backup_id"]))

    @cached_property
    def properties(self) -> Mapping[str, Any]:
        """What the new database is made with, and gets in the end."""
        with self.server.connect() as connection:
            live = database_facts(connection, self.server.database)
        return place_properties(self._operation, self.backup.manifest.properties, live)

    def fetch(self, stop: StopSignal) -> None:
        with self._journal.step("verify_objects") as notes:
            manifest = self.backup.manifest
            fetch_archive(
                self._engine.sources_of(self.backup.target),
                self.backup,
                make_folder(self._context.settings.staging, self._operation.id, manifest.dump_bytes),
                stop=stop,
                on_progress=lambda done: self._journal.progress(done, manifest.archive_bytes),
            )
            self._demand_needs(stop)
            notes.detail = "every object's SHA-256 is the manifest's; all that it needs is here"

    def create(self, *, closed: bool = False) -> None:
        """Empty; `closed`, or where rows are to be masked, to all but Baseliner's own role and superusers."""
        with self._journal.step("create_database") as notes, self.server.maintenance(self.database) as connection:
            closed = closed or self._masks
            create_database(connection, self.database, self.properties, closed=closed)
            if closed:
                with self.server.connect(self.database) as inside:
                    lend_public(inside, self.properties["owner"])
            notes.detail = self.database

    def fill(self, stop: StopSignal) -> None:
        """Whole, verified, masked where that is set."""
        self.load(stop)
        if self._masks:
            self.verify(stop)
            self.mask(stop)
            self.carry_properties()
            self.analyze(stop)
        else:
            self.carry_properties()
            self.analyze(stop)
            self.verify(stop)

    def load(self, stop: StopSignal) -> None:
        expected = self.backup.manifest.database_bytes
        with self._journal.step(LOAD[0]), self._discreet(), self._tools(stop) as tools:
            load(
                self.server,
                tools,
                staging_folder(self._context.settings.staging, self._operation.id),
                self.database,
                self._settings.jobs,
                index_memory=self._settings.maintenance_work_mem,
                stop=stop,
                on_progress=lambda done: self._journal.progress(done, expected),
            )

    def verify(self, stop: StopSignal) -> None:
        with self._journal.step(VERIFY[0]) as notes:
            with self._discreet(), self.server.connect(self.database, autocommit=False) as connection:
                expected = self.backup.manifest.digest
                actual = database_digest(connection, stop=stop, hashed=hashed_in(expected))
            differences = compare(expected, actual, same_major=self._same_major())
            if differences:
                raise VerificationFailed(
                    f"The restored database differs from the backup in {len(differences)} place(s): {differences[0]}",
                    differences,
                )
            notes.detail = f"{expected.rows:,} rows in {len(expected.tables)} tables are equal"

    def mask(self, stop: StopSignal) -> None:
        """By the very file that was approved, or not at all."""
        with self._journal.step(MASK[0]) as notes:
            script = self._approved_script()
            changed = masking.mask(self.server, self.database, script, stop=stop)
            self._journal.remember(masked=len(script.statements))
            notes.detail = f"{len(script.statements)} statements of {script.path} changed {len(changed)} tables"

    def carry_properties(self) -> None:
        with self._journal.step(PROPERTIES[0]) as notes, self.server.connect(self.database) as connection:
            if self._masks:
                self.take_back()
            with connection.transaction():
                if self._masks:
                    hand_over(connection, self.database, self.properties["owner"])
                demand_alike(apply_properties(connection, self.database, self.properties))
            whose = f"{self._operation.target}'s" if is_elsewhere(self._operation) else "the backup's"
            notes.detail = f"owner, encoding, locale, grants and settings are {whose}"

    def take_back(self) -> None:
        """What the later owner of a closed database had for the load alone."""
        with self.server.connect(self.database) as connection:
            take_back_public(connection, self.properties["owner"])

    def analyze(self, stop: StopSignal) -> None:
        with self._journal.step(ANALYZE[0]):
            analyze(self.server, self.database, stop=stop)

    def result(self) -> dict[str, Any]:
        """What can be said of the rows."""
        digest = self.backup.manifest.digest
        told: dict[str, Any] = {"tables": len(digest.tables), "rows": digest.rows}
        if is_elsewhere(self._operation):
            told |= {"source": self.backup.target, "masked": self._journal.memory.get("masked", 0)}
        return told

    def end_tools(self) -> str:
        """Those that a worker which was killed left running; returns what may still be, in a sentence."""
        return remove_remains_now(self._context, self._operation.target, self._operation.id)

    def end_tools_left(self, left: str) -> str:
        """The same where some may be `left`: their container, which did not run then, may be back with its database."""
        return self.end_tools() if left else ""

    def remove_archive(self) -> None:
        remove_folder(self._context.settings.staging, self._operation.id)

    @property
    def _masks(self) -> bool:
        return masks(self._context, self._operation)

    def _discreet(self) -> AbstractContextManager[None]:
        return values_untold() if self._masks else nullcontext()

    def _approved_script(self) -> MaskingScript:
        script = masking_of(self._context, self._operation)
        with self._context.database.transaction() as connection:
            plan = plans.get(connection, self._operation.id)
        approved = plan.body["source"]["masking_sha256"] if plan is not None else None
        if script is None or script.sha256 != approved:
            raise PlanVoid(
                "The masking file is not the one that was approved any more.", "Ask for a new restore with this file."
            )
        return script

    def _demand_needs(self, stop: StopSignal) -> None:
        archive = staging_folder(self._context.settings.staging, self._operation.id)
        with self.server.connect() as connection, self._tools(stop) as tools:
            demand(connection, needs_of_archive(tools, archive, stop=stop))

    def _tools(self, stop: StopSignal) -> AbstractContextManager[Tools]:
        with self.server.connect() as connection:
            major = server_facts(connection).major
        staging = self._context.settings.staging
        owner = self._operation.id
        noting = noting_containers(self._context, owner)
        return open_tools(self._settings, staging, owner, self.server, major, stop=stop, before_containers=noting)

    def _same_major(self) -> bool:
        with self.server.connect() as connection:
            return server_facts(connection).version_num // 10000 == self.backup.manifest.server_version_num // 10000


def demand_alike(differences: list[str]) -> None:
    """Raises VerificationFailed."""
    if differences:
        raise VerificationFailed("Database properties could not be carried over.", differences)
