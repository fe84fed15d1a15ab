"""Deliveries that go wrong on demand."""

from __future__ import annotations

import asyncio
import copy
from dataclasses import replace

from sandbox.delivery.transport import Acknowledgement, Delivery, DispatchFailed, NotAcknowledged, Transport
from sandbox.faults import DELIVERY_KINDS, FaultKind, Faults
from sandbox.model import Json

OTHER_TEAM = "T0OTHERTEAM"


class FaultyTransport:
    """Hands deliveries to the real transport, spoiled by the faults that strike them."""

    def __init__(self, inner: Transport, faults: Faults, acknowledge_seconds: float) -> None:
        self._inner = inner
        self._faults = faults
        self._acknowledge_seconds = acknowledge_seconds
        self._tasks: set[asyncio.Task[Acknowledgement]] = set()

    async def deliver(self, delivery: Delivery) -> Acknowledgement:
        """Deliver with what goes wrong. Raises NotAcknowledged or DispatchFailed."""
        struck = self._faults.striking(DELIVERY_KINDS, delivery.name, delivery.kind)
        if not struck:
            return await self._inner.deliver(delivery)
        kinds = frozenset(fault.kind for fault in struck)
        if FaultKind.WRONG_TEAM in kinds:
            delivery = replace(delivery, payload=of_other_team(delivery.payload))
        delivery = replace(delivery, faults=kinds)
        if FaultKind.DUPLICATE in kinds:
            self._start(delivery, 0)
        late = sum(fault.seconds for fault in struck if fault.kind is FaultKind.LATE)
        return await self._within_patience(self._start(delivery, late))

    async def close(self) -> None:
        """Give up what is under way, and give back connections."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._inner.close()

    async def _within_patience(self, task: asyncio.Task[Acknowledgement]) -> Acknowledgement:
        """The answer; a person waits no longer than usual, while a late payload still comes."""
        done, _ = await asyncio.wait({task}, timeout=self._acknowledge_seconds)
        if not done:
            raise NotAcknowledged
        return task.result()

    def _start(self, delivery: Delivery, late: float) -> asyncio.Task[Acknowledgement]:
        task = asyncio.get_running_loop().create_task(self._deliver_after(delivery, late))
        self._tasks.add(task)
        task.add_done_callback(self._finish)
        return task

    async def _deliver_after(self, delivery: Delivery, seconds: float) -> Acknowledgement:
        await asyncio.sleep(seconds)
        return await self._inner.deliver(delivery)

    def _finish(self, task: asyncio.Task[Acknowledgement]) -> None:
        self._tasks.discard(task)
        if task.cancelled():
            return
        error = task.exception()
        if error is not None and not isinstance(error, NotAcknowledged | DispatchFailed):
            raise error


def of_other_team(payload: Json) -> Json:
    """The payload as another workspace would send it: every team id in it is a stranger's."""
    spoiled = copy.deepcopy(payload)
    for key in ("team_id", "context_team_id"):
        if key in spoiled:
            spoiled[key] = OTHER_TEAM
    for key in ("team", "user", "event", "view", "message"):
        part = spoiled.get(key)
        if isinstance(part, dict):
            _spoil(part, is_team=key == "team")
    for authorization in spoiled.get("authorizations", ()):
        authorization["team_id"] = OTHER_TEAM
    return spoiled


def _spoil(part: Json, *, is_team: bool) -> None:
    for key in ("id",) if is_team else ("team", "team_id", "app_installed_team_id"):
        if key in part:
            part[key] = OTHER_TEAM
