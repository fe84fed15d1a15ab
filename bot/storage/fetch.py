"""Brings an object back and proves that it is what was written."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, BinaryIO, cast

import zstandard

from bot.errors import DamagedBackup, StorageFailed
from bot.models import Backup, StoredObject
from bot.runtime.stop import StopSignal
from bot.storage.base import Storage

_REMEDY = "Nothing was restored from it. Choose another backup; keep this one for inquiry."
_ZSTD = ".zst"
_PIECE = 1 << 20


def fetch_verified(
    storage: Storage,
    backup: Backup,
    item: StoredObject,
    destination: Path,
    *,
    stop: StopSignal,
    on_progress: Callable[[int], None] = lambda _done: None,
) -> None:
    """Stream the object into `destination` (mode 0600), decompressed when it is `.zst`.

    `on_progress` gets the stored bytes read so far. Raises DamagedBackup when size or SHA-256 of the stored bytes
    differ from the manifest's, StorageFailed when storage or the staging disk fails; the file is then removed.
    """
    chunks = _verified(storage.read(backup.target, backup.id, item.name), item, stop, on_progress)
    try:
        with _created(destination) as file:
            if item.name.endswith(_ZSTD):
                _decompress(chunks, file, item)
            else:
                for chunk in chunks:
                    file.write(chunk)
    except OSError as error:
        destination.unlink(missing_ok=True)
        raise StorageFailed(
            f"{destination}: {error.strerror or error}", "Free space in [staging], or point it elsewhere."
        ) from error
    except BaseException:
        destination.unlink(missing_ok=True)
        raise


def _verified(
    chunks: Iterator[bytes], item: StoredObject, stop: StopSignal, on_progress: Callable[[int], None]
) -> Iterator[bytes]:
    """The same chunks; raises after the last when they were not what the manifest says."""
    read, digest = 0, hashlib.sha256()
    for chunk in chunks:
        stop.check()
        read += len(chunk)
        digest.update(chunk)
        on_progress(read)
        yield chunk
    if read != item.size:
        raise DamagedBackup(f"{item.name} has {read:,} bytes, the manifest says {item.size:,}.", _REMEDY)
    if digest.hexdigest() != item.sha256:
        raise DamagedBackup(f"{item.name} is not what was written: its SHA-256 differs from the manifest's.", _REMEDY)


def _decompress(chunks: Iterator[bytes], file: BinaryIO, item: StoredObject) -> None:
    # A reader, since one stored chunk of a dull table may hold gigabytes: it hands them out in bounded pieces.
    with zstandard.ZstdDecompressor().stream_reader(
        cast("IO[bytes]", _Reader(chunks)), read_across_frames=True
    ) as reader:
        try:
            while piece := reader.read(_PIECE):
                file.write(piece)
        except zstandard.ZstdError as error:
            for _ in chunks:
                pass  # whether size or SHA-256 differ says more than a broken frame
            raise DamagedBackup(f"{item.name} cannot be decompressed: {error}.", _REMEDY) from error


class _Reader:
    """Chunks as the file that zstandard reads from."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = b""

    def read(self, size: int = -1) -> bytes:
        if not self._rest:
            self._rest = next(self._chunks, b"")
        wanted = len(self._rest) if size < 0 else size
        piece, self._rest = self._rest[:wanted], self._rest[wanted:]
        return piece


def _created(destination: Path) -> BinaryIO:
    return os.fdopen(os.open(destination, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")
