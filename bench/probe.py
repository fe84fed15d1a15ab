"""Asks the sample application 20 times a second whether it answers."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

import httpx

from bench.world import SERVICE, Seeded
from sandbox.locks import hold
from sandbox.processes import wait_until
from sandbox.sample import control

_PERIOD_S = 0.05
_PATIENCE_S = 1.0
_BACK_WITHIN_S = 60.0


@contextmanager
def application(database: Seeded) -> Iterator[None]:
    """The sample application on the database, started and stopped as its restores do it."""
    run_file = database.application_dir / f"{SERVICE}.run"
    with hold(database.lifeline):
        try:
            control.start(database.application_dir, SERVICE)
            yield
        finally:
            control.stop(run_file)


class Probe:
    """While the block runs, `answered` gets the time of each good answer. The first one is awaited, and a last one."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="probe", daemon=True)
        self.answered: list[float] = []

    def __enter__(self) -> Self:
        self._thread.start()
        self._await_answer()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None:
                self._await_answer()
        finally:
            self._stop.set()
            self._thread.join()

    def _await_answer(self) -> None:
        seen = len(self.answered)
        wait_until(lambda: len(self.answered) > seen, timeout_s=_BACK_WITHIN_S, what="an answer of the application")

    def _run(self) -> None:
        with httpx.Client(timeout=_PATIENCE_S, trust_env=False) as client:
            while not self._stop.is_set():
                asked = time.monotonic()
                if _answers(client, self._url):
                    self.answered.append(time.monotonic())
                self._stop.wait(max(0.0, asked + _PERIOD_S - time.monotonic()))


def _answers(client: httpx.Client, url: str) -> bool:
    try:
        return client.get(url).is_success
    except httpx.TransportError:
        return False
