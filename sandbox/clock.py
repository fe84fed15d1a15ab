"""Time and unique numbers, passed in wherever they are needed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

Clock: TypeAlias = Callable[[], float]
"""Seconds since the epoch."""


class Timestamps:
    """Slack timestamps such as `1769000000.000100`: strictly increasing, so each names one thing."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last = 0

    def next(self) -> str:
        """A timestamp later than every one before."""
        self._last = max(int(self._clock() * 1_000_000), self._last + 1)
        return f"{self._last // 1_000_000}.{self._last % 1_000_000:06d}"


class MovableClock:
    """A clock that tests can move ahead: it stands still at a moment, or runs as another clock does."""

    def __init__(self, clock: float | Clock) -> None:
        self._clock = clock
        self._ahead = 0.0

    def __call__(self) -> float:
        now = self._clock() if callable(self._clock) else self._clock
        return now + self._ahead

    def advance(self, seconds: float) -> None:
        """Move forward. Raises ValueError for a negative number: time does not run back."""
        if seconds < 0:
            raise ValueError("time does not run back")
        self._ahead += seconds
