"""The last exchanges between the workspace and the app, as they were on the wire."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One request and its reply. `started` is seconds since the epoch, `seconds` how long the reply took."""

    started: float
    seconds: float
    sender: Literal["app", "workspace"]
    via: Literal["http", "socket"]
    name: str
    """The Web API method, or the kind of payload delivered."""
    request: str
    status: int | None
    """HTTP status; 200 for an acknowledged envelope, None when no reply came."""
    reply: str


class WireLog:
    """Keeps the newest exchanges."""

    def __init__(self, capacity: int = 500) -> None:
        self._exchanges: deque[Exchange] = deque(maxlen=capacity)
        self._subscribers: list[Callable[[Exchange], None]] = []

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        """The exchanges that are kept, oldest first."""
        return tuple(self._exchanges)

    def record(self, exchange: Exchange) -> None:
        """Keep an exchange and tell the subscribers."""
        self._exchanges.append(exchange)
        for callback in tuple(self._subscribers):
            callback(exchange)

    def clear(self) -> None:
        """Forget the exchanges so far."""
        self._exchanges.clear()

    def subscribe(self, callback: Callable[[Exchange], None]) -> Callable[[], None]:
        """Call `callback` with every exchange from now on; the returned function ends that."""
        self._subscribers.append(callback)

        def unsubscribe() -> None:
            if callback in self._subscribers:
                self._subscribers.remove(callback)

        return unsubscribe
