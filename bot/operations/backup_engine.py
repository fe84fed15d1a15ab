"""Taking one backup: a snapshot, the dump and its digests from it, objects in storage, the manifest last."""

from __future__ import annotations

from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from psycopg import Connection
from psycopg.errors import LockNotAvailable

from bot.canonical import sha256_hex
from bot.errors import DatabaseUnreachable
from bot.models import Backup, BackupKind, DatabaseDigest, Manifest, StoredObject, TupleCounters
from bot.operations.context import Context
from bot.operations.images import current_images
from bot.operations.staging import remove_folder, staged
from bot.operations.storages import object_limit_of, primary_of, sources_of
from bot.operations.tooling import noting_containers, open_tools, remove_remains
from bot.postgres.changes import tuple_counters
from bot.postgres.connection import Server, server_of
from bot.postgres.dump import DumpResult, Snapshot, Spooling, dump, globals_sql, plain_dump
from bot.postgres.facts import (
    DatabaseFacts,
    ServerFacts,
    alembic_revision,
    database_facts,
    estimated_dump_bytes,
    server_facts,
)
from bot.postgres.holes import demand_holes
from bot.postgres.tools import Tools
from bot.runtime.stop import StopSignal
from bot.settings import TargetSettings
from bot.storage import Sources
from bot.storage.archive import ArchiveWriter
from bot.storage.base import Storage
from bot.storage.manifest import to_json
from bot.store import observations, staging

GLOBALS_OBJECT = "globals.sql.zst"
SCRIPT_OBJECT = "database.sql.zst"
_PATIENCE = "SET lock_timeout = '5s'"
_COMPRESSED_TO = 0.5
"""Guess of stored bytes to dumped bytes, to size the parts of an upload by."""


@dataclass(frozen=True)
class BackupOrder:
    """Which backup to take; `backup_id` is chosen before, so that what it left can be found after a crash."""

    backup_id: str
    target: str
    kind: BackupKind
    operation_id: str
    note: str = ""
    with_script: bool = False
    """beside the archive, the same snapshot as one SQL script, for people who want just a file"""


@dataclass(frozen=True)
class _Source:
    server: Server
    tools: Tools
    facts: ServerFacts
    database: DatabaseFacts
    revision: str | None
    expected_bytes: int
    counters: TupleCounters


