"""Socket Mode: each payload goes to one of the app's WebSockets and waits for its envelope's answer.

Source: docs, apis/events-api/using-socket-mode.
"""

from __future__ import annotations

import asyncio
import json
import uuid
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from sandbox.delivery.transport import (
    ACKNOWLEDGE_SECONDS,
    Acknowledgement,
    Delivery,
    DispatchFailed,
    NotAcknowledged,
)
from sandbox.faults import FaultKind
from sandbox.identifiers import letters
from sandbox.wire import Exchange
from sandbox.workspace import Workspace

MAX_SOCKETS = 10
TICKET_SECONDS = 30.0


class TooManySockets(Exception):
    """The app already has as many connections as one app may have."""


@dataclass(eq=False)
class _Envelope:
    body: dict[str, Any]
    answer: asyncio.Future[dict[str, Any]] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    holder: WebSocket | None = None

    @property
    def id(self) -> str:
        return str(self.body["envelope_id"])


class SocketTransport:
    """The app's WebSockets, used in turn. An envelope whose socket drops unanswered goes to another."""

    def __init__(self, workspace: Workspace, acknowledge_seconds: float = ACKNOWLEDGE_SECONDS) -> None:
        self._workspace = workspace
        self._acknowledge_seconds = acknowledge_seconds
        self._tickets: dict[str, float] = {}
        self._sockets: list[WebSocket] = []
        self._pending: dict[str, _Envelope] = {}

    @property
    def connections(self) -> int:
        """How many sockets the app has open."""
        return len(self._sockets)

    def issue_ticket(self) -> str:
        """A ticket that opens one socket once. Raises TooManySockets."""
        if len(self._sockets) >= MAX_SOCKETS:
            raise TooManySockets
        ticket = letters(self._workspace.random, 32)
        self._tickets[ticket] = self._workspace.clock()
        return ticket

    async def serve(self, socket: WebSocket) -> None:
        """Keep one socket until it drops."""
        issued = self._tickets.pop(socket.query_params.get("ticket", ""), None)
        if issued is None or self._workspace.clock() - issued > TICKET_SECONDS or self.connections >= MAX_SOCKETS:
            await socket.close(code=1008)
            return
        await socket.accept()
        self._sockets.append(socket)
        try:
            await socket.send_json(self._hello())
            await self._send_unheld()
            while True:
                text = await socket.receive_text()
                if socket in self._sockets:
                    self._receive(text)
        except (WebSocketDisconnect, RuntimeError):
            pass  # RuntimeError is Starlette's word for a socket that this side has closed
        finally:
            await self._drop(socket)

    async def deliver(self, delivery: Delivery) -> Acknowledgement:
        """Send to one socket and wait for its answer. Raises NotAcknowledged or DispatchFailed."""
        if not self._sockets:
            self._record(delivery, self._workspace.clock(), None, "no socket is open")
            raise DispatchFailed("no socket is open")
        envelope = _Envelope(self._envelope_body(delivery))
        self._pending[envelope.id] = envelope
        started = self._workspace.clock()
        try:
            await self._send(envelope)
            if FaultKind.DROPPED_SOCKET in delivery.faults and envelope.holder is not None:
                await self._drop_without_a_word(envelope.holder)
            async with asyncio.timeout(self._acknowledge_seconds):
                answer = await envelope.answer
        except TimeoutError:
            self._record(delivery, started, None, "")
            raise NotAcknowledged from None
        finally:
            del self._pending[envelope.id]
        self._record(delivery, started, 200, json.dumps(answer))
        return Acknowledgement(body=answer.get("payload") or {})

    async def disconnect(self, reason: str = "refresh_requested") -> None:
        """Tell every socket to connect anew, and close it."""
        for socket in tuple(self._sockets):
            await socket.send_json({"type": "disconnect", "reason": reason, "debug_info": {"host": "sandbox"}})
            await socket.close()

    async def close(self) -> None:
        """Close every socket."""
        for socket in tuple(self._sockets):
            await socket.close(code=1001)

    async def _drop_without_a_word(self, socket: WebSocket) -> None:
        await self._drop(socket)
        with suppress(RuntimeError):  # the app may have closed it at the same moment
            await socket.close(code=1011)

    def _receive(self, text: str) -> None:
        try:
            answer = json.loads(text)
        except ValueError:
            return
        envelope_id = answer.get("envelope_id") if isinstance(answer, dict) else None
        envelope = self._pending.get(str(envelope_id))
        if envelope is not None and not envelope.answer.done():
            envelope.answer.set_result(answer)

    async def _send(self, envelope: _Envelope) -> None:
        while self._sockets:
            socket = self._sockets.pop(0)
            self._sockets.append(socket)
            envelope.holder = socket
            try:
                await socket.send_json(envelope.body)
            except (WebSocketDisconnect, RuntimeError):
                self._forget(socket)
                envelope.holder = None
            else:
                return

    async def _send_unheld(self) -> None:
        for envelope in tuple(self._pending.values()):
            if envelope.holder is None and not envelope.answer.done():
                await self._send(envelope)

    async def _drop(self, socket: WebSocket) -> None:
        self._forget(socket)
        for envelope in self._pending.values():
            if envelope.holder is socket:
                envelope.holder = None
        await self._send_unheld()

    def _forget(self, socket: WebSocket) -> None:
        if socket in self._sockets:
            self._sockets.remove(socket)

    def _hello(self) -> dict[str, Any]:
        return {
            "type": "hello",
            "num_connections": self.connections,
            "debug_info": {"host": "sandbox", "build_number": 1, "approximate_connection_time": 18060},
            "connection_info": {"app_id": self._workspace.app.app_id},
        }

    def _envelope_body(self, delivery: Delivery) -> dict[str, Any]:
        body: dict[str, Any] = {
            "envelope_id": str(uuid.UUID(int=self._workspace.random.getrandbits(128), version=4)),
            "type": delivery.kind,
            "payload": delivery.payload,
            "accepts_response_payload": delivery.kind != "events_api",
        }
        if delivery.kind == "events_api":
            body |= {"retry_attempt": delivery.retry, "retry_reason": delivery.retry_reason.removeprefix("http_")}
        return body

    def _record(self, delivery: Delivery, started: float, status: int | None, reply: str) -> None:
        self._workspace.wire.record(
            Exchange(
                started=started,
                seconds=self._workspace.clock() - started,
                sender="workspace",
                via="socket",
                name=delivery.name,
                request=json.dumps(delivery.payload),
                status=status,
                reply=reply,
            )
        )
