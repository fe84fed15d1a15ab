"""Where a button was pressed."""

from __future__ import annotations

from slack_bolt import Args

from bot.errors import UsageError
from bot.operations.drawings import Drawings
from handlers import ids


def subject_of(args: Args, drawings: Drawings) -> str:
    """The id that the button carries, where it stands in the message that was drawn for it.

    Raises UsageError anywhere else: what changes the world is decided where everybody sees it.
    """
    subject_id = ids.identifier(args.payload.get("value"))
    container = args.body.get("container") or {}
    channel, ts = str(container.get("channel_id")), str(container.get("message_ts"))
    if not drawings.stands(channel, ts, subject_id):
        raise UsageError(
            "This button does not stand where I put it.", "Use the newest message about it, or type the command."
        )
    return subject_id
