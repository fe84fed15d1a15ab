"""Keeps a backup under way for as long as a block runs."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

from bench.errors import BenchError
from bench.worker import ACTOR
from bot.models import Operation, OperationState
from bot.wiring import House
from sandbox.processes import wait_until

_LOOK_EVERY_S = 0.1
_START_WITHIN_S = 60.0
_END_WITHIN_S = 120.0


@dataclass
class Count:
    """Backups that ended well meanwhile."""

    done: int = 0


@contextmanager
def backups_under_way(house: House, target: str) -> Iterator[Count]:
    """Ask a worker elsewhere for one backup after the other; the first runs when the block begins.

    Raises BenchError at the end when one failed. The last one is waited for.
    """
    stop, count = threading.Event(), Count()
    first = _request(house, target)
    with ThreadPoolExecutor(1, thread_name_prefix="keeper") as executor:
        keeping = executor.submit(_keep, house, target, first, stop, count)
        try:
            wait_until(
                lambda: keeping.done() or _current(house, first).state is not OperationState.QUEUED,
                timeout_s=_START_WITHIN_S,
                what="the start of a backup",
            )
            yield count
        finally:
            stop.set()
        keeping.result()


def _keep(house: House, target: str, operation_id: str, stop: threading.Event, count: Count) -> None:
    while True:
        _await_end(house, operation_id, stop)
        count.done += 1
        if stop.is_set():
            return
        operation_id = _request(house, target)


def _await_end(house: House, operation_id: str, stop: threading.Event) -> None:
    """However long it takes; when the load is over, not much longer. The bot may have died under it."""
    patience = _END_WITHIN_S
    while not (operation := _current(house, operation_id)).state.ended:
        if patience < 0:
            raise BenchError(f"a backup under the load is still {operation.state} {_END_WITHIN_S:g} s after it")
        patience -= _LOOK_EVERY_S if stop.is_set() else 0
        time.sleep(_LOOK_EVERY_S)
    if operation.state is not OperationState.DONE:
        raise BenchError(f"a backup under the load ended as {operation.state}: {operation.failure}")


def _request(house: House, target: str) -> str:
    return house.services.backups.request(target, ACTOR).id


def _current(house: House, operation_id: str) -> Operation:
    return house.services.overview.operation(operation_id)
