"""The demo's folder: made afresh for each run, one run at a time, gone after a run that ended well."""

import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sandbox.locks import HeldError, hold
from sandbox.processes import wait_until

MARKER = "baseliner-demo.lock"


class DirectoryError(Exception):
    """The folder is not a demo's, or another demo lives in it."""


@contextmanager
def claimed(directory: Path) -> Iterator[Path]:
    """Hold an empty folder; what an earlier demo left in it is removed first.

    The lock on its marker is what the demo's services live by. After an error the folder stays, for its logs.
    Raises DirectoryError when the folder is anything but a demo's own or empty.
    """
    _make(directory)
    try:
        lock = hold(directory / MARKER)
    except HeldError as error:
        raise DirectoryError(f"another demo runs in {directory}") from error
    with lock:
        wait_until(lambda: _emptied(directory), timeout_s=20, what=f"an empty {directory}", interval_s=0.2)
        failed = False
        try:
            yield directory
        except Exception:
            failed = True
            raise
        finally:
            if not failed:
                shutil.rmtree(directory, ignore_errors=True)


def _make(directory: Path) -> None:
    # Others may pass through (the server's account must), but not list what is inside.
    with suppress(FileExistsError):
        directory.mkdir(mode=0o711, parents=True)
    status = directory.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid():
        raise DirectoryError(f"{directory} is not a folder of ours")
    if any(directory.iterdir()) and not (directory / MARKER).exists():
        raise DirectoryError(f"{directory} holds something else than a demo; empty it yourself")


def _emptied(directory: Path) -> bool:
    """Servers of a demo that was killed may still be writing while they end, so this may take a few tries."""
    for path in directory.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        elif path.name != MARKER:
            path.unlink(missing_ok=True)
    return [path.name for path in directory.iterdir()] == [MARKER]
