"""The folder of one operation or backup in the staging area."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bot.errors import StorageFailed
from bot.settings import Staging


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
