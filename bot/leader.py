"""One leader among all `serve` processes: whoever holds an advisory lock of the state database."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager

import psycopg

from bot.store.database import Connection, StateDatabase

_log = logging.getLogger(__name__)
_LOCK = 0x6C_65_61_64  # "lead"
_LOOK_EVERY = 3.0


class Leadership:
    """Enters `duties` while this process leads, and leaves them as soon as the lock's connection is gone."""

    def __init__(self, database: StateDatabase, duties: Callable[[], AbstractContextManager[None]]) -> None:
        self._database = database
        self._duties = duties
        self._leads = threading.Event()

    @property
    def leads(self) -> bool:
        return self._leads.is_set()

    def run(self, stop: threading.Event) -> None:
        while not stop.is_set():
            try:
                with self._database.connect() as connection:
                    self._campaign(connection, stop)
            except (psycopg.Error, OSError) as error:
                _log.warning("lost the connection that makes a leader, trying again: %s", error)
                stop.wait(_LOOK_EVERY)

    def _campaign(self, connection: Connection, stop: threading.Event) -> None:
        while not stop.is_set():
            row = connection.execute("SELECT pg_try_advisory_lock(%s) AS won", (_LOCK,)).fetchone()
            if row is not None and row["won"]:
                self._lead(connection, stop)
                return
            stop.wait(_LOOK_EVERY)

    def _lead(self, connection: Connection, stop: threading.Event) -> None:
        _log.info("this process leads: schedules, sweeps and messages are its duty")
        with self._duties():
            self._leads.set()
            try:
                while not stop.wait(_LOOK_EVERY):
                    connection.execute("SELECT 1")
            finally:
                self._leads.clear()
