"""What happens in the workspace, handed to one page in batches.

Publishing must cost the API nothing: what happened is only noted here, and drawn a moment later, when the same message
has perhaps changed again and is then drawn once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

from sandbox.changes import Change, MessageUpdated

T = TypeVar("T")
_GATHER_SECONDS = 0.02


class Feed(Generic[T]):
    """Listens until it is closed. `subscribe` takes a callback and returns what ends the subscription."""

    def __init__(
        self, subscribe: Callable[[Callable[[T], None]], Callable[[], None]], draw: Callable[[list[T]], None]
    ) -> None:
        self._draw = draw
        self._loop = asyncio.get_running_loop()
        self._waiting: list[T] = []
        self._timer: asyncio.TimerHandle | None = None
        self._unsubscribe = subscribe(self._note)

    def close(self) -> None:
        """Stop listening."""
        self._unsubscribe()
        if self._timer is not None:
            self._timer.cancel()

    def _note(self, happened: T) -> None:
        self._waiting.append(happened)
        if self._timer is None:
            self._timer = self._loop.call_later(_GATHER_SECONDS, self._flush)

    def _flush(self) -> None:
        self._timer = None
        happened, self._waiting = self._waiting, []
        self._draw(happened)


def latest(changes: list[Change]) -> list[Change]:
    """Without the updates of a message that a later update in the list overtakes."""
    kept: list[Change] = []
    updated: set[tuple[str, str]] = set()
    for change in reversed(changes):
        if isinstance(change, MessageUpdated):
            key = (change.message.channel, change.message.ts)
            if key in updated:
                continue
            updated.add(key)
        kept.append(change)
    return kept[::-1]
