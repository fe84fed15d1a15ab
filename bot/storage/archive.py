"""The objects of one backup on their way to storage: each file of the archive compressed, under its own name.

A person gets the archive back without Baseliner; docs/backups.md says how.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from threading import Lock
from types import TracebackType
from typing import Self

import zstandard

from bot.models import StoredObject
from bot.storage.base import Storage
from bot.storage.encryption import ENCRYPTED, Encryptor
from bot.storage.segments import SegmentedWriter

ARCHIVE_PREFIX = "database."
COMPRESSED = ".zst"
_COMPLETING = 4


class PackedObject:
    """Compressed with zstd on its way, with a checksum in every frame, then encrypted where that is asked."""

    def __init__(self, role: str, writer: SegmentedWriter, level: int, recipients: tuple[str, ...]) -> None:
        self._role = role
        self._raw_size = 0
        self._writer = writer
        self._compressor = zstandard.ZstdCompressor(level=level, write_checksum=True).compressobj()
        self._encryptor = Encryptor(recipients, writer.write) if recipients else None
        self._put = self._encryptor.write if self._encryptor else writer.write
        self._sealed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._encryptor is not None:
            self._encryptor.abandon()
        self._writer.__exit__(kind, error, trace)

    def write(self, data: bytes | memoryview) -> None:
        self._raw_size += len(data)
        if packed := self._compressor.compress(data):
            self._put(packed)

    def seal(self) -> None:
        """No more will come."""
        if not self._sealed:
            self._sealed = True
            self._put(self._compressor.flush())
            if self._encryptor is not None:
                self._encryptor.close()
            self._writer.seal()

    def complete(self) -> list[StoredObject]:
        """Make the object exist, or the several that it needs."""
        self.seal()
        return [
            StoredObject(name, written.size, written.sha256, self._role, 0 if number else self._raw_size)
            for number, (name, written) in enumerate(self._writer.complete())
        ]


class ArchiveWriter:
    """Opens the objects of one backup, from any thread. None exists before `complete`, none is left without it.

    `object_limit` bounds each object beside the storage's own bound; `recipients` are whom they are encrypted to.
    """

    def __init__(
        self,
        storage: Storage,
        target: str,
        backup_id: str,
        expected_bytes: int,
        level: int,
        *,
        recipients: tuple[str, ...] = (),
        object_limit: int | None = None,
    ) -> None:
        self._open_writer = partial(storage.writer, target, backup_id)
        self._expected = expected_bytes
        self._level = level
        self._recipients = recipients
        self._object_limit = object_limit
        self._objects: list[PackedObject] = []
        self._opened = ExitStack()
        self._lock = Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._opened.__exit__(kind, error, trace)

    def open_file(self, name: str) -> PackedObject:
        """The object for one file of the archive."""
        return self.open(f"{ARCHIVE_PREFIX}{name}{COMPRESSED}", "dump", self._expected)

    def open(self, name: str, role: str, expected_bytes: int | None = None) -> PackedObject:
        """An object of any other kind."""
        name = f"{name}{ENCRYPTED}" if self._recipients else name
        writer = SegmentedWriter(name, self._open_writer, expected_bytes, self._object_limit)
        item = PackedObject(role, writer, self._level, self._recipients)
        with self._lock:
            self._opened.enter_context(item)
            self._objects.append(item)
        return item

    def complete(self) -> tuple[StoredObject, ...]:
        """Make all objects exist, by name. Raises StorageFailed."""
        with ThreadPoolExecutor(_COMPLETING, thread_name_prefix="complete") as executor:
            done = [item for items in executor.map(PackedObject.complete, self._objects) for item in items]
        return tuple(sorted(done, key=lambda item: item.name))
