"""The objects of one backup on their way to storage: each file of the archive compressed, under its own name.

A person gets the archive back without Baseliner: fetch the folder, `zstd -d` every `database.*.zst` to a file without
`database.` and `.zst`, unpack `small.tar`, and point `pg_restore --format=directory` at it.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from threading import Lock
from types import TracebackType
from typing import Self

import zstandard

from bot.models import StoredObject
from bot.storage.base import ObjectWriter, Storage, Written

ARCHIVE_PREFIX = "database."
COMPRESSED = ".zst"
_COMPLETING = 4


class PackedObject:
    """One object: compressed with zstd on its way, with a checksum in every frame."""

    def __init__(self, name: str, role: str, writer: ObjectWriter, level: int) -> None:
        self.name, self.role = name, role
        self.raw_size = 0
        self._writer = writer
        self._compressor = zstandard.ZstdCompressor(level=level, write_checksum=True).compressobj()
        self._sealed = False

    def write(self, data: bytes) -> None:
        self.raw_size += len(data)
        if packed := self._compressor.compress(data):
            self._writer.write(packed)

    def seal(self) -> None:
        """No more will come."""
        if not self._sealed:
            self._sealed = True
            self._writer.write(self._compressor.flush())
            self._writer.seal()

    def complete(self) -> StoredObject:
        """Make the object exist."""
        self.seal()
        written: Written = self._writer.complete()
        return StoredObject(self.name, written.size, written.sha256, self.role, self.raw_size)


class ArchiveWriter:
    """Opens the objects of one backup, from any thread. None exists before `complete`, none is left without it."""

    def __init__(self, storage: Storage, target: str, backup_id: str, expected_bytes: int, level: int) -> None:
        self._storage, self._target, self._backup_id = storage, target, backup_id
        self._expected = expected_bytes
        self._level = level
        self._objects: list[PackedObject] = []
        self._writers = ExitStack()
        self._lock = Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._writers.__exit__(kind, error, trace)

    def open_file(self, name: str) -> PackedObject:
        """The object for one file of the archive."""
        return self.open(f"{ARCHIVE_PREFIX}{name}{COMPRESSED}", "dump", self._expected)

    def open(self, name: str, role: str, expected_bytes: int | None = None) -> PackedObject:
        """An object of any other kind."""
        writer = self._storage.writer(self._target, self._backup_id, name, expected_bytes)
        item = PackedObject(name, role, writer, self._level)
        with self._lock:
            self._writers.enter_context(writer)
            self._objects.append(item)
        return item

    def complete(self) -> tuple[StoredObject, ...]:
        """Make all objects exist, by name. Raises StorageFailed."""
        with ThreadPoolExecutor(_COMPLETING, thread_name_prefix="complete") as executor:
            done = list(executor.map(PackedObject.complete, self._objects))
        return tuple(sorted(done, key=lambda item: item.name))
