"""What a person is told when a listener raises. Nothing is swallowed: the same id stands in the log."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any

from slack_bolt import Args
from slack_sdk.errors import SlackApiError, SlackClientError

from bot.errors import BaselinerError, Refused, UsageError
from handlers.ids import decode
from handlers.middleware import REFERENCE
from handlers.reply import Reply
from handlers.views.answers import error_message, notice_modal, unexpected_message
from handlers.views.blocks import Message

logger = logging.getLogger(__name__)
_CAME_TWICE = BaselinerError(
    "Slack has sent this twice.", "Look at the channel whether it was heard; if not, submit it again."
)
_TOO_LATE = frozenset({"expired_trigger_id", "trigger_expired", "exchanged_trigger_id", "trigger_exchanged"})


def answered(listener: Callable[[Args], None], first: Callable[[str], bool]) -> Callable[[Args], None]:
    """A listener that hears each payload once, and whose errors are told to the person who acted.

    `first` tells whether a trigger id is new: Slack gives each act of a person one of its own, and a payload that is
    delivered again, or replayed, has the same (source: docs.slack.dev/interactivity/handling-user-interaction).

    Nothing may reach Bolt's own error handling: there an error that follows an acknowledgement can take it back, and
    Slack is told 500 (source: slack_bolt 1.30, listener/thread_runner.py).
    """

    @wraps(listener)
    def run(args: Args) -> None:
        try:
            trigger_id = args.body.get("trigger_id")
            if trigger_id and not first(str(trigger_id)):
                logger.warning("ignored a payload of %s that came again", args.context.user_id)
                _acknowledge_again(args)
                return
            listener(args)
        except Exception as error:  # noqa: BLE001 - told to the person and logged, whatever it is
            tell_error(error, args)

    return run


def _acknowledge_again(args: Args) -> None:
    """A dialog that closed would look as if what it asked for had been done."""
    if args.body.get("type") == "view_submission":
        args.ack(
            response_action="push", view=notice_modal(error_message(_CAME_TWICE, str(args.context.get(REFERENCE))))
        )
    elif args.ack.response is None:
        args.ack()


def tell_error(error: Exception, args: Args) -> None:
    """On top of the dialog where there is one, which keeps what was entered; else as an answer."""
    message = _message(error, args)
    if args.body.get("type") == "view_submission" and args.ack.response is None:
        args.ack(response_action="push", view=notice_modal(message))
        return
    if args.ack.response is None:
        args.ack()
    if not _pushed(args, message):
        Reply(args.client, args.context.user_id or "", _channel(args), args.respond).tell(message)


def _message(error: Exception, args: Args) -> Message:
    reference, user_id = str(args.context.get(REFERENCE, "none")), args.context.user_id
    if isinstance(error, SlackApiError) and error.response.get("error") in _TOO_LATE:
        error = BaselinerError(
            "Slack did not open the dialog in time.", "Type the command, or press the button, again."
        )
    if not isinstance(error, BaselinerError):
        logger.error("[%s] unexpected error for %s", reference, user_id, exc_info=error)
        return unexpected_message(reference)
    level = logging.INFO if isinstance(error, Refused | UsageError) else logging.WARNING
    logger.log(level, "[%s] %s for %s: %s", reference, type(error).__name__, user_id, error)
    return error_message(error, reference)


def _pushed(args: Args, message: Message) -> bool:
    if "view" not in args.body or args.body.get("type") != "block_actions":
        return False
    try:
        args.client.views_push(trigger_id=args.body["trigger_id"], view=notice_modal(message))
    except (SlackClientError, OSError) as error:
        logger.warning("could not open a dialog: %s", error)
        return False
    return True


def _channel(args: Args) -> str | None:
    view: dict[str, Any] = args.body.get("view") or {}
    if args.context.channel_id or not view:
        return args.context.channel_id
    try:
        return decode(view.get("private_metadata") or "").channel
    except UsageError:
        return None
