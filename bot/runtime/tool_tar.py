"""An archive of pg_dump as a tar stream, for a container that cannot see our files."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from pathlib import Path

_PIECE = 1 << 20
_HEAD = 64 << 20
"""An archive's contents stand at its beginning; those of five thousand tables take a few megabytes."""
_CONTENTS = "toc.dat"


def archive_size(archive: Path) -> int:
    """Bytes that all of it takes where it is unpacked."""
    return sum(size for _path, size in _files(archive, contents_alone=False))


def archive_pieces(archive: Path, *, contents_alone: bool) -> Iterator[bytes | memoryview]:
    """The tar, piece by piece: one file of the archive's name, or a folder of that name with all its files.

    With `contents_alone`, no more than pg_restore needs to tell what the archive contains. A piece is only good until
    the next one is asked for.
    """
    if archive.is_dir():
        folder = tarfile.TarInfo(archive.name)
        folder.type, folder.mode = tarfile.DIRTYPE, 0o700
        yield folder.tobuf(tarfile.GNU_FORMAT)
    for path, size in _files(archive, contents_alone=contents_alone):
        entry = tarfile.TarInfo(str(path.relative_to(archive.parent)))
        entry.size, entry.mode = size, 0o600
        yield entry.tobuf(tarfile.GNU_FORMAT)
        yield from _content(path, size)
        yield bytes(-size % tarfile.BLOCKSIZE)
    yield bytes(2 * tarfile.BLOCKSIZE)


def _files(archive: Path, *, contents_alone: bool) -> list[tuple[Path, int]]:
    if archive.is_dir():
        found = [archive / _CONTENTS] if contents_alone else sorted(archive.iterdir())
        return [(path, path.stat().st_size) for path in found]
    size = archive.stat().st_size
    return [(archive, min(size, _HEAD) if contents_alone else size)]


def _content(path: Path, size: int) -> Iterator[memoryview]:
    buffer = memoryview(bytearray(_PIECE))
    with path.open("rb", buffering=0) as file:
        while size:
            got = file.readinto(buffer[: min(size, _PIECE)])
            if not got:
                raise OSError(f"{path} became shorter while it was read")
            yield buffer[:got]
            size -= got
