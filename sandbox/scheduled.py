"""Messages that wait for their time. Source: docs, methods/chat.scheduleMessage and its siblings."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from random import Random

from sandbox.clock import Clock
from sandbox.errors import SlackError
from sandbox.identifiers import identifier
from sandbox.model import Message

MAX_AHEAD_SECONDS = 120 * 86_400
WINDOW_SECONDS = 300
MAX_IN_WINDOW = 30
LOCKED_SECONDS = 60
"""How long before its time a message can no longer be deleted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheduled:
    """A message and when it is to be posted, in seconds since the epoch."""

    id: str
    post_at: int
    created: int
    draft: Message


class Schedule:
    """The scheduled messages of a workspace."""

    def __init__(self, clock: Clock, random: Random) -> None:
        self._clock = clock
        self._random = random
        self._waiting: dict[str, Scheduled] = {}

    def put(self, draft: Message, post_at: int) -> Scheduled:
        """Keep a message until its time. Raises SlackError: time_in_past, time_too_far, restricted_too_many."""
        now = self._clock()
        if post_at <= now:
            raise SlackError("time_in_past")
        if post_at > now + MAX_AHEAD_SECONDS:
            raise SlackError("time_too_far")
        if self._is_crowded(draft.channel, post_at):
            raise SlackError("restricted_too_many")
        scheduled = Scheduled(id=identifier(self._random, "Q"), post_at=post_at, created=int(now), draft=draft)
        self._waiting[scheduled.id] = scheduled
        return scheduled

    def remove(self, channel: str, scheduled_id: str) -> None:
        """Forget a message. Raises SlackError when it is unknown, posted, or about to be."""
        scheduled = self._waiting.get(scheduled_id)
        if (
            scheduled is None
            or scheduled.draft.channel != channel
            or scheduled.post_at - self._clock() <= LOCKED_SECONDS
        ):
            raise SlackError("invalid_scheduled_message_id")
        del self._waiting[scheduled_id]

    def waiting(self) -> list[Scheduled]:
        """The messages that wait, earliest first."""
        return sorted(self._waiting.values(), key=lambda scheduled: scheduled.post_at)

    def discard(self, scheduled: Scheduled) -> None:
        """Forget a message whatever its time."""
        self._waiting.pop(scheduled.id, None)

    def take_due(self) -> list[Message]:
        """The messages whose time has come, earliest first; they wait no longer."""
        now = self._clock()
        due = [scheduled for scheduled in self.waiting() if scheduled.post_at <= now]
        for scheduled in due:
            del self._waiting[scheduled.id]
        return [scheduled.draft for scheduled in due]

    def _is_crowded(self, channel: str, post_at: int) -> bool:
        times: dict[str, list[int]] = defaultdict(list)
        for scheduled in self._waiting.values():
            times[scheduled.draft.channel].append(scheduled.post_at)
        ordered = sorted([*times[channel], post_at])
        return any(last - first < WINDOW_SECONDS for first, last in zip(ordered, ordered[MAX_IN_WINDOW:], strict=False))
