"""Who and what is in a workspace when it starts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from sandbox.model import Channel, User, UserGroup


@dataclass(frozen=True, slots=True, kw_only=True)
class Community:
    """The people, channels and user groups of a workspace. Everyone, the app included, is in every channel."""

    users: tuple[User, ...]
    channels: tuple[Channel, ...]
    groups: tuple[UserGroup, ...] = ()


OPERATOR = User(id="U0OPERATOR", name="olive", real_name="Olive Operator", role="Operator")
APPROVER = User(id="U0APPROVER", name="ada", real_name="Ada Approver", role="Approver")
SECOND_APPROVER = User(id="U0APPROVER2", name="arjun", real_name="Arjun Approver", role="Approver")
DEVELOPER = User(id="U0DEVELOPER", name="dana", real_name="Dana Developer", role="Developer")

DB_OPS = Channel(id="C0DBOPS001", name="db-ops", topic="Backups, restores and maintenance windows")
DB_ALERTS = Channel(id="C0DBALERTS", name="db-alerts", topic="What needs attention, resolved in place")
DB_APPROVALS = Channel(id="C0DBAPPROV", name="db-approvals", topic="Decisions on plans that destroy data")


def default_community() -> Community:
    """The demo's workspace: an operator, two approvers, a developer, and the three database channels."""
    approvers = UserGroup(
        id="S0APPROVERS",
        handle="db-approvers",
        name="Database approvers",
        users=(APPROVER.id, SECOND_APPROVER.id),
    )
    return Community(
        users=(OPERATOR, APPROVER, SECOND_APPROVER, DEVELOPER),
        channels=(DB_OPS, DB_ALERTS, DB_APPROVALS),
        groups=(approvers,),
    )


def load_community(path: Path) -> Community:
    """Read `users`, `channels` and `groups` from YAML or JSON, each entry with the fields of the model.

    Raises OSError, yaml.YAMLError, or ValueError naming the entry that does not fit.
    """
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    try:
        return Community(
            users=tuple(User(**entry) for entry in document["users"]),
            channels=tuple(Channel(**entry) for entry in document["channels"]),
            groups=tuple(_group(entry) for entry in document.get("groups") or ()),
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"{path}: {error}") from error


def _group(entry: dict[str, Any]) -> UserGroup:
    return UserGroup(**{**entry, "users": tuple(entry["users"])})
