"""The streams of a process in a container, as the Docker Engine's attach and exec carry them: frames, no TTY."""

from __future__ import annotations

import queue
import socket
import ssl
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from bot.runtime.process import KeptText
from bot.runtime.stop import StopSignal

_HEADER = struct.Struct(">BxxxL")
_STDOUT = 1
_PIECE = 1 << 18
_WAITING = 16
"""Pieces that wait for their reader at most: then the process in the container waits."""
_LOOK_EVERY = 0.2
_KEEPALIVE = {socket.TCP_KEEPIDLE: 30, socket.TCP_KEEPINTVL: 10, socket.TCP_KEEPCNT: 6}
"""As for sessions: an Engine that went away without a word is noticed within 90 s, however quiet the tool is."""
_SEND_WITHIN = struct.pack("ll", 0, int(_LOOK_EVERY * 1e6))
"""Then a send returns, and whether to go on can be looked at; receiving has no such limit."""


class Streams:
    """What a process says: stdout in order, stderr kept; and what it is told. Has to be closed."""

    def __init__(self, answered: Any) -> None:
        """`answered` is the socket that the SDK hands out for exec_start and attach."""
        # The response keeps the connection open.
        self._answered = answered
        self._socket: socket.socket = getattr(answered, "_sock", answered)
        self._early = _read_early(answered, self._socket)
        self._socket.settimeout(None)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, _SEND_WITHIN)
        _keep_alive(self._socket)
        self._said = KeptText()
        self._pieces: queue.Queue[bytes | None] = queue.Queue(_WAITING)
        self._unwanted = threading.Event()
        self._broken = False
        self._ended_at = 0.0
        self._thread = threading.Thread(target=self._read, name="container-streams", daemon=True)
        self._thread.start()

    @property
    def stderr(self) -> str:
        return self._said.text()

    @property
    def broken(self) -> bool:
        """Whether the connection ended before what it carried; to be asked once `chunks` has ended."""
        return self._broken

    @property
    def ended_at(self) -> float:
        """When both streams ended, by the monotonic clock; to be asked once `chunks` has ended."""
        return self._ended_at

    def chunks(self, every: float = _LOOK_EVERY) -> Iterator[bytes]:
        """stdout as it comes, and b"" whenever nothing came for `every` seconds, until both streams have ended."""
        while True:
            try:
                piece = self._pieces.get(timeout=every)
            except queue.Empty:
                yield b""
                continue
            if piece is None:
                return
            yield piece

    def tell(self, data: bytes | memoryview, stop: StopSignal) -> None:
        """To stdin. Raises OSError when nobody reads there any more, Interrupted while nobody does."""
        rest = memoryview(data)
        while rest:
            with suppress(BlockingIOError, ssl.SSLWantWriteError):
                rest = rest[self._socket.send(rest) :]
            stop.check()

    def tell_end(self) -> None:
        """No more comes to stdin."""
        # TLS cannot close one direction alone: there the process has to know the end by what it reads.
        if not hasattr(self._socket, "unwrap"):
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_WR)

    def drained(self, within: float) -> bool:
        """Throw away what still comes; whether both streams ended in that time, in seconds."""
        self._unwanted.set()
        self._thread.join(within)
        return not self._thread.is_alive()

    def close(self) -> None:
        self._unwanted.set()
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        # The connection is its response's, with the reader that we were handed.
        self._answered._response.close()

    def _read(self) -> None:
        try:
            for piece in self._stdout():
                self._hand_over(piece)
        except OSError:
            self._broken = True
        self._ended_at = time.monotonic()
        self._hand_over(None)

    def _stdout(self) -> Iterator[bytes]:
        kind, left, header = 0, 0, b""
        while data := self._received():
            view, found = memoryview(data), []
            while view:
                if left == 0:
                    missing = _HEADER.size - len(header)
                    header, view = header + bytes(view[:missing]), view[missing:]
                    if len(header) == _HEADER.size:
                        kind, left = _HEADER.unpack(header)
                        header = b""
                    continue
                piece, view = view[:left], view[left:]
                left -= len(piece)
                if kind == _STDOUT:
                    found.append(piece)
                else:
                    self._said.add(piece)
            if found:
                yield b"".join(found)
        # The Engine ends it between two frames.
        self._broken = bool(left or header)

    def _received(self) -> bytes:
        early, self._early = self._early, b""
        return early or self._socket.recv(_PIECE)

    def _hand_over(self, piece: bytes | None) -> None:
        while not self._unwanted.is_set():
            with suppress(queue.Full):
                self._pieces.put(piece, timeout=_LOOK_EVERY)
                return


def _keep_alive(connection: socket.socket) -> None:
    if connection.family in (socket.AF_INET, socket.AF_INET6):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in _KEEPALIVE.items():
            connection.setsockopt(socket.IPPROTO_TCP, option, value)


def _read_early(answered: Any, connection: socket.socket) -> bytes:
    """What came together with the answer's headers, and lies in the buffer that those were read by."""
    connection.setblocking(False)
    # Without any, peek asks the connection, which has nothing yet or leaves it in the buffer for us.
    with suppress(AttributeError, OSError):
        return bytes(answered._response.raw._fp.fp.peek() or b"")
    return b""
