"""users.* and usergroups.*: people, alone and in groups."""

from __future__ import annotations

from typing import Any

from sandbox.api.method import Call, Method, page_of
from sandbox.errors import SlackError
from sandbox.payloads import app_user_json, group_json, user_json
from sandbox.rates import Tier


def info(call: Call) -> dict[str, Any]:
    """One person, or the app's own user."""
    if call.text("user") == call.workspace.app.bot_user_id:
        return {"user": app_user_json(call.workspace)}
    return {"user": user_json(call.workspace, call.user())}


def list_users(call: Call) -> dict[str, Any]:
    """Everyone, page by page."""
    everyone = [user_json(call.workspace, user) for user in call.workspace.users.values()]
    page, metadata = page_of([*everyone, app_user_json(call.workspace)], call)
    return {"members": page, "cache_ts": int(call.workspace.clock()), "response_metadata": metadata}


def list_groups(call: Call) -> dict[str, Any]:
    """The user groups, with their members when asked for."""
    groups = [group_json(call.workspace, group) for group in call.workspace.groups.values()]
    if not call.flag("include_users"):
        groups = [{key: value for key, value in group.items() if key != "users"} for group in groups]
    return {"usergroups": groups}


def list_group_users(call: Call) -> dict[str, Any]:
    """The ids of a group's members."""
    group = call.workspace.groups.get(call.text("usergroup"))
    if group is None:
        raise SlackError("no_such_subteam")
    return {"users": list(group.users)}


METHODS = (
    Method(name="users.info", run=info, tier=Tier.FOUR, scopes=("users:read",)),
    Method(name="users.list", run=list_users, tier=Tier.TWO, scopes=("users:read",)),
    Method(name="usergroups.list", run=list_groups, tier=Tier.TWO, scopes=("usergroups:read",)),
    Method(name="usergroups.users.list", run=list_group_users, tier=Tier.TWO, scopes=("usergroups:read",)),
)
