"""Backups, their manifests and digests. Sizes are bytes, times are aware datetimes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

SMALL_FILES = "small.tar"
"""the archive's files that are too small to be objects of their own, in one tar"""
CUSTOM_ARCHIVE = "custom.dump"
"""the one file of an archive that was dumped as one stream (`pg_dump -Fc`)"""


class BackupKind(StrEnum):
    ON_DEMAND = "on_demand"
    SCHEDULED = "scheduled"
    SAFETY = "safety"


@dataclass(frozen=True)
class StoredObject:
    """One object of a backup, as its manifest names it."""

    name: str
    """below the backup's prefix, such as `database.toc.dat.zst`"""
    size: int
    sha256: str
    role: str
    """`dump` (a file of the archive), `globals`"""
    raw_size: int
    """bytes before compression; of what goes on in further objects, all with the first"""


@dataclass(frozen=True)
class TableDigest:
    """Row count and content hash of one table, in the dump's own snapshot."""

    table: str
    """quoted, schema-qualified"""
    rows: int
    content: str | None
    """decimal `sum(hashtextextended(row::text, 0))`; None where rows were only counted"""


@dataclass(frozen=True)
class DatabaseDigest:
    """What a database holds: tables, sequences (name to last value), large objects, and a hash of its schema."""

    tables: tuple[TableDigest, ...]
    sequences: Mapping[str, int]
    large_objects: int
    schema_sha256: str

    @property
    def rows(self) -> int:
        return sum(table.rows for table in self.tables)

    @property
    def only_counted(self) -> tuple[str, ...]:
        """Tables whose content was not hashed."""
        return tuple(table.table for table in self.tables if table.content is None)


@dataclass(frozen=True)
class TupleCounters:
    """`pg_stat_user_tables` of a moment; comparable with another where the database and the reset are the same."""

    database_oid: int
    stats_reset: str
    tables: Mapping[str, tuple[int, int, int]]
    """rows inserted, updated, deleted, by the table's name as in a digest; tables without any are left out"""


@dataclass(frozen=True)
class Manifest:
    """Written last, it commits a backup."""

    backup_id: str
    target: str
    kind: BackupKind
    database: str
    system_identifier: str
    server_version: str
    server_version_num: int
    started_at: datetime
    finished_at: datetime
    objects: tuple[StoredObject, ...]
    digest: DatabaseDigest
    database_bytes: int
    """`pg_database_size` at the start"""
    dump_bytes: int
    """bytes that pg_dump wrote, before compression"""
    revision: str | None
    """Alembic revision in the database; None where it has none"""
    properties: Mapping[str, Any]
    """owner, encoding, locale, ACL, settings, comment, connection limit, extensions"""
    tools_version: str
    note: str = ""
    recipients: tuple[str, ...] = ()
    """public keys that the objects are encrypted to; none: they are not"""
    format: int = 1
    tools_mode: str = "network"
    """where pg_dump ran: `exec` in the database's container, `container` for another one, `network` for this host"""
    archive_format: str = "directory"
    """`directory` (`pg_dump -Fd`, compressed by us alone) or `custom` (`-Fc`, by itself too)"""
    counters: TupleCounters | None = None
    """of right before the snapshot; None: not recorded"""
    images: Mapping[str, str] = field(default_factory=dict)
    """of the services that were deployed, such as `inventory-api:1.4@sha256:…`; empty: not in Docker, or not told"""

    @property
    def stored_bytes(self) -> int:
        return sum(item.size for item in self.objects)

    @property
    def archive_bytes(self) -> int:
        """Stored bytes of the archive alone."""
        return sum(item.size for item in self.objects if item.role == "dump")


@dataclass(frozen=True)
class Backup:
    """A catalog entry."""

    id: str
    target: str
    kind: BackupKind
    operation_id: str | None
    storage: str
    location: str
    """such as `s3://bucket/prefix/target/id/`"""
    manifest_sha256: str
    manifest: Manifest
    verified_at: datetime | None = None
    verified_by: str | None = None
    """the drill that restored it and compared every digest"""
    restore_seconds: float | None = None
    """how long that drill took to restore it"""

    @property
    def size(self) -> int:
        return self.manifest.stored_bytes

    @property
    def taken_at(self) -> datetime:
        """The age of the data: when its snapshot was taken."""
        return self.manifest.started_at

    @property
    def duration(self) -> float:
        return (self.manifest.finished_at - self.manifest.started_at).total_seconds()
