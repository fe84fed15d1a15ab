"""What every way of delivery has in common."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from sandbox.faults import FaultKind
from sandbox.model import Json

Kind = Literal["slash_commands", "interactive", "events_api"]

ACKNOWLEDGE_SECONDS = 3.0


class NotAcknowledged(Exception):
    """The app did not answer in time; the person sees `operation_timeout`."""


class DispatchFailed(Exception):
    """The app could not be reached or answered with an error; the person sees `dispatch_failed`."""

    def __init__(self, reason: str, status: int | None = None) -> None:
        super().__init__(reason)
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One payload on its way. `retry` counts from 1 for events delivered again, `faults` are to go wrong with it."""

    kind: Kind
    payload: Json
    retry: int = 0
    retry_reason: str = ""
    faults: frozenset[FaultKind] = frozenset()

    @property
    def name(self) -> str:
        """What a reader of the wire log sees: the command, the interaction's or the event's type."""
        if self.kind == "slash_commands":
            return str(self.payload["command"])
        if self.kind == "events_api":
            return str(self.payload["event"]["type"])
        return str(self.payload["type"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledgement:
    """The app's answer. `body` is empty when it only acknowledged."""

    status: int = 200
    body: dict[str, Any] = field(default_factory=dict)


class Transport(Protocol):
    """Delivers payloads to the app."""

    async def deliver(self, delivery: Delivery) -> Acknowledgement:
        """Hand over one payload and wait for the answer. Raises NotAcknowledged or DispatchFailed."""
        ...

    async def close(self) -> None:
        """Give back connections."""
        ...
