"""Who is an active member and who is in which usergroup, as Slack tells it; kept for minutes, failing closed."""

from __future__ import annotations

import logging
import threading
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

from slack_sdk import WebClient
from slack_sdk.errors import SlackClientError

from bot.clock import Clock
from bot.membership import Membership, Standing

logger = logging.getLogger(__name__)
T = TypeVar("T")
_TIME_TO_LIVE = timedelta(minutes=5)
_RETRY_AFTER = timedelta(seconds=10)
_SLACKBOT = "USLACKBOT"


class Kept(Generic[T]):
    """Values by id, each until its time."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._values: dict[str, tuple[T, datetime]] = {}

    def get(self, key: str) -> T | None:
        with self._lock:
            value, good_until = self._values.get(key, (None, self._clock.now()))
        return value if self._clock.now() < good_until else None

    def put(self, key: str, value: T, how_long: timedelta) -> T:
        with self._lock:
            self._values[key] = (value, self._clock.now() + how_long)
        return value


class Groups:
    """The members of usergroups. One that Slack does not tell lets nobody in, and is asked for again soon."""

    def __init__(self, client: WebClient, clock: Clock) -> None:
        self._client = client
        self._members: Kept[frozenset[str] | str] = Kept(clock)

    def members(self, group_id: str) -> frozenset[str] | None:
        """User ids; None where they cannot be read, as of a group that does not exist or is disabled."""
        found = self._members.get(group_id)
        if found is None:
            found = self._ask(group_id)
        return found if isinstance(found, frozenset) else None

    def _ask(self, group_id: str) -> frozenset[str] | str:
        try:
            users = self._client.usergroups_users_list(usergroup=group_id).get("users")
        except (SlackClientError, OSError) as error:
            logger.warning("usergroups.users.list did not tell who is in %s: %s", group_id, error)
            return self._members.put(group_id, "unreadable", _RETRY_AFTER)
        return self._members.put(group_id, frozenset(users or ()), _TIME_TO_LIVE)


class Standings:
    """What kind of members people are, from what `users.info` said."""

    def __init__(self, client: WebClient, clock: Clock, team_id: str | None) -> None:
        self._client = client
        self._team_id = team_id
        self._standings: Kept[Standing] = Kept(clock)

    def known(self, user_id: str) -> Standing | None:
        return self._standings.get(user_id)

    def learn(self, user_id: str, user: Mapping[str, Any] | None) -> Standing:
        """`user` is what Slack said of them, None where it said nothing."""
        team_id = self._home() if user else None
        if not user or team_id is None:
            return self._standings.put(user_id, Standing.UNREADABLE, _RETRY_AFTER)
        return self._standings.put(user_id, standing_of(user_id, user, team_id), _TIME_TO_LIVE)

    def _home(self) -> str | None:
        """The workspace that the app is installed in: the settings' one, else Slack is asked once."""
        if self._team_id is None:
            try:
                self._team_id = self._client.auth_test().get("team_id")
            except (SlackClientError, OSError) as error:
                logger.warning("auth.test did not tell which workspace this is: %s", error)
        return self._team_id


def standing_of(user_id: str, user: Mapping[str, Any], team_id: str) -> Standing:
    """By the user object (source: docs.slack.dev/reference/objects/user-object)."""
    teams = {user.get("team_id"), *(user.get("enterprise_user") or {}).get("teams", ())}
    if user.get("deleted"):
        return Standing.DEACTIVATED
    if user.get("is_bot") or user_id == _SLACKBOT:
        return Standing.BOT
    if user.get("is_stranger") or team_id not in teams:
        return Standing.STRANGER
    if user.get("is_restricted") or user.get("is_ultra_restricted"):
        return Standing.GUEST
    return Standing.ACTIVE


def membership_of(standings: Mapping[str, Standing | None], groups: Groups, group_ids: Collection[str]) -> Membership:
    """What could be read of it."""
    members = {group_id: groups.members(group_id) for group_id in group_ids}
    return Membership(
        {user_id: standing for user_id, standing in standings.items() if standing is not None},
        {group_id: found for group_id, found in members.items() if found is not None},
    )
