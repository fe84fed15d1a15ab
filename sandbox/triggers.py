"""Short-lived permissions that a payload carries: trigger ids and response URLs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random

from sandbox.clock import Clock
from sandbox.errors import SlackError
from sandbox.identifiers import letters

TRIGGER_SECONDS = 3.0
RESPONSE_URL_SECONDS = 30 * 60.0
RESPONSE_URL_USES = 5


@dataclass(frozen=True, slots=True)
class Trigger:
    """Who acted, when, and in which modal if in one."""

    id: str
    user: str
    issued: float
    view_id: str | None
    exchanged: bool = False


@dataclass(frozen=True, slots=True)
class ResponseTarget:
    """Where a response URL writes: the conversation, the person, and the message that was acted on."""

    id: str
    channel: str
    user: str
    issued: float
    message_ts: str | None = None
    thread_ts: str | None = None
    uses: int = 0


class Triggers:
    """Issues trigger ids and exchanges each at most once, within three seconds."""

    def __init__(self, clock: Clock, random: Random) -> None:
        self._clock = clock
        self._random = random
        self._triggers: dict[str, Trigger] = {}

    def issue(self, user: str, view_id: str | None = None) -> str:
        """A new trigger id for what this person just did."""
        numbers = ".".join(str(self._random.randrange(10**9, 10**12)) for _ in range(2))
        trigger_id = f"{numbers}.{letters(self._random, 32, 'abcdef0123456789')}"
        self._triggers[trigger_id] = Trigger(trigger_id, user, self._clock(), view_id)
        return trigger_id

    def exchange(self, trigger_id: str) -> Trigger:
        """Use the trigger up. Raises SlackError."""
        trigger = self._triggers.get(trigger_id)
        if trigger is None:
            raise SlackError("invalid_trigger_id")
        if trigger.exchanged:
            raise SlackError("exchanged_trigger_id")
        if self._clock() - trigger.issued > TRIGGER_SECONDS:
            raise SlackError("expired_trigger_id")
        self._triggers[trigger_id] = replace(trigger, exchanged=True)
        return trigger


class ResponseUrls:
    """Issues response URLs; each is good for five uses within thirty minutes."""

    def __init__(self, clock: Clock, random: Random) -> None:
        self._clock = clock
        self._random = random
        self._targets: dict[str, ResponseTarget] = {}

    def issue(self, channel: str, user: str, message_ts: str | None = None, thread_ts: str | None = None) -> str:
        """The id of a new response URL."""
        target_id = letters(self._random, 24)
        self._targets[target_id] = ResponseTarget(target_id, channel, user, self._clock(), message_ts, thread_ts)
        return target_id

    def use(self, target_id: str) -> ResponseTarget:
        """Count one use. Raises SlackError."""
        target = self._targets.get(target_id)
        if target is None:
            raise SlackError("no_such_url")
        if self._clock() - target.issued > RESPONSE_URL_SECONDS:
            raise SlackError("expired_url")
        if target.uses >= RESPONSE_URL_USES:
            raise SlackError("used_url")
        self._targets[target_id] = replace(target, uses=target.uses + 1)
        return target
