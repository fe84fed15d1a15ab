"""Ends a running query when the work is told to stop."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg
from psycopg import Connection

from bot.runtime.stop import StopSignal

_LOOK_EVERY = 0.2


@contextmanager
def cancelled_by(connection: Connection, stop: StopSignal) -> Iterator[None]:
    """While the block runs, a set `stop` cancels the connection's query, which then raises Interrupted."""
    done = threading.Event()

    def watch() -> None:
        while not done.wait(_LOOK_EVERY):
            if stop.is_set:
                with suppress(psycopg.Error):
                    connection.cancel_safe(timeout=5)

    stop.check()
    watcher = threading.Thread(target=watch, name="cancel", daemon=True)
    watcher.start()
    try:
        yield
    except Exception:
        stop.check()  # whatever failed then, this is why
        raise
    finally:
        done.set()
        watcher.join()
