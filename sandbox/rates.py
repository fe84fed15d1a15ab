"""How often an app may call. Source: docs, apis/web-api/rate-limits."""

from __future__ import annotations

import math
from collections import defaultdict, deque
from enum import IntEnum

from sandbox.clock import Clock

_WINDOW = 60.0
POST_BURST = 5
"""Posts that a channel takes at once before the pace of one a second holds (Slack: "short bursts")."""


class Tier(IntEnum):
    """Calls a minute, per method."""

    ONE = 1
    TWO = 20
    THREE = 50
    FOUR = 100
    SPECIAL = 600
    """Methods outside the tiers; posting is held back per channel instead."""


class RateLimited(Exception):
    """Too many calls; `retry_after` is in whole seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"retry after {retry_after} s")
        self.retry_after = retry_after


class RateLimiter:
    """Counts calls per method over a sliding minute, and posts per channel in a leaking bucket."""

    def __init__(self, clock: Clock, *, enabled: bool) -> None:
        self.enabled = enabled
        self._clock = clock
        self._calls: dict[str, deque[float]] = defaultdict(deque)
        self._buckets: dict[str, tuple[float, float]] = {}

    def count_call(self, method: str, tier: Tier) -> None:
        """Count a call of a Web API method. Raises RateLimited."""
        if not self.enabled:
            return
        now = self._clock()
        calls = self._calls[method]
        while calls and calls[0] <= now - _WINDOW:
            calls.popleft()
        if len(calls) >= tier.value:
            raise RateLimited(max(1, math.ceil(calls[0] + _WINDOW - now)))
        calls.append(now)

    def count_post(self, channel: str) -> None:
        """Count a message posted to a channel. Raises RateLimited."""
        if not self.enabled:
            return
        now = self._clock()
        level, since = self._buckets.get(channel, (0.0, now))
        level = max(0.0, level - (now - since))
        if level + 1 > POST_BURST:
            raise RateLimited(max(1, math.ceil(level + 1 - POST_BURST)))
        self._buckets[channel] = (level + 1, now)
