"""Bytes from one thread to another, with bounded memory."""

from __future__ import annotations

from collections import deque
from threading import Condition

_ROOM = 1 << 20


class Pipe:
    """A file for both sides: one writes and closes, the other reads. Whoever is ahead waits."""

    def __init__(self) -> None:
        self._pieces: deque[memoryview] = deque()
        self._size = 0
        self._closed = self._abandoned = False
        self._error: BaseException | None = None
        self._changed = Condition()

    def write(self, data: bytes) -> int:
        """Raises BrokenPipeError when nobody reads any more."""
        with self._changed:
            self._changed.wait_for(lambda: self._size < _ROOM or self._abandoned)
            if self._abandoned:
                raise BrokenPipeError("nobody reads any more")
            if data:
                self._pieces.append(memoryview(data))
                self._size += len(data)
            self._changed.notify_all()
        return len(data)

    def flush(self) -> None:
        """What was written can be read at once."""

    def close(self, error: BaseException | None = None) -> None:
        """No more will come; with an error, the reader gets that instead of an end."""
        with self._changed:
            self._closed, self._error = True, self._error or error
            self._changed.notify_all()

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes; none at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._pieces or self._closed)
            if self._error is not None:
                raise self._error
            if not self._pieces:
                return b""
            first = self._pieces.popleft()
            if 0 <= size < len(first):
                self._pieces.appendleft(first[size:])
                first = first[:size]
            self._size -= len(first)
            self._changed.notify_all()
            return bytes(first)

    def abandon(self) -> None:
        """Nobody reads any more."""
        with self._changed:
            self._abandoned = True
            self._pieces.clear()
            self._size = 0
            self._changed.notify_all()
