"""reactions.*: emoji on messages."""

from __future__ import annotations

import re
from typing import Any

from sandbox.api.method import Call, Method
from sandbox.errors import SlackError
from sandbox.model import Message
from sandbox.rates import Tier

_NAME = re.compile(r"[a-z0-9_+'-]+(::skin-tone-[2-6])?")


def add(call: Call) -> dict[str, Any]:
    """React to a message as the app."""
    message, name = _target(call)
    reactions = dict(message.reactions)
    me = call.workspace.app.bot_user_id
    if me in reactions.get(name, ()):
        raise SlackError("already_reacted")
    reactions[name] = (*reactions.get(name, ()), me)
    call.workspace.messages.change(message, reactions=tuple(reactions.items()))
    return {}


def remove(call: Call) -> dict[str, Any]:
    """Take the app's reaction back."""
    message, name = _target(call)
    reactions = dict(message.reactions)
    me = call.workspace.app.bot_user_id
    if me not in reactions.get(name, ()):
        raise SlackError("no_reaction")
    left = tuple(user for user in reactions.pop(name) if user != me)
    if left:
        reactions[name] = left
    call.workspace.messages.change(message, reactions=tuple(reactions.items()))
    return {}


def _target(call: Call) -> tuple[Message, str]:
    name = call.text("name").strip(":")
    if not _NAME.fullmatch(name):
        raise SlackError("invalid_name")
    return call.message(call.channel(), "timestamp"), name


METHODS = (
    Method(name="reactions.add", run=add, tier=Tier.THREE, scopes=("reactions:write",)),
    Method(name="reactions.remove", run=remove, tier=Tier.TWO, scopes=("reactions:write",)),
)
