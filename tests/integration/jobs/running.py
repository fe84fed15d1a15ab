"""Parts of a serving process, each in a thread of the test, ended with its block."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def in_background(run: Callable[[threading.Event], None], patience: float = 45.0) -> Iterator[threading.Event]:
    """Run it in a thread until the block ends; what it raised is raised then. Yields the event that stops it."""
    stop, raised = threading.Event(), list[BaseException]()

    def work() -> None:
        try:
            run(stop)
        except BaseException as error:  # noqa: BLE001 - it is raised below, in the test's own thread
            raised.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield stop
    finally:
        stop.set()
        thread.join(patience)
        assert not thread.is_alive(), "it did not stop"
    if raised:
        raise raised[0]
