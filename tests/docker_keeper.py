"""Keeps the shared Engine while any process of the run holds the lock of its users, and removes it afterwards."""

from __future__ import annotations

import fcntl
import sys
from pathlib import Path

from tests.docker_deployment import import_images
from tests.docker_engine import RealEngine


def main(directory: Path) -> None:
    """Until nobody uses it; the kernel releases the lock of a process that is killed."""
    users, ready = directory.with_suffix(".users"), directory.with_suffix(".ready")
    engine = RealEngine(directory)
    try:
        engine.start()
        import_images(engine)
        ready.touch()
        with users.open() as file:
            fcntl.flock(file, fcntl.LOCK_EX)
    finally:
        engine.delete()
        for path in (ready, users):
            path.unlink(missing_ok=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
