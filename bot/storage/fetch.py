"""Brings the objects of a backup back and proves that they are what was written."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import TypeAlias

from bot.age import Identity
from bot.errors import DamagedBackup, StorageFailed
from bot.models import Backup, StoredObject
from bot.runtime.stop import StopSignal
from bot.storage.archive import ARCHIVE_PREFIX, COMPRESSED
from bot.storage.base import Storage
from bot.storage.encryption import ENCRYPTED, decrypted
from bot.storage.segments import joined
from bot.storage.unpack import REMEDY, decompressed, unpack
from bot.storage.verify import verified

_AT_ONCE = 3


@dataclass(frozen=True)
class Sources:
    """Where backups can be read, the primary first, and the private keys that open them, asked for when needed."""

    storages: tuple[Storage, ...]
    identities: Callable[[], tuple[Identity, ...]] = tuple


_Stream: TypeAlias = tuple[str, list[StoredObject]]


def fetch_archive(
    source: Storage | Sources,
    backup: Backup,
    directory: Path,
    *,
    stop: StopSignal,
    on_progress: Callable[[int], None] = lambda _done: None,
) -> None:
    """Bring the files of the archive into `directory`, which must be empty, as `pg_restore -Fd` reads them.

    What the primary storage does not have whole is read from the next. `on_progress` gets the stored bytes read so
    far, of all objects. Raises DamagedBackup when size or SHA-256 of any object differ from the manifest's everywhere,
    StorageFailed when storage or the staging disk fails, KeyMissing, Interrupted. What lies in the directory then is
    not to be used.
    """
    given_up, progress = StopSignal(), _Progress(on_progress)
    reader = _Reader(_sources(source), backup, given_up, progress.add)

    def fetch(stream: _Stream) -> None:
        given_up.check()
        file = stream[0].removeprefix(ARCHIVE_PREFIX).removesuffix(ENCRYPTED).removesuffix(COMPRESSED)

        def bring(chunks: Iterator[bytes]) -> None:
            try:
                unpack(chunks, file, directory)
            except OSError as error:
                raise _StagingFailed(
                    f"{directory}: {error.strerror or error}", "Free space in [staging], or point it elsewhere."
                ) from error

        reader.read(stream, bring)

    streams = joined([item for item in backup.manifest.objects if item.role == "dump"])
    streams.sort(key=lambda stream: -sum(item.size for item in stream[1]))
    _several_at_once(fetch, streams, stop, given_up)


def _several_at_once(
    fetch: Callable[[_Stream], None], streams: Sequence[_Stream], stop: StopSignal, given_up: StopSignal
) -> None:
    """Raises the first failure once the others have given up."""
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="fetch") as executor:
        try:
            pending = {executor.submit(fetch, stream) for stream in streams}
            while pending:
                done, pending = wait(pending, 0.2, FIRST_EXCEPTION)
                stop.check()
                for future in done:
                    future.result()
        finally:
            given_up.set("another object could not be fetched")


def fetch_text(source: Storage | Sources, backup: Backup, role: str, *, stop: StopSignal) -> str:
    """What has this role, such as `globals`: verified, decrypted, decompressed.

    Raises DamagedBackup, StorageFailed, KeyMissing.
    """
    streams = joined([item for item in backup.manifest.objects if item.role == role])
    if not streams:
        raise DamagedBackup(f"Backup {backup.id} has no object with its {role}.", REMEDY)
    texts: list[str] = []

    def take(chunks: Iterator[bytes]) -> None:
        with decompressed(chunks, streams[0][0]) as reader:
            texts.append(reader.read().decode("utf-8"))

    _Reader(_sources(source), backup, stop, lambda _count: None).read(streams[0], take)
    return texts[0]


class _StagingFailed(StorageFailed):
    """Our own disk's fault, whichever storage is read."""


@dataclass(frozen=True)
class _Reader:
    sources: Sources
    backup: Backup
    stop: StopSignal
    on_read: Callable[[int], None]

    def read(self, stream: _Stream, take: Callable[[Iterator[bytes]], None]) -> None:
        """Hand the stream to `take`, anew from the next storage where one fails. Raises the first failure."""
        failures: list[DamagedBackup | StorageFailed] = []
        for storage in self.sources.storages:
            read = 0

            def count(more: int) -> None:
                nonlocal read
                read += more
                self.on_read(more)

            try:
                with self._plain(storage, stream, count) as chunks:
                    take(chunks)
            except _StagingFailed:
                raise
            except (DamagedBackup, StorageFailed) as error:
                failures.append(error)
                self.on_read(-read)
            else:
                return
        raise failures[0]

    @contextmanager
    def _plain(self, storage: Storage, stream: _Stream, on_read: Callable[[int], None]) -> Generator[Iterator[bytes]]:
        name, items = stream
        chunks = (chunk for item in items for chunk in verified(storage, self.backup, item, self.stop, on_read))
        if not name.endswith(ENCRYPTED):
            yield chunks
            return
        plain = decrypted(chunks, self.sources.identities(), name)
        try:
            yield plain
        finally:
            plain.close()


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


def _sources(source: Storage | Sources) -> Sources:
    return source if isinstance(source, Sources) else Sources((source,))
