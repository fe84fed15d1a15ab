"""Which process runs, told by a lock on a file that the kernel releases when the process ends, however it does."""

import fcntl
import os
import signal
import threading
from pathlib import Path
from typing import TextIO

from sandbox.processes import wait_until


class HeldError(Exception):
    """Another running process holds the lock."""


def hold(path: Path, *, patience_s: float = 3.0) -> TextIO:
    """Hold the lock until this process ends or the returned file is closed; our process id is in the file.

    Somebody who only looks whether the lock is held has it for an instant, hence the patience.
    Raises HeldError.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    file = os.fdopen(descriptor, "r+")
    try:
        wait_until(lambda: _try_lock(file, fcntl.LOCK_EX), timeout_s=patience_s, what=f"the lock on {path}")
    except TimeoutError as error:
        file.close()
        raise HeldError(str(path)) from error
    file.truncate()
    file.write(f"{os.getpid()}\n")
    file.flush()
    return file


def holder(path: Path) -> int | None:
    """The id of the process that holds the lock, None when nobody does."""
    try:
        file = path.open()
    except FileNotFoundError:
        return None
    with file:
        return None if _try_lock(file, fcntl.LOCK_SH) else int(file.read() or 0) or None


def end_with_owner(path: Path) -> None:
    """Send ourselves SIGTERM when nobody holds the lock any more."""

    def watch() -> None:
        with path.open() as file:
            fcntl.flock(file, fcntl.LOCK_SH)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True).start()


def _try_lock(file: TextIO, kind: int) -> bool:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
