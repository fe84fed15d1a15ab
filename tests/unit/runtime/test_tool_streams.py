"""The Engine's frames: read whole wherever they are cut into packets, and never taken for whole when they broke off."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator, Sequence
from contextlib import closing
from types import SimpleNamespace

import pytest

from bot.runtime.stop import StopSignal
from bot.runtime.tool_streams import Streams

OUT, ERR = 1, 2


def frame(kind: int, said: bytes) -> bytes:
    return struct.pack(">BxxxL", kind, len(said)) + said


@pytest.fixture
def ends() -> Iterator[tuple[Streams, socket.socket]]:
    """Ours, and the Engine's."""
    ours, engines = socket.socketpair()
    with engines, ours, closing(Streams(SimpleNamespace(_sock=ours, _response=ours))) as streams:
        yield streams, engines


@pytest.mark.parametrize(
    ("packets", "said", "broken"),
    [
        ([frame(OUT, b"all ") + frame(ERR, b"aside"), frame(OUT, b"of it")], b"all of it", False),
        ([frame(OUT, b"all of it")[:3], frame(OUT, b"all of it")[3:]], b"all of it", False),
        ([], b"", False),
        ([frame(OUT, b"all of it")[:-2]], b"all of ", True),
        ([frame(OUT, b"all of it"), frame(ERR, b"aside")[:-1]], b"all of it", True),
        ([frame(OUT, b"all of it"), frame(OUT, b"more")[:5]], b"all of it", True),
    ],
    ids=["whole", "a header in two packets", "nothing", "within a frame", "within stderr", "within a header"],
)
def test_an_end_within_a_frame_is_a_break(
    ends: tuple[Streams, socket.socket], packets: Sequence[bytes], said: bytes, broken: bool
) -> None:
    streams, engine = ends
    for packet in packets:
        engine.sendall(packet)
    engine.close()
    assert (b"".join(streams.chunks()), streams.broken) == (said, broken)


def test_an_error_of_the_connection_is_a_break(ends: tuple[Streams, socket.socket]) -> None:
    streams, engine = ends
    engine.sendall(frame(OUT, b"all of it"))
    assert next(chunk for chunk in streams.chunks() if chunk) == b"all of it"
    # What is closed with unread bytes is reset.
    streams.tell(b"unread", StopSignal())
    engine.close()
    assert list(streams.chunks()) == []
    assert streams.broken


def test_a_peer_that_went_silent_is_noticed() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        ours = socket.create_connection(server.getsockname())
        engine, _ = server.accept()
        with engine, ours, closing(Streams(SimpleNamespace(_sock=ours, _response=ours))):
            assert ours.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
            names = (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT)
            assert [ours.getsockopt(socket.IPPROTO_TCP, name) for name in names] == [30, 10, 6]
