"""The staging area: a folder for each operation or backup."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum, auto
from pathlib import Path

from bot.errors import StorageFailed
from bot.settings import Staging

_OURS = re.compile(r"(?P<probe>doctor-)?\d{8}T\d{6}Z-[2-9a-z]{4}")


class Kind(Enum):
    """Whose a folder is, by its name."""

    WORK = auto()
    """an operation's or a backup's"""
    PROBE = auto()
    """a doctor's"""
    FOREIGN = auto()


@dataclass(frozen=True)
class Lying:
    """What lies in the staging area."""

    path: Path
    kind: Kind

    @property
    def name(self) -> str:
        return self.path.name

    def changed_at(self) -> datetime:
        """When anything in it was written last. Raises OSError where some of it cannot be looked into."""
        newest = 0.0
        for folder, _folders, files in os.walk(self.path, onerror=_unless_gone):
            for each in (folder, *(os.path.join(folder, name) for name in files)):  # noqa: PTH118 - of thousands of files
                # Its operation may remove it meanwhile.
                with suppress(FileNotFoundError):
                    newest = max(newest, os.lstat(each).st_mtime)
        return datetime.fromtimestamp(newest, UTC)


def lying_in(staging: Staging) -> list[Lying]:
    """All that is there, by name; nothing where there is no area yet. Raises OSError."""
    try:
        found = sorted(staging.path.iterdir())
    except FileNotFoundError:
        return []
    return [Lying(path, _kind_of(path)) for path in found]


def staging_folder(staging: Staging, owner: str) -> Path:
    """Where what belongs to this operation or backup lies."""
    return staging.path / owner


@contextmanager
def staged(staging: Staging, owner: str, needed: int) -> Iterator[Path]:
    """An empty folder that is removed at the end.

    Raises StorageFailed when it cannot be made, or when fewer than `needed` bytes are free there.
    """
    folder = make_folder(staging, owner, needed)
    try:
        yield folder
    finally:
        remove_folder(staging, owner)


def make_folder(staging: Staging, owner: str, needed: int) -> Path:
    """The empty folder; what an earlier attempt left in it is removed. Raises StorageFailed."""
    folder = staging_folder(staging, owner)
    try:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700, parents=True)
        free = shutil.disk_usage(folder).free
    except OSError as error:
        raise StorageFailed(
            f"{folder} cannot be made: {error.strerror or error}", "Point [staging] path at a folder of Baseliner's."
        ) from error
    if free < needed:
        folder.rmdir()
        raise StorageFailed(
            f"The staging area {staging.path} has {free:,} bytes free, {needed:,} are needed.",
            "Free space there, lower [staging] limit, or point [staging] path elsewhere.",
        )
    return folder


def remove_folder(staging: Staging, owner: str) -> None:
    """Remove it with all that it holds; nothing there is not an error."""
    shutil.rmtree(staging_folder(staging, owner), ignore_errors=True)


def _unless_gone(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        raise error


def _kind_of(path: Path) -> Kind:
    named = _OURS.fullmatch(path.name)
    if named is None or path.is_symlink() or not path.is_dir():
        return Kind.FOREIGN
    return Kind.PROBE if named["probe"] else Kind.WORK
