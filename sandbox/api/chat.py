"""chat.*: posting, changing and deleting messages."""

from __future__ import annotations

from typing import Any

from sandbox.api.method import Call, Method
from sandbox.errors import SlackError
from sandbox.model import Channel, Json, Message
from sandbox.outgoing import MAX_UPDATE_TEXT, message_content, rewrite
from sandbox.payloads import message_json
from sandbox.rates import Tier


def post_message(call: Call) -> dict[str, Any]:
    """Post to a channel by id or name, or to a person directly."""
    workspace = call.workspace
    channel = destination(call)
    require_access(call, channel)
    content = message_content(workspace, call.arguments)
    thread_ts = thread(call, channel)
    kept = metadata(call)
    workspace.rates.count_post(channel.id)
    message = workspace.post_as_app(
        channel=channel.id,
        text=content.text,
        blocks=content.blocks,
        attachments=content.attachments,
        thread_ts=thread_ts,
        metadata=kept,
        username=call.optional("username"),
        reply_broadcast=thread_ts is not None and call.flag("reply_broadcast"),
    )
    return {"channel": channel.id, "ts": message.ts, "message": message_json(workspace, message)}


def update(call: Call) -> dict[str, Any]:
    """Change one of the app's own messages."""
    channel = call.channel()
    message = _own(call, channel, "cant_update_message")
    content = message_content(call.workspace, call.arguments, max_text=MAX_UPDATE_TEXT)
    changed: dict[str, Any] = {}
    if "metadata" in call.arguments:
        changed["metadata"] = metadata(call)
    updated = rewrite(call.workspace, message, content, **changed)
    return {
        "channel": channel.id,
        "ts": updated.ts,
        "text": updated.text,
        "message": message_json(call.workspace, updated),
    }


def post_ephemeral(call: Call) -> dict[str, Any]:
    """Show a message to one person in a channel."""
    workspace = call.workspace
    channel = call.channel()
    require_access(call, channel)
    user = call.text("user")
    if user not in workspace.users or user not in workspace.members[channel.id]:
        raise SlackError("user_not_in_channel")
    content = message_content(workspace, call.arguments)
    message = workspace.post_as_app(
        channel=channel.id,
        text=content.text,
        blocks=content.blocks,
        attachments=content.attachments,
        thread_ts=thread(call, channel),
        ephemeral_to=user,
    )
    return {"message_ts": message.ts}


def delete(call: Call) -> dict[str, Any]:
    """Delete one of the app's own messages."""
    channel = call.channel()
    message = _own(call, channel, "cant_delete_message")
    call.workspace.messages.delete(message)
    return {"channel": channel.id, "ts": message.ts}


def get_permalink(call: Call) -> dict[str, Any]:
    """The address of a message on the workspace's page."""
    channel = call.channel()
    message = call.message(channel, "message_ts")
    address = f"{call.base_url}/archives/{channel.id}/p{message.ts.replace('.', '')}"
    if message.thread_ts is not None:
        address += f"?thread_ts={message.thread_ts}&cid={channel.id}"
    return {"channel": channel.id, "permalink": address}


def destination(call: Call) -> Channel:
    """Where to post: a channel by id or name, or the direct conversation with a person."""
    reference = call.text("channel")
    workspace = call.workspace
    if reference in workspace.users:
        return workspace.direct_channel(reference)
    channel = workspace.channels.get(reference)
    if channel is None and not reference.isupper():
        channel = workspace.find_channel(reference)
    if channel is None:
        raise SlackError("channel_not_found")
    return channel


def require_access(call: Call, channel: Channel) -> None:
    """Raise SlackError unless the app is in the channel, or the channel is public and the scope allows it."""
    workspace = call.workspace
    if workspace.app.bot_user_id in workspace.members[channel.id]:
        return
    if channel.is_private:
        raise SlackError("channel_not_found")
    scopes = workspace.manifest.bot_scopes
    if scopes is not None and "chat:write.public" not in scopes:
        raise SlackError("not_in_channel")


def thread(call: Call, channel: Channel) -> str | None:
    """The parent of the thread to post in, if any. Raises SlackError thread_not_found."""
    thread_ts = call.optional("thread_ts")
    if thread_ts is None:
        return None
    parent = call.message(channel, "thread_ts", "thread_not_found")
    return parent.thread_ts or parent.ts


def _own(call: Call, channel: Channel, error: str) -> Message:
    message = call.message(channel)
    if message.user != call.workspace.app.bot_user_id:
        raise SlackError(error)
    return message


def metadata(call: Call) -> Json | None:
    """What the app keeps with the message, if anything. Raises SlackError invalid_metadata_format."""
    given = call.json("metadata")
    if given is None or given == {}:
        return None
    if not isinstance(given, dict) or not isinstance(given.get("event_payload"), dict):
        raise SlackError("invalid_metadata_format")
    if not isinstance(given.get("event_type"), str):
        raise SlackError("invalid_metadata_format")
    return given


METHODS = (
    Method(name="chat.postMessage", run=post_message, tier=Tier.SPECIAL, scopes=("chat:write",)),
    Method(name="chat.update", run=update, tier=Tier.THREE, scopes=("chat:write",)),
    Method(name="chat.postEphemeral", run=post_ephemeral, tier=Tier.FOUR, scopes=("chat:write",)),
    Method(name="chat.delete", run=delete, tier=Tier.THREE, scopes=("chat:write",)),
    Method(name="chat.getPermalink", run=get_permalink, tier=Tier.SPECIAL),
)
