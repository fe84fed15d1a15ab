"""What the workspace says of its people and usergroups: the facts that policy judges by. bot/ knows no Slack."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol


class Standing(StrEnum):
    """What kind of member a person is."""

    ACTIVE = "active"
    DEACTIVATED = "deactivated"
    BOT = "bot"
    GUEST = "guest"
    STRANGER = "stranger"
    """of another workspace"""
    UNREADABLE = "unreadable"
    """the workspace did not tell"""


@dataclass(frozen=True)
class Membership:
    """As it was at one moment. Who or what is absent could not be read, and nobody is trusted on that."""

    standings: Mapping[str, Standing] = field(default_factory=dict)
    """by user id"""
    groups: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """user ids by usergroup id"""

    def standing(self, user_id: str) -> Standing:
        return self.standings.get(user_id, Standing.UNREADABLE)


class Roster(Protocol):
    """Where the facts come from."""

    def membership(self, user_ids: Collection[str], group_ids: Collection[str]) -> Membership:
        """Of these people and groups. Never raises: what cannot be read is absent."""
        ...


class AttachedRoster:
    """The roster of this process: Slack's once that is attached, and before that nothing can be read."""

    def __init__(self) -> None:
        self._roster: Roster | None = None

    def attach(self, roster: Roster) -> None:
        self._roster = roster

    def membership(self, user_ids: Collection[str], group_ids: Collection[str]) -> Membership:
        return self._roster.membership(user_ids, group_ids) if self._roster is not None else Membership()


def is_group(principal: str) -> bool:
    """Whether an entry of the settings' lists is a usergroup (S…) and not a person (U…, W…)."""
    return principal.startswith("S")
