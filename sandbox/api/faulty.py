"""Calls that go wrong on demand."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.faults import CALL_KINDS, Fault, FaultKind, Faults

_RESET_AT_CLOSE = struct.pack("ii", 1, 0)


async def respond_with_faults(
    faults: Faults, name: str, request: Request, respond: Callable[[], Response]
) -> Response | None:
    """What `respond` answers to the call `name`, or what a fault makes of it; None when the connection is gone.

    `respond` carries the call out. A fault in its place keeps the call from taking effect unless it says `applied`.
    """
    failing: Fault | None = None
    for fault in faults.striking(CALL_KINDS, name):
        if fault.kind is FaultKind.LATENCY:
            await asyncio.sleep(fault.seconds)
        elif failing is None:
            failing = fault
    if failing is None:
        return respond()
    if failing.applied:
        respond()
    return await _fail(failing, request)


async def _fail(fault: Fault, request: Request) -> Response | None:
    match fault.kind:
        case FaultKind.RATE_LIMITED:
            retry_after = str(max(1, round(fault.seconds)))
            return JSONResponse({"ok": False, "error": "ratelimited"}, 429, {"Retry-After": retry_after})
        case FaultKind.SERVER_ERROR:
            return JSONResponse({"ok": False, "error": "internal_error"}, 500)
        case FaultKind.TIMEOUT:
            await _wait_for_hang_up(request, fault.seconds)
            await _disconnect(request, reset=False)
        case _:
            await _disconnect(request, reset=True)
    return None


async def _wait_for_hang_up(request: Request, seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while (await request.receive())["type"] != "http.disconnect":
                pass


async def _disconnect(request: Request, *, reset: bool) -> None:
    """Close the connection without an answer, by a reset when asked for."""
    transport = _transport(request)
    if reset:
        connection: socket.socket = transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_AT_CLOSE)
    transport.abort()
    await asyncio.sleep(0)  # the server notices in the loop's next round


def _transport(request: Request) -> Any:
    """The connection under a request. ASGI has no word for closing it, so we ask uvicorn's own object."""
    cycle = getattr(request.receive, "__self__", None)
    transport = getattr(cycle, "transport", None)
    if transport is None:
        raise RuntimeError("connections can be dropped only when uvicorn serves the workspace")
    return transport
