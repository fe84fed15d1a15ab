"""A directory-format archive taken away while pg_dump writes it, so that its disk stays small and its uploads early.

Large files are followed as they grow, and what was read of them is given back to the disk at once; small ones go
into one tar when they are whole. pg_dump is paused while more lies here than there is room for. Any file system of
Linux that can punch holes will do (`fallocate(2)`: ext4, xfs, btrfs, tmpfs).
"""

from __future__ import annotations

import os
import tarfile
from collections.abc import Callable
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from bot.errors import StorageFailed
from bot.models import SMALL_FILES
from bot.postgres.holes import punch_hole
from bot.postgres.writers import is_closed
from bot.runtime.stop import StopSignal
from bot.runtime.tool_runner import Hold

SMALL = 8 << 20
_PIECE = 256 << 10
_GIVE_BACK_EVERY = 4 << 20
_LOOK_AGAIN = 0.02


class Outlet(Protocol):
    """Takes the bytes of one file of the archive."""

    def write(self, data: bytes | memoryview) -> None:
        """The data is the caller's again afterwards."""
        ...

    def seal(self) -> None:
        """No more will come."""
        ...


@dataclass(eq=False)
class _File:
    path: Path
    size: int = 0
    read: int = 0
    given_back: int = 0
    closed: bool = False
    taken: bool = False
    gone: bool = False


class Spool:
    """Takes `directory` away through outlets that `open_outlet` makes by file name. `look` has to be called often.

    About `room` bytes lie in the directory at most, and what pg_dump writes between two looks: it is paused before.
    """

    def __init__(
        self, directory: Path, room: int, lanes: int, open_outlet: Callable[[str], Outlet], stop: StopSignal
    ) -> None:
        self._directory = directory
        self._pause_above, self._resume_below = room * 3 // 4, room // 2
        self._open_outlet = open_outlet
        self._stop = stop
        self._given_up = StopSignal()
        self._lanes = ThreadPoolExecutor(lanes, thread_name_prefix="dump-lane")
        self._packer = ThreadPoolExecutor(1, thread_name_prefix="dump-pack")
        self._pack: Outlet | None = None
        self._files: dict[str, _File] = {}
        self._gone_bytes = 0
        self._lay = 0
        self._work: list[Future[None]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._given_up.set("the dump has ended")
        for pool in (self._lanes, self._packer):
            pool.shutdown(wait=True, cancel_futures=True)

    @property
    def raw_bytes(self) -> int:
        """Bytes taken so far."""
        return self._gone_bytes + sum(file.read for file in self._files.values())

    def look(self, hold: Hold) -> None:
        """Find new files, take what can be taken, and hold pg_dump back where it is too fast. Raises failures."""
        self._raise_failures()
        self._find()
        lying = sum(file.size - file.given_back for file in self._files.values())
        # By the next look it may grow as much again.
        crowded = lying + max(0, lying - self._lay) > self._pause_above
        self._lay = lying
        for file in self._files.values():
            self._take(file, even_if_small=crowded)
        if crowded and not hold.paused:
            hold.pause()
        elif hold.paused and lying < self._resume_below:
            hold.resume()

    def finish(self, on_progress: Callable[[int], None]) -> None:
        """After pg_dump's good end: take the rest, and seal every outlet."""
        self._find()
        for file in self._files.values():
            file.closed = True
            self._take(file)
        while self._work:
            wait(self._work, _LOOK_AGAIN, FIRST_EXCEPTION)
            self._stop.check()
            self._raise_failures()
            on_progress(self.raw_bytes)
        self._drop_gone()
        if self._pack is not None:
            self._pack.write(bytes(2 * tarfile.BLOCKSIZE))
            self._pack.seal()

    def _find(self) -> None:
        self._drop_gone()
        if not self._directory.exists():
            return
        with os.scandir(self._directory) as entries:
            for entry in entries:
                file = self._files.get(entry.name) or _File(Path(entry.path))
                with suppress(FileNotFoundError):
                    if not file.closed:
                        # In this order: what is closed grows no more.
                        closed = is_closed(file.path)
                        file.size = file.path.stat().st_size
                        file.closed = closed
                    self._files[entry.name] = file

    def _drop_gone(self) -> None:
        for name in [name for name, file in self._files.items() if file.gone]:
            self._gone_bytes += self._files.pop(name).read

    def _take(self, file: _File, *, even_if_small: bool = False) -> None:
        if file.taken:
            return
        if file.size >= SMALL or (even_if_small and not file.closed):
            file.taken = True
            self._work.append(self._lanes.submit(self._follow, file))
        elif file.closed:
            file.taken = True
            self._work.append(self._packer.submit(self._add_to_pack, file))

    def _follow(self, file: _File) -> None:
        """One large file, from its first byte to its last, while it grows."""
        outlet = self._open_outlet(file.path.name)
        buffer = memoryview(bytearray(_PIECE))
        with file.path.open("r+b", buffering=0) as source:
            while True:
                closed = file.closed
                size = source.readinto(buffer)
                if size:
                    outlet.write(buffer[:size])
                    file.read += size
                elif closed:
                    break
                if file.read - file.given_back >= (_GIVE_BACK_EVERY if size else 1):
                    file.given_back = punch_hole(source.fileno(), file.given_back, file.read)
                if not size:
                    self._given_up.wait(_LOOK_AGAIN)
                self._given_up.check()
        outlet.seal()
        _remove(file)

    def _add_to_pack(self, file: _File) -> None:
        self._given_up.check()
        if self._pack is None:
            self._pack = self._open_outlet(SMALL_FILES)
        entry = tarfile.TarInfo(file.path.name)
        entry.size = file.size
        self._pack.write(entry.tobuf(tarfile.PAX_FORMAT))
        self._pack.write(file.path.read_bytes())
        self._pack.write(bytes(-file.size % tarfile.BLOCKSIZE))
        file.read = file.size
        _remove(file)

    def _raise_failures(self) -> None:
        work, self._work = self._work, []
        for future in work:
            if not future.done():
                self._work.append(future)
                continue
            try:
                future.result()
            except OSError as error:
                raise StorageFailed(
                    f"{self._directory}: {error.strerror or error}", "Free space in [staging], or point it elsewhere."
                ) from error


def _remove(file: _File) -> None:
    file.path.unlink()
    file.gone = True
