"""Who people are: names, time zones and standing from `users.info`, and who is in which usergroup; kept for a while."""

from __future__ import annotations

import logging
import threading
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from slack_sdk import WebClient
from slack_sdk.errors import SlackClientError

from bot.clock import Clock
from bot.membership import Membership
from bot.models import Actor
from handlers.middleware import REFERENCE
from handlers.roster import Groups, Standings, membership_of

logger = logging.getLogger(__name__)
_RETRY_AFTER = timedelta(minutes=1)


@dataclass(frozen=True)
class Person:
    """Somebody in the workspace. `zone` is None when Slack did not tell it."""

    actor: Actor
    zone: ZoneInfo | None = None


@dataclass(frozen=True)
class _Entry:
    person: Person
    good_until: datetime


class Directory:
    """Looks people up; when Slack does not answer, the name is the one at hand, else the id, and nobody is trusted.

    It is the roster of `bot.membership`: policy judges by what it reads.
    """

    def __init__(
        self,
        client: WebClient,
        clock: Clock,
        time_to_live: timedelta = timedelta(hours=1),
        *,
        team_id: str | None = None,
    ) -> None:
        self._client = client
        self._clock = clock
        self._time_to_live = time_to_live
        self._lock = threading.Lock()
        self._entries: dict[str, _Entry] = {}
        self._standings = Standings(client, clock, team_id)
        self._groups = Groups(client, clock)

    def membership(self, user_ids: Collection[str], group_ids: Collection[str]) -> Membership:
        """Read at most some minutes ago. Never raises: what cannot be read is absent."""
        for user_id in user_ids:
            if self._standings.known(user_id) is None:
                self._ask(user_id, "")
        return membership_of({user_id: self._standings.known(user_id) for user_id in user_ids}, self._groups, group_ids)

    def person(self, user_id: str, name: str = "") -> Person:
        """Asks Slack at most once in a time to live, and once a minute while Slack does not answer."""
        return self._known(user_id) or self._ask(user_id, name)

    def known(self, user_id: str, name: str = "") -> Person:
        """Without asking Slack, for where there is no time to wait."""
        return self._known(user_id) or Person(Actor(user_id, name or user_id))

    def person_of(self, body: Mapping[str, Any]) -> Person:
        """Whoever acted, by the payload of an action."""
        return _acting(self.person(body["user"]["id"], body["user"].get("name", "")), body)

    def known_of(self, body: Mapping[str, Any]) -> Person:
        """Whoever acted, without asking Slack: a dialog waits for its acknowledgement."""
        return _acting(self.known(body["user"]["id"], body["user"].get("name", "")), body)

    def typist_of(self, command: Mapping[str, Any]) -> Person:
        """Whoever typed a command."""
        return _acting(self.person(command["user_id"], command.get("user_name", "")), command)

    def _ask(self, user_id: str, name: str) -> Person:
        try:
            found = self._client.users_info(user=user_id).get("user")
        except (SlackClientError, OSError) as error:
            logger.warning("users.info did not tell who %s is: %s", user_id, error)
            self._standings.learn(user_id, None)
            return self._known(user_id) or self._keep(user_id, Person(Actor(user_id, name or user_id)), _RETRY_AFTER)
        self._standings.learn(user_id, found)
        return self._keep(user_id, _person(user_id, found or {}, name), self._time_to_live)

    def _known(self, user_id: str) -> Person | None:
        with self._lock:
            entry = self._entries.get(user_id)
        return entry.person if entry and self._clock.now() < entry.good_until else None

    def _keep(self, user_id: str, person: Person, how_long: timedelta) -> Person:
        with self._lock:
            self._entries[user_id] = _Entry(person, self._clock.now() + how_long)
        return person


def _acting(person: Person, body: Mapping[str, Any]) -> Person:
    """By this payload, as the audit log names it."""
    return replace(person, actor=replace(person.actor, reference=str(body.get(REFERENCE, ""))))


def _person(user_id: str, user: dict[str, Any], name: str) -> Person:
    # The full name: the audit log outlives display names.
    full_name = user.get("real_name") or user.get("name") or name or user_id
    return Person(Actor(user_id, full_name), _zone(user.get("tz")))


def _zone(name: str | None) -> ZoneInfo | None:
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError):
        return None
