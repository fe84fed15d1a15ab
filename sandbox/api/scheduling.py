"""chat.scheduleMessage, chat.deleteScheduledMessage and chat.scheduledMessages.list."""

from __future__ import annotations

from typing import Any

from sandbox.api.chat import destination, metadata, require_access, thread
from sandbox.api.method import Call, Method, page_of
from sandbox.blockkit import Violation
from sandbox.errors import SlackError
from sandbox.outgoing import message_content
from sandbox.rates import Tier

_SOURCE = "docs: methods/chat.scheduleMessage#bug-alert"


def schedule_message(call: Call) -> dict[str, Any]:
    """Post later. With metadata Slack says yes and never posts, which counts as a violation here."""
    workspace, channel = call.workspace, destination(call)
    require_access(call, channel)
    content = message_content(workspace, call.arguments)
    draft = workspace.draft_of_app(
        channel=channel.id,
        text=content.text,
        blocks=content.blocks,
        attachments=content.attachments,
        thread_ts=thread(call, channel),
        reply_broadcast=call.flag("reply_broadcast"),
    )
    post_at = _post_at(call)
    scheduled = workspace.schedule.put(draft, post_at)
    if metadata(call) is not None:
        message = "a scheduled message with metadata is never posted"
        workspace.violations.append(Violation("/metadata", "scheduled_message.metadata", message, _SOURCE))
        workspace.schedule.discard(scheduled)
    return {
        "channel": channel.id,
        "scheduled_message_id": scheduled.id,
        "post_at": post_at,
        "message": {
            "text": draft.text,
            "username": workspace.app.name,
            "bot_id": draft.bot_id,
            "attachments": list(draft.attachments),
            "blocks": list(draft.blocks),
            "type": "delayed_message",
            "subtype": "bot_message",
        },
    }


def delete_scheduled_message(call: Call) -> dict[str, Any]:
    """Forget a message that waits, unless it is due within a minute."""
    call.workspace.schedule.remove(call.channel().id, call.text("scheduled_message_id"))
    return {}


def list_scheduled_messages(call: Call) -> dict[str, Any]:
    """The messages that wait: of one channel, and due between `oldest` and `latest`, where those are given."""
    channel = call.optional("channel")
    if channel is not None and channel not in call.workspace.channels:
        raise SlackError("invalid_channel")
    oldest, latest = (_moment(call, name) for name in ("oldest", "latest"))
    if oldest is not None and latest is not None and oldest >= latest:
        raise SlackError("invalid_time")
    found = [
        {
            "id": scheduled.id,
            "channel_id": scheduled.draft.channel,
            "post_at": scheduled.post_at,
            "date_created": scheduled.created,
            "text": scheduled.draft.text,
        }
        for scheduled in call.workspace.schedule.waiting()
        if channel in (None, scheduled.draft.channel)
        and (oldest is None or oldest <= scheduled.post_at)
        and (latest is None or scheduled.post_at <= latest)
    ]
    page, metadata_of_page = page_of(found, call)
    return {"scheduled_messages": page, "response_metadata": metadata_of_page}


def _moment(call: Call, name: str) -> float | None:
    value = call.optional(name)
    try:
        return None if value is None else float(value)
    except ValueError:
        raise SlackError("invalid_time") from None


def _post_at(call: Call) -> int:
    value = call.text("post_at")
    if not value.isdigit():
        raise SlackError("invalid_time")
    return int(value)


METHODS = (
    Method(name="chat.scheduleMessage", run=schedule_message, tier=Tier.THREE, scopes=("chat:write",)),
    Method(name="chat.scheduledMessages.list", run=list_scheduled_messages, tier=Tier.THREE),
    Method(name="chat.deleteScheduledMessage", run=delete_scheduled_message, tier=Tier.THREE, scopes=("chat:write",)),
)
