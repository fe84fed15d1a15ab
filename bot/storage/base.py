"""What every storage does.

Layout: `<prefix>/<target>/<backup id>/manifest.json` beside the backup's objects, `<prefix>/_audit/<day>.json`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Protocol, Self

from bot.errors import UsageError
from bot.models import Manifest

MANIFEST = "manifest.json"
AUDIT = "_audit"
"""The folder of the audit log's heads; no target can have its name."""
_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")


@dataclass(frozen=True)
class Written:
    """A completed object as storage holds it: size in bytes, SHA-256 in hex."""

    size: int
    sha256: str


class ObjectWriter(Protocol):
    """Writes one object. It exists once `complete` returned; leaving the context without that leaves nothing behind."""

    limit: int | None
    """bytes that it may get; None where there is no bound"""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def write(self, data: bytes) -> None:
        """Append. May wait for earlier bytes to be stored. Raises StorageFailed."""
        ...

    def seal(self) -> None:
        """No more will come: store the rest and keep next to nothing in memory. There is no object yet."""
        ...

    def complete(self) -> Written:
        """Make the object exist, read its size back and compare. Raises StorageFailed."""
        ...


class Storage(Protocol):
    """Every method raises StorageFailed, with a remedy, when storage refuses or breaks off."""

    object_limit: int | None
    """bytes that one object may hold, however it is written; None where there is no bound"""

    def location(self, target: str, backup_id: str) -> str:
        """Where a person finds the backup, such as `s3://bucket/prefix/target/id/`."""
        ...

    def writer(self, target: str, backup_id: str, name: str, expected_bytes: int | None = None) -> ObjectWriter:
        """Write one object; the expected size, where known, decides how it is cut into parts."""
        ...

    def read(self, target: str, backup_id: str, name: str) -> Iterator[bytes]:
        """The object's bytes in chunks. Raises DamagedBackup when it does not exist."""
        ...

    def put_manifest(self, manifest: Manifest) -> str:
        """Commit the backup; returns the manifest's SHA-256."""
        ...

    def get_manifest(self, target: str, backup_id: str) -> Manifest:
        """Raises NotFound when there is none, DamagedBackup when it cannot be understood."""
        ...

    def list_backups(self, target: str) -> list[str]:
        """Ids of the committed backups, oldest first."""
        ...

    def delete_backup(self, target: str, backup_id: str) -> None:
        """Remove the manifest first, then the objects. Nothing there is not an error."""
        ...

    def discard(self, target: str, backup_id: str) -> str:
        """Remove what a broken backup left, uploads under way too. Raises Conflict when it has a manifest.

        Returns what stays because these credentials may not remove it, in a sentence; empty where nothing does.
        """
        ...

    def put_audit_head(self, day: str, document: bytes) -> bool:
        """Keep the audit log's head of a day, such as `2026-11-22`, at `<prefix>/_audit/<day>.json`.

        It is never written over nor removed. False when the day has one already, which stays.
        """
        ...

    def audit_heads(self) -> list[str]:
        """The days that have a head, oldest first."""
        ...

    def get_audit_head(self, day: str) -> bytes:
        """Raises NotFound when the day has none."""
        ...

    def told_of(self, target: str, backup_id: str, name: str) -> tuple[datetime | None, datetime | None]:
        """What storage says of an object: its own time, and until when the object is locked; None where it says none.

        Raises StorageFailed when there is no such object.
        """
        ...

    def available(self, target: str) -> int | None:
        """Bytes free for the target's backups, None where there is no bound; StorageFailed when out of reach."""
        ...


def audit_name(day: str) -> str:
    """The object of a day's head."""
    return f"{safe_name(day)}.json"


def safe_name(name: str) -> str:
    """The same name, or UsageError when it could lead out of its folder or be read differently by some storage."""
    if not _SAFE.fullmatch(name):
        raise UsageError(
            f"{name!r} cannot name a folder or object in storage", "Use letters, digits, '.', '_' and '-'."
        )
    return name