class BackupEngine:
    def __init__(self, context: Context) -> None:
        self._context = context

    def storage_of(self, target: str) -> Storage:
        """The primary one."""
        return primary_of(self._context, target)

    def storage_name_of(self, target: str) -> str:
        """The primary one's, in the settings."""
        return self._context.target(target).storage[0]

    def sources_of(self, target: str) -> Sources:
        """Where its backups can be read, with the keys that open them."""
        return sources_of(self._context, target)

    def take(self, order: BackupOrder, stop: StopSignal, on_progress: Callable[[int, int | None], None]) -> Backup:
        """Dump, digest, upload, commit. Nothing that it leaves behind on failure counts; `discard` removes it."""
        started_at = self._context.now()
        storage = self.storage_of(order.target)
        settings = self._context.target(order.target)
        with self._context.database.transaction() as state:
            staging.note(state, order.operation_id, order.backup_id)
        with self._source(order, stop) as source, self._archive(order, source, storage) as archive:
            with Snapshot(source.server) as snapshot, _beside(snapshot, settings, stop) as digesting:
                result = self._dump(order, source, archive, snapshot.id, stop, on_progress)
                if order.with_script:
                    script = archive.open(SCRIPT_OBJECT, "script", int(source.expected_bytes * _COMPRESSED_TO))
                    plain_dump(source.server, source.tools, snapshot.id, script.write, stop=stop)
                digest = digesting()
            self._globals(source, archive, stop)
            objects = archive.complete()
            manifest = self._manifest(order, source, result, digest, objects, started_at)
            return self._entry(manifest, order.operation_id, storage, storage.put_manifest(manifest))

    def find(self, target: str, backup_id: str, operation_id: str) -> Backup | None:
        """A backup that was committed but not recorded yet: it exists, because its manifest does."""
        storage = self.storage_of(target)
        if backup_id not in storage.list_backups(target):
            return None
        manifest = storage.get_manifest(target, backup_id)
        return self._entry(manifest, operation_id, storage, sha256_hex(to_json(manifest).decode()))

    def discard(self, target: str, backup_id: str) -> str:
        """Remove what a broken backup left; returns what may not be removed, in a sentence.

        Raises StorageFailed, EngineUnreachable; what can be removed is, all the same.
        """
        # A tool that a killed worker left in a container may write still: it ends first.
        try:
            try:
                left = remove_remains(self._context, target, backup_id)
            finally:
                kept = self.storage_of(target).discard(target, backup_id)
        finally:
            remove_folder(self._context.settings.staging, backup_id)
        return " ".join(filter(None, (kept, left)))

    def _entry(self, manifest: Manifest, operation_id: str, storage: Storage, manifest_sha256: str) -> Backup:
        return Backup(
            id=manifest.backup_id,
            target=manifest.target,
            kind=manifest.kind,
            operation_id=operation_id,
            storage=self.storage_name_of(manifest.target),
            location=storage.location(manifest.target, manifest.backup_id),
            manifest_sha256=manifest_sha256,
            manifest=manifest,
        )

    @contextmanager
    def _source(self, order: BackupOrder, stop: StopSignal) -> Generator[_Source]:
        settings = self._context.target(order.target)
        server = server_of(settings, self._context.environment)
        with server.connect() as connection:
            connection.execute(_PATIENCE)
            facts = server_facts(connection)
            database = database_facts(connection, server.database)
            revision = alembic_revision(connection, settings.version_table)
            expected, counters = _expected_bytes(connection, database), tuple_counters(connection)
        with self._context.database.transaction() as state:
            observations.record_target(
                state,
                order.target,
                server.database,
                facts.system_identifier,
                facts.version,
                database.size,
                self._context.now(),
            )
        area = self._context.settings.staging
        noting = noting_containers(self._context, order.backup_id)
        with open_tools(
            settings, area, order.backup_id, server, facts.major, stop=stop, before_containers=noting
        ) as tools:
            yield _Source(server, tools, facts, database, revision, expected, counters)

    def _archive(self, order: BackupOrder, source: _Source, storage: Storage) -> ArchiveWriter:
        expected = int(source.expected_bytes * _COMPRESSED_TO)
        return ArchiveWriter(
            storage,
            order.target,
            order.backup_id,
            expected,
            self._context.target(order.target).compression,
            recipients=self._recipients(order.target),
            object_limit=object_limit_of(self._context, order.target),
        )

    def _recipients(self, target: str) -> tuple[str, ...]:
        encryption = self._context.target(target).encryption
        return encryption.recipients if encryption else ()

    def _dump(
        self,
        order: BackupOrder,
        source: _Source,
        archive: ArchiveWriter,
        snapshot_id: str,
        stop: StopSignal,
        on_progress: Callable[[int, int | None], None],
    ) -> DumpResult:
        area = self._context.settings.staging
        needed = min(area.limit, source.expected_bytes)
        with staged(area, order.backup_id, needed) as folder:
            demand_holes(folder)
            return dump(
                source.server,
                source.tools,
                snapshot_id,
                Spooling(folder / "archive", area.limit, archive.open_file),
                jobs=self._context.target(order.target).jobs,
                stop=stop,
                on_progress=lambda done: on_progress(done, source.expected_bytes),
            )

    def _globals(self, source: _Source, archive: ArchiveWriter, stop: StopSignal) -> None:
        item = archive.open(GLOBALS_OBJECT, "globals")
        item.write(globals_sql(source.server, source.tools, stop=stop))

    def _manifest(
        self,
        order: BackupOrder,
        source: _Source,
        result: DumpResult,
        digest: DatabaseDigest,
        objects: tuple[StoredObject, ...],
        started_at: datetime,
    ) -> Manifest:
        return Manifest(
            backup_id=order.backup_id,
            target=order.target,
            kind=order.kind,
            database=source.server.database,
            system_identifier=source.facts.system_identifier,
            server_version=source.facts.version,
            server_version_num=source.facts.version_num,
            started_at=started_at,
            finished_at=self._context.now(),
            objects=objects,
            digest=digest,
            database_bytes=source.database.size,
            dump_bytes=result.raw_bytes,
            revision=source.revision,
            properties=source.database.as_properties(),
            tools_version=source.tools.version,
            tools_mode=source.tools.mode,
            archive_format=result.format,
            note=order.note,
            images=current_images(self._context, order.target),
            recipients=self._recipients(order.target),
            counters=source.counters,
        )


@contextmanager
def _beside(snapshot: Snapshot, settings: TargetSettings, stop: StopSignal) -> Generator[Callable[[], DatabaseDigest]]:
    """Digest the same snapshot while the dump runs; the callable waits for the outcome, or for `stop`."""
    # A stop of its own: a dump that fails must not wait for a digest that nobody needs any more.
    own = StopSignal()
    with ThreadPoolExecutor(1, thread_name_prefix="digest") as executor:
        future = executor.submit(
            snapshot.digest, stop=own, hashed_up_to_bytes=settings.hash_tables_up_to, processes=settings.jobs
        )

        def outcome() -> DatabaseDigest:
            while not wait([future], timeout=0.2).done:
                stop.check()
            return future.result()

        try:
            yield outcome
        finally:
            own.set("the dump beside it has ended")


def _expected_bytes(connection: Connection, database: DatabaseFacts) -> int:
    """The estimate; the whole database where a table is locked, since the dump names who holds it better."""
    try:
        return estimated_dump_bytes(connection)
    except DatabaseUnreachable as error:
        if not isinstance(error.__cause__, LockNotAvailable):
            raise
        return database.size
