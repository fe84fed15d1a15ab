"""How long work is told to stop."""

from __future__ import annotations

import threading

from bot.errors import Interrupted


class StopSignal:
    """Set once, from any thread; long work looks at it often.

    `reason` ends the sentence "Interrupted: …", such as `the worker is shutting down`.
    """

    def __init__(self) -> None:
        self._event = threading.Event()
        self._reason = ""

    def set(self, reason: str = "the worker was told to stop") -> None:
        if not self._event.is_set():
            self._reason = reason
            self._event.set()

    @property
    def is_set(self) -> bool:
        return self._event.is_set()

    @property
    def reason(self) -> str:
        return self._reason

    def check(self) -> None:
        """Raise Interrupted when the signal was set."""
        if self._event.is_set():
            raise Interrupted(f"Interrupted: {self._reason}", "Ask for it again when the worker is back.")

    def wait(self, seconds: float) -> None:
        """Wait that long; raise Interrupted as soon as the signal is set."""
        self._event.wait(seconds)
        self.check()
