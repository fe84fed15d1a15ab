"""PostgreSQL's programs and all that they need, for an image in which nothing is mounted."""

from __future__ import annotations

import io
import os
import re
import subprocess
import tarfile
from pathlib import Path

_PROGRAMS = ("pg_dump", "pg_dumpall", "pg_restore", "initdb", "postgres")
_OF_THE_SERVER = ("lib/postgresql", "share/postgresql")
_SMALL = ("/bin/sh", "/bin/sleep")
"""pg_dumpall asks pg_dump for its version by a shell."""
_LIBRARY = re.compile(r"(/\S+) \(0x")
_FROM_LINK = ("/bin/", "/lib/", "/lib64/", "/sbin/")


def with_postgres(folders: bytes, programs: Path) -> bytes:
    """The same tar with the clients and the server of this folder, under their own paths."""
    buffer = io.BytesIO(folders)
    with tarfile.open(fileobj=buffer, mode="a") as archive:
        places = {_place(path): os.path.realpath(path) for path in _needed(programs)}
        for each in _OF_THE_SERVER:
            places[_place(str(programs.parent / each))] = str(programs.parent / each)
        parents = {str(parent) for place in places for parent in Path(place).parents}
        for folder in sorted(parents - {".", *archive.getnames()}):
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o755
            archive.addfile(entry)
        for place, path in places.items():
            archive.add(path, place)
    return buffer.getvalue()


def _place(path: str) -> str:
    """In the image, where /lib and its like are links to below /usr."""
    path = os.path.normpath(path)
    return f"usr{path}" if path.startswith(_FROM_LINK) else path.lstrip("/")


def _needed(programs: Path) -> set[str]:
    needed = {*(str(programs / program) for program in _PROGRAMS), *_SMALL}
    listed = subprocess.run(["ldd", *needed], check=True, capture_output=True, text=True).stdout
    return needed | set(_LIBRARY.findall(listed))
