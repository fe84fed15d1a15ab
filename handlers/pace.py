"""How often a channel may be written to, and which methods Slack asked to leave alone for a while."""

from __future__ import annotations

from datetime import datetime, timedelta

A_SECOND = timedelta(seconds=1)
"""Between two messages in a channel (source: docs.slack.dev/apis/web-api/rate-limits)."""


class Pace:
    """For one thread."""

    def __init__(self, between: timedelta = A_SECOND) -> None:
        self._between = between
        self._channels: dict[str, datetime] = {}
        self._methods: dict[str, datetime] = {}

    def may(self, channel: str, method: str, now: datetime) -> bool:
        return now >= max(self._channels.get(channel, now), self._methods.get(method, now))

    def used(self, channel: str, now: datetime) -> None:
        self._channels[channel] = now + self._between

    def hold(self, method: str, until: datetime) -> None:
        """As a 429 asked."""
        self._methods[method] = until

    def next_free(self, now: datetime) -> float | None:
        """Seconds until something that waits may go on; None when nothing waits."""
        waiting = [at for at in (*self._channels.values(), *self._methods.values()) if at > now]
        return (min(waiting) - now).total_seconds() if waiting else None
