"""An archive as a tar stream: whole, or no more than what it contains."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from bot.runtime.tool_tar import archive_pieces, archive_size


def unpacked(archive: Path, *, contents_alone: bool) -> dict[str, bytes]:
    packed = b"".join(bytes(piece) for piece in archive_pieces(archive, contents_alone=contents_alone))
    with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
        files = {entry.name: tar.extractfile(entry) for entry in tar if entry.isfile()}
        return {name: file.read() for name, file in files.items() if file is not None}


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    archive = tmp_path / "archive"
    archive.mkdir()
    (archive / "toc.dat").write_bytes(b"contents")
    (archive / "2537.dat").write_bytes(b"r" * (3 << 20))
    (archive / "empty.dat").write_bytes(b"")
    return archive


def test_all_files_of_a_directory_come(directory: Path) -> None:
    assert unpacked(directory, contents_alone=False) == {
        "archive/toc.dat": b"contents",
        "archive/2537.dat": b"r" * (3 << 20),
        "archive/empty.dat": b"",
    }
    assert archive_size(directory) == (3 << 20) + 8


def test_the_contents_of_a_directory_are_one_file(directory: Path) -> None:
    assert unpacked(directory, contents_alone=True) == {"archive/toc.dat": b"contents"}


def test_of_a_single_file_the_beginning_is_enough(tmp_path: Path) -> None:
    archive = tmp_path / "custom.dump"
    with archive.open("wb") as file:
        file.write(b"PGDMP")
        file.truncate(70 << 20)
    [(name, head)] = unpacked(archive, contents_alone=True).items()
    assert (name, head[:5], len(head)) == ("custom.dump", b"PGDMP", 64 << 20)
    assert archive_size(archive) == 70 << 20
