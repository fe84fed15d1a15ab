"""Events reach the app in the background and are tried again when it does not answer. Source: docs, apis/events-api."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from sandbox.delivery.transport import Acknowledgement, Delivery, DispatchFailed, NotAcknowledged, Transport
from sandbox.model import Json

RETRY_DELAYS = (0.0, 60.0, 300.0)
"""Seconds before the first, second and third retry."""


class EventQueue:
    """Delivers event payloads without holding up whoever caused them."""

    def __init__(self, transport: Transport, retry_delays: Sequence[float] = RETRY_DELAYS) -> None:
        self._transport = transport
        self._retry_delays = tuple(retry_delays)
        self._tasks: set[asyncio.Task[Acknowledgement | None]] = set()

    def put(self, payload: Json) -> None:
        """Start delivering."""
        task = asyncio.get_running_loop().create_task(self._deliver(payload))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Give up what is still under way."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _deliver(self, payload: Json) -> Acknowledgement | None:
        reason = ""
        for retry, delay in enumerate((0.0, *self._retry_delays)):
            await asyncio.sleep(delay)
            try:
                return await self._transport.deliver(
                    Delivery(kind="events_api", payload=payload, retry=retry, retry_reason=reason)
                )
            except NotAcknowledged:
                reason = "http_timeout"
            except DispatchFailed as failure:
                reason = "connection_failed" if failure.status is None else "http_error"
        return None
