"""Changes of the workspace, handed to one page in batches.

Publishing must cost the API nothing: a change is only noted here, and drawn a moment later, when the same message has
perhaps changed again and is then drawn once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from sandbox.changes import Change, Changes, MessageUpdated

_GATHER_SECONDS = 0.02


class Feed:
    """Listens until it is closed."""

    def __init__(self, changes: Changes, draw: Callable[[list[Change]], None]) -> None:
        self._draw = draw
        self._loop = asyncio.get_running_loop()
        self._waiting: list[Change] = []
        self._timer: asyncio.TimerHandle | None = None
        self._unsubscribe = changes.subscribe(self._note)

    def close(self) -> None:
        """Stop listening."""
        self._unsubscribe()
        if self._timer is not None:
            self._timer.cancel()

    def _note(self, change: Change) -> None:
        self._waiting.append(change)
        if self._timer is None:
            self._timer = self._loop.call_later(_GATHER_SECONDS, self._flush)

    def _flush(self) -> None:
        self._timer = None
        changes, self._waiting = self._waiting, []
        self._draw(latest(changes))


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
