"""How an object is cut into parts, and how many of them are under way at once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Condition
from typing import TypeVar

Result = TypeVar("Result")

_MIB = 1 << 20
SMALLEST_PART = 8 * _MIB
LARGEST_PART = 32 * _MIB
_AT_ONCE = 4
_BYTES_AT_ONCE = 64 * _MIB


def part_size(expected_bytes: int | None, max_parts: int) -> int:
    """Bytes of each part but the last: what is expected fits, in whole MiB from 8 to 32.

    All parts of an object are alike, as some providers demand. The bound keeps a worker's memory small; what does not
    fit into one object goes on in another.
    """
    wanted = -(-(expected_bytes or 0) // (max_parts * _MIB)) * _MIB
    return min(max(SMALLEST_PART, wanted), LARGEST_PART)


def largest_object(max_parts: int) -> int:
    """Bytes that one object can hold at most; at 10,000 parts well below the 5 TiB that S3 allows."""
    return max_parts * LARGEST_PART


class PartPool:
    """Sends the parts of all objects under way: four at once, and 64 MiB. Whoever has more waits: memory is bounded."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="s3-part")
        self._changed = Condition()
        self._count = self._bytes = 0

    def submit(self, size: int, send: Callable[[], Result]) -> Future[Result]:
        """Waits until there is room for so many bytes."""
        with self._changed:
            self._changed.wait_for(lambda: self._has_room(size))
            self._add(1, size)
        try:
            future = self._threads.submit(send)
        except BaseException:
            self._add(-1, -size)
            raise
        future.add_done_callback(lambda _: self._add(-1, -size))
        return future

    def _has_room(self, size: int) -> bool:
        return self._count == 0 or (self._count < _AT_ONCE and self._bytes + size <= _BYTES_AT_ONCE)

    def _add(self, count: int, size: int) -> None:
        with self._changed:
            self._count += count
            self._bytes += size
            self._changed.notify_all()
