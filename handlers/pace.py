"""How often Slack may be written to, and which methods it asked to leave alone for a while.

About one post a second a channel, in short bursts more; 50 updates a minute in the workspace
(source: docs.slack.dev/apis/web-api/rate-limits).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.models import Drawing

POST, UPDATE = "chat.postMessage", "chat.update"


@dataclass(frozen=True)
class Allowance:
    """So many calls at once, and one more with each `every`."""

    burst: int
    every: timedelta


POSTS = Allowance(3, timedelta(seconds=1))
UPDATES = Allowance(8, timedelta(seconds=1.5))


def method_of(drawing: Drawing) -> str:
    return UPDATE if drawing.ts else POST


class Pace:
    """For one thread."""

    def __init__(self, posts: Allowance = POSTS, updates: Allowance = UPDATES) -> None:
        self._posts = posts
        self._updates = updates
        self._full_again: dict[str, datetime] = {}
        """When a channel, or the method `chat.update`, will have its whole burst back."""
        self._held: dict[str, datetime] = {}

    def may(self, drawing: Drawing, now: datetime) -> bool:
        return self._free_at(drawing, now) <= now

    def used(self, drawing: Drawing, now: datetime) -> None:
        key, allowance = self._limit(drawing)
        self._full_again[key] = max(self._full_again.get(key, now), now) + allowance.every

    def hold(self, method: str, until: datetime) -> None:
        """As a 429 asked."""
        self._held[method] = until

    def seconds_until_free(self, drawing: Drawing, now: datetime) -> float:
        return max((self._free_at(drawing, now) - now).total_seconds(), 0.0)

    def _free_at(self, drawing: Drawing, now: datetime) -> datetime:
        key, allowance = self._limit(drawing)
        free = self._full_again.get(key, now) - allowance.every * (allowance.burst - 1)
        return max(free, self._held.get(method_of(drawing), free))

    def _limit(self, drawing: Drawing) -> tuple[str, Allowance]:
        return (UPDATE, self._updates) if drawing.ts else (drawing.channel, self._posts)
