"""Brings the objects of a backup back and proves that they are what was written."""

from __future__ import annotations

import hashlib
import os
import tarfile
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import IO, cast

import zstandard

from bot.errors import DamagedBackup, StorageFailed
from bot.models import SMALL_FILES, Backup, StoredObject
from bot.runtime.stop import StopSignal
from bot.storage.archive import ARCHIVE_PREFIX, COMPRESSED
from bot.storage.base import Storage, safe_name

_REMEDY = "Nothing was restored from it. Choose another backup; keep this one for inquiry."
_AT_ONCE = 3
_PIECE = 1 << 20


def fetch_archive(
    storage: Storage,
    backup: Backup,
    directory: Path,
    *,
    stop: StopSignal,
    on_progress: Callable[[int], None] = lambda _done: None,
) -> None:
    """Bring the files of the archive into `directory`, which must be empty, as `pg_restore -Fd` reads them.

    `on_progress` gets the stored bytes read so far, of all objects. Raises DamagedBackup when size or SHA-256 of any
    object differ from the manifest's, StorageFailed when storage or the staging disk fails, Interrupted. What lies in
    the directory then is not to be used.
    """
    items = sorted((item for item in backup.manifest.objects if item.role == "dump"), key=lambda item: -item.size)
    given_up, progress = StopSignal(), _Progress(on_progress)

    def fetch(item: StoredObject) -> None:
        given_up.check()
        chunks = _verified(storage.read(backup.target, backup.id, item.name), item, given_up, progress.add)
        try:
            _unpack(chunks, item, directory)
        except OSError as error:
            raise StorageFailed(
                f"{directory}: {error.strerror or error}", "Free space in [staging], or point it elsewhere."
            ) from error

    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="fetch") as executor:
        try:
            pending = {executor.submit(fetch, item) for item in items}
            while pending:
                done, pending = wait(pending, 0.2, FIRST_EXCEPTION)
                stop.check()
                for future in done:
                    future.result()
        finally:
            given_up.set("another object could not be fetched")


def fetch_text(storage: Storage, backup: Backup, role: str, *, stop: StopSignal) -> str:
    """The object of this role, such as `globals`, verified and decompressed. Raises DamagedBackup, StorageFailed."""
    item = next((each for each in backup.manifest.objects if each.role == role), None)
    if item is None:
        raise DamagedBackup(f"Backup {backup.id} has no object with its {role}.", _REMEDY)
    chunks = _verified(storage.read(backup.target, backup.id, item.name), item, stop, lambda _count: None)
    with _opened(chunks, item) as reader:
        return reader.read().decode("utf-8")


class _Progress:
    """Sums what several threads have read."""

    def __init__(self, tell: Callable[[int], None]) -> None:
        self._tell = tell
        self._lock = Lock()
        self._total = 0

    def add(self, count: int) -> None:
        with self._lock:
            self._total += count
            self._tell(self._total)


def _verified(
    chunks: Iterator[bytes], item: StoredObject, stop: StopSignal, on_read: Callable[[int], None]
) -> Iterator[bytes]:
    """The same chunks; raises after the last when they were not what the manifest says."""
    read, digest = 0, hashlib.sha256()
    for chunk in chunks:
        stop.check()
        read += len(chunk)
        digest.update(chunk)
        on_read(len(chunk))
        yield chunk
    if read != item.size:
        raise DamagedBackup(f"{item.name} has {read:,} bytes, the manifest says {item.size:,}.", _REMEDY)
    if digest.hexdigest() != item.sha256:
        raise DamagedBackup(f"{item.name} is not what was written: its SHA-256 differs from the manifest's.", _REMEDY)


def _unpack(chunks: Iterator[bytes], item: StoredObject, directory: Path) -> None:
    name = item.name.removeprefix(ARCHIVE_PREFIX).removesuffix(COMPRESSED)
    with _opened(chunks, item) as reader:
        if name == SMALL_FILES:
            _unpack_small(reader, directory)
        else:
            _copy(reader, directory / safe_name(name))


@contextmanager
def _opened(chunks: Iterator[bytes], item: StoredObject) -> Iterator[IO[bytes]]:
    """What was compressed, as a file to read from."""
    # A reader, since one stored chunk of a dull table may hold gigabytes: it hands them out in bounded pieces.
    with zstandard.ZstdDecompressor().stream_reader(
        cast("IO[bytes]", _Reader(chunks)), read_across_frames=True
    ) as reader:
        try:
            yield cast("IO[bytes]", reader)
        except (zstandard.ZstdError, tarfile.TarError) as error:
            for _ in chunks:
                pass  # whether size or SHA-256 differ says more than a broken frame
            raise DamagedBackup(f"{item.name} cannot be unpacked: {error}.", _REMEDY) from error


def _unpack_small(reader: IO[bytes], directory: Path) -> None:
    with tarfile.open(mode="r|", fileobj=reader, bufsize=_PIECE) as archive:
        for entry in archive:
            content = archive.extractfile(entry)
            if content is not None:
                _copy(content, directory / safe_name(entry.name))
    while reader.read(_PIECE):
        pass  # tarfile stops at its end mark; the rest has to be verified too


def _copy(source: IO[bytes], destination: Path) -> None:
    with os.fdopen(os.open(destination, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        while piece := source.read(_PIECE):
            file.write(piece)


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
