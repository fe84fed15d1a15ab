"""pins.*: messages pinned to their channel. Source: docs, methods/pins.add and pins.remove."""

from __future__ import annotations

from typing import Any

from sandbox.api.method import Call, Method
from sandbox.errors import SlackError
from sandbox.model import Message
from sandbox.rates import Tier


def add(call: Call) -> dict[str, Any]:
    """Pin a message to its channel."""
    message = _target(call)
    if message.pinned:
        raise SlackError("already_pinned")
    call.workspace.messages.change(message, pinned=True)
    return {}


def remove(call: Call) -> dict[str, Any]:
    """Take a pin away."""
    message = _target(call)
    if not message.pinned:
        raise SlackError("no_pin")
    call.workspace.messages.change(message, pinned=False)
    return {}


def _target(call: Call) -> Message:
    channel = call.joined_channel()
    if call.optional("timestamp") is None:
        raise SlackError("no_item_specified")
    return call.message(channel, "timestamp")


METHODS = (
    Method(name="pins.add", run=add, tier=Tier.TWO, scopes=("pins:write",)),
    Method(name="pins.remove", run=remove, tier=Tier.TWO, scopes=("pins:write",)),
)
