"""chat.scheduleMessage and chat.deleteScheduledMessage."""

from __future__ import annotations

from typing import Any

from sandbox.api.chat import destination, metadata, require_access, thread
from sandbox.api.method import Call, Method
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


def _post_at(call: Call) -> int:
    value = call.text("post_at")
    if not value.isdigit():
        raise SlackError("invalid_time")
    return int(value)


METHODS = (
    Method(name="chat.scheduleMessage", run=schedule_message, tier=Tier.THREE, scopes=("chat:write",)),
    Method(name="chat.deleteScheduledMessage", run=delete_scheduled_message, tier=Tier.THREE, scopes=("chat:write",)),
)
