"""reactions.*: emoji on messages."""

from __future__ import annotations

from typing import Any

from sandbox.api.method import Call, Method
from sandbox.errors import SlackError
from sandbox.messages import EMOJI_NAME
from sandbox.model import Message
from sandbox.rates import Tier


def add(call: Call) -> dict[str, Any]:
    """React to a message as the app."""
    message, name = _target(call)
    if not call.workspace.messages.react(message, name, call.workspace.app.bot_user_id):
        raise SlackError("already_reacted")
    return {}


def remove(call: Call) -> dict[str, Any]:
    """Take the app's reaction back."""
    message, name = _target(call)
    if not call.workspace.messages.unreact(message, name, call.workspace.app.bot_user_id):
        raise SlackError("no_reaction")
    return {}


def _target(call: Call) -> tuple[Message, str]:
    name = call.text("name").strip(":")
    if not EMOJI_NAME.fullmatch(name):
        raise SlackError("invalid_name")
    return call.message(call.channel(), "timestamp"), name


METHODS = (
    Method(name="reactions.add", run=add, tier=Tier.THREE, scopes=("reactions:write",)),
    Method(name="reactions.remove", run=remove, tier=Tier.TWO, scopes=("reactions:write",)),
)
