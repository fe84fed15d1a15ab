"""A backup and a restore, made of the engine's own pieces as an operation makes them."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pydantic import SecretStr

from bot.models import Backup, BackupKind, Manifest
from bot.operations.staging import staged
from bot.postgres.connection import Server, server_of
from bot.postgres.digest import compare, database_digest, hashed_in
from bot.postgres.dump import Snapshot, Spooling, dump
from bot.postgres.facts import alembic_revision, database_facts, server_facts
from bot.postgres.load import apply_properties, create_database, load
from bot.postgres.tools import Tools, find_tools
from bot.runtime.stop import StopSignal
from bot.settings import Staging, TargetSettings
from bot.storage import Storage, fetch_archive
from bot.storage.archive import ArchiveWriter
from sandbox.cluster import Cluster

TARGET = "inventory"
BACKUP_ID = "20261122T101500Z-7k3f"
STAGING = Staging(path=Path(tempfile.gettempdir()) / f"baseliner-staging-{os.getpid()}")


@dataclass(frozen=True)
class Engine:
    """One server with the tools of its version."""

    server: Server
    tools: Tools

    def execute(self, *statements: str, database: str | None = None) -> None:
        with self.server.connect(database) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def value(self, query: str, database: str | None = None) -> object:
        with self.server.connect(database) as connection:
            row = connection.execute(query.encode()).fetchone()
        return row[0] if row else None


def server_at(dsn: str) -> Server:
    """The server of a target with this DSN and nothing from the environment."""
    return server_of(TargetSettings(dsn=SecretStr(dsn), storage="any"), {})


def engine_of(cluster: Cluster, dsn: str) -> Engine:
    return Engine(server_at(dsn), find_tools(cluster.major, [cluster.bin_dir]))


def take_backup(
    engine: Engine,
    storage: Storage,
    during: Callable[[], object] = lambda: None,
    room: int = 1 << 30,
    hashed_up_to_bytes: int = 1 << 40,
) -> Backup:
    """Dump to storage and commit; `during` runs after the snapshot was taken, before anything is read in it."""
    server, stop = engine.server, StopSignal()
    with server.connect() as connection:
        facts, database = server_facts(connection), database_facts(connection, server.database)
        revision = alembic_revision(connection)
    started_at = datetime.now(UTC)
    with ArchiveWriter(storage, TARGET, BACKUP_ID, 0, 3) as archive, staged(STAGING, BACKUP_ID, 0) as folder:
        with Snapshot(server) as snapshot:
            during()
            digest = snapshot.digest(stop=stop, hashed_up_to_bytes=hashed_up_to_bytes, processes=2)
            spooling = Spooling(folder / "archive", room, archive.open_file)
            result = dump(server, engine.tools, snapshot.id, spooling, jobs=2, stop=stop)
        objects = archive.complete()
    manifest = Manifest(
        backup_id=BACKUP_ID,
        target=TARGET,
        kind=BackupKind.ON_DEMAND,
        database=server.database,
        system_identifier=facts.system_identifier,
        server_version=facts.version,
        server_version_num=facts.version_num,
        started_at=started_at,
        finished_at=datetime.now(UTC),
        objects=objects,
        digest=digest,
        database_bytes=database.size,
        dump_bytes=result.raw_bytes,
        revision=revision,
        properties=database.as_properties(),
        tools_version=engine.tools.version,
    )
    return committed(storage, manifest)


class Nothing:
    """Takes the files of an archive and forgets them."""

    def write(self, data: bytes | memoryview) -> None:
        pass

    def seal(self) -> None:
        pass


def nowhere(directory: Path) -> Spooling:
    """For a dump that nobody keeps."""
    return Spooling(directory / "archive", 1 << 30, lambda _name: Nothing())


def committed(storage: Storage, manifest: Manifest) -> Backup:
    sha256 = storage.put_manifest(manifest)
    return Backup(
        id=manifest.backup_id,
        target=manifest.target,
        kind=manifest.kind,
        operation_id=None,
        storage="any",
        location=storage.location(manifest.target, manifest.backup_id),
        manifest_sha256=sha256,
        manifest=storage.get_manifest(manifest.target, manifest.backup_id),
    )


def fetched(storage: Storage, backup: Backup, staging: Path) -> Path:
    """The archive's files in a folder."""
    folder = staging / "archive"
    folder.mkdir()
    fetch_archive(storage, backup, folder, stop=StopSignal())
    return folder


def restore(engine: Engine, storage: Storage, backup: Backup, name: str, staging: Path) -> list[str]:
    """Restore into a new database of that name; returns how it differs from the backup, properties included."""
    stop, properties = StopSignal(), backup.manifest.properties
    archive = fetched(storage, backup, staging)
    with engine.server.maintenance() as connection:
        create_database(connection, name, properties)
    load(engine.server, engine.tools, archive, name, 2, stop=stop)
    with engine.server.connect(name) as connection:
        differences = apply_properties(connection, name, properties)
        return differences + compare(
            backup.manifest.digest,
            database_digest(connection, stop=stop, hashed=hashed_in(backup.manifest.digest)),
        )
