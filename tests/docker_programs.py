"""PostgreSQL's client programs and the libraries that they need, for an image in which nothing is mounted."""

from __future__ import annotations

import io
import os
import re
import subprocess
import tarfile
from pathlib import Path

_CLIENTS = ("pg_dump", "pg_dumpall", "pg_restore")
_LIBRARY = re.compile(r"(/\S+) \(0x")
_FROM_LINK = ("/bin/", "/lib/", "/lib64/", "/sbin/")


def with_clients(folders: bytes, programs: Path) -> bytes:
    """The same tar with the clients of this folder, under their own paths."""
    buffer = io.BytesIO(folders)
    with tarfile.open(fileobj=buffer, mode="a") as archive:
        places = {_place(path): os.path.realpath(path) for path in _needed(programs)}
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
    # pg_dumpall asks pg_dump for its version by a shell.
    clients = {*(str(programs / client) for client in _CLIENTS), "/bin/sh"}
    listed = subprocess.run(["ldd", *clients], check=True, capture_output=True, text=True).stdout
    return clients | set(_LIBRARY.findall(listed))
