"""conversations.*: channels, their members and what was said in them."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from sandbox.api.method import Call, Method, page_of
from sandbox.errors import SlackError
from sandbox.model import Channel, Message
from sandbox.payloads import channel_json, message_json
from sandbox.rates import Tier

_READ = ("channels:read", "groups:read", "im:read", "mpim:read")
_SCOPE_GROUPS = MappingProxyType(
    {"public_channel": "channels", "private_channel": "groups", "im": "im", "mpim": "mpim"}
)
"""Type of a conversation -> how the scopes for it begin. Source: docs, reference/scopes."""

_HISTORY = ("channels:history", "groups:history", "im:history", "mpim:history")


def list_channels(call: Call) -> dict[str, Any]:
    """The conversations of the asked types, page by page."""
    types = set((call.optional("types") or "public_channel").split(","))
    if not types <= set(_SCOPE_GROUPS):
        raise SlackError("invalid_types")
    for kind in sorted(types):
        call.require_scope(f"{_SCOPE_GROUPS[kind]}:read")
    found = [channel for channel in call.workspace.channels.values() if _type(channel) in types]
    page, metadata = page_of(found, call)
    return {
        "channels": [channel_json(call.workspace, channel) for channel in page],
        "response_metadata": metadata,
    }


def info(call: Call) -> dict[str, Any]:
    """One conversation."""
    return {"channel": channel_json(call.workspace, _readable(call))}


def members(call: Call) -> dict[str, Any]:
    """The ids of those who are in a conversation, page by page."""
    page, metadata = page_of(sorted(call.workspace.members[_readable(call).id]), call)
    return {"members": page, "response_metadata": metadata}


def history(call: Call) -> dict[str, Any]:
    """The messages of a channel, newest first, without thread replies and ephemeral ones."""
    channel = _joined(call, "history")
    messages = [
        message
        for message in call.workspace.messages.in_channel(channel.id)
        if message.ephemeral_to is None and (message.thread_ts in (None, message.ts) or message.reply_broadcast)
    ]
    page, metadata = page_of(list(reversed(_between(call, messages))), call)
    return {
        "messages": [message_json(call.workspace, message) for message in page],
        "has_more": bool(metadata["next_cursor"]),
        "response_metadata": metadata,
    }


def replies(call: Call) -> dict[str, Any]:
    """A thread: its first message, then the replies, oldest first."""
    channel = _joined(call, "history")
    parent = call.message(channel, error="thread_not_found")
    thread = [parent, *_between(call, call.workspace.messages.replies(channel.id, parent.ts))]
    page, metadata = page_of(thread, call)
    return {
        "messages": [message_json(call.workspace, message) for message in page],
        "has_more": bool(metadata["next_cursor"]),
        "response_metadata": metadata,
    }


def open_conversation(call: Call) -> dict[str, Any]:
    """The direct conversation with one person."""
    existing = call.optional("channel")
    if existing is not None:
        return {"channel": channel_json(call.workspace, call.channel())}
    users = call.text("users").split(",")
    if len(users) != 1:
        raise SlackError("not_supported", ["the sandbox opens conversations with one person only"])
    if users[0] not in call.workspace.users:
        raise SlackError("user_not_found")
    return {"channel": {"id": call.workspace.direct_channel(users[0]).id}}


def set_topic(call: Call) -> dict[str, Any]:
    """Change a channel's topic."""
    channel = call.joined_channel()
    topic = call.text("topic")
    if len(topic) > 250:
        raise SlackError("too_long")
    updated = call.workspace.set_topic(channel, topic)
    return {"channel": channel_json(call.workspace, updated)}


def _readable(call: Call) -> Channel:
    channel = call.channel()
    call.require_scope(f"{_SCOPE_GROUPS[_type(channel)]}:read")
    return channel


def _joined(call: Call, right: str) -> Channel:
    channel = call.joined_channel()
    call.require_scope(f"{_SCOPE_GROUPS[_type(channel)]}:{right}")
    return channel


def _type(channel: Channel) -> str:
    if channel.is_im:
        return "im"
    return "private_channel" if channel.is_private else "public_channel"


def _between(call: Call, messages: list[Message]) -> list[Message]:
    try:
        oldest, latest = float(call.optional("oldest") or 0), float(call.optional("latest") or "inf")
    except ValueError:
        raise SlackError("invalid_ts_oldest") from None
    inclusive = call.flag("inclusive")
    return [
        message
        for message in messages
        if oldest < float(message.ts) < latest or (inclusive and float(message.ts) in (oldest, latest))
    ]


METHODS = (
    Method(name="conversations.list", run=list_channels, tier=Tier.TWO, scopes=_READ),
    Method(name="conversations.info", run=info, tier=Tier.THREE, scopes=_READ),
    Method(name="conversations.members", run=members, tier=Tier.FOUR, scopes=_READ),
    Method(name="conversations.history", run=history, tier=Tier.THREE, scopes=_HISTORY),
    Method(name="conversations.replies", run=replies, tier=Tier.THREE, scopes=_HISTORY),
    Method(name="conversations.open", run=open_conversation, tier=Tier.THREE, scopes=("im:write", "mpim:write")),
    Method(
        name="conversations.setTopic",
        run=set_topic,
        tier=Tier.TWO,
        scopes=("channels:write.topic", "channels:manage"),
    ),
)
