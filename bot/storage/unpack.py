"""The files of an archive, out of the stream that one of them, or many small ones, were stored as."""

from __future__ import annotations

import os
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

import zstandard

from bot.errors import DamagedBackup
from bot.models import SMALL_FILES
from bot.storage.base import safe_name

REMEDY = "Nothing was restored from it. Choose another backup; keep this one for inquiry."
_PIECE = 1 << 20


def unpack(chunks: Iterator[bytes], file: str, directory: Path) -> None:
    """Decompress what was stored of `file` into the directory; nothing of it stays there on failure.

    Raises DamagedBackup, OSError, or what `chunks` raises.
    """
    made: list[Path] = []
    try:
        with decompressed(chunks, file) as reader:
            if file == SMALL_FILES:
                _unpack_small(reader, directory, made)
            else:
                _copy(reader, directory / safe_name(file), made)
    except BaseException:
        for path in made:
            path.unlink(missing_ok=True)
        raise


@contextmanager
def decompressed(chunks: Iterator[bytes], what: str) -> Iterator[IO[bytes]]:
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
            raise DamagedBackup(f"{what} cannot be unpacked: {error}.", REMEDY) from error


def _unpack_small(reader: IO[bytes], directory: Path, made: list[Path]) -> None:
    with tarfile.open(mode="r|", fileobj=reader, bufsize=_PIECE) as archive:
        for entry in archive:
            content = archive.extractfile(entry)
            if content is not None:
                _copy(content, directory / safe_name(entry.name), made)
    while reader.read(_PIECE):
        pass  # tarfile stops at its end mark; the rest has to be verified too


def _copy(source: IO[bytes], destination: Path, made: list[Path]) -> None:
    with os.fdopen(os.open(destination, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        made.append(destination)
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
