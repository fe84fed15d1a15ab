"""What a person is told when a listener raises. Nothing is swallowed: the same id stands in the log."""

from __future__ import annotations

import logging
from typing import Any

from slack_bolt import BoltContext, BoltResponse, Respond
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

from bot.errors import BaselinerError, Refused, UsageError
from handlers.ids import ModalContext, decode
from handlers.middleware import REFERENCE
from handlers.reply import Reply
from handlers.views.answers import error_message, notice_modal, unexpected_message
from handlers.views.blocks import Message

logger = logging.getLogger(__name__)
_TOO_LATE = frozenset({"expired_trigger_id", "trigger_expired", "exchanged_trigger_id", "trigger_exchanged"})


def tell_error(
    error: Exception, body: dict[str, Any], context: BoltContext, client: WebClient, respond: Respond
) -> BoltResponse:
    """Bolt's error handler. Answers 200, since Slack delivers again what was not acknowledged."""
    message = _message(error, context)
    in_dialog = "view" in body
    if body.get("type") == "view_submission" and context.ack.response is None:
        return BoltResponse(status=200, body={"response_action": "push", "view": notice_modal(message)})
    if not (in_dialog and _pushed(client, body, message)):
        Reply(client, context.user_id or "", _channel(body, context), respond).tell(message)
    return BoltResponse(status=200, body="")


def _message(error: Exception, context: BoltContext) -> Message:
    reference = str(context.get(REFERENCE, "none"))
    if isinstance(error, SlackApiError) and error.response.get("error") in _TOO_LATE:
        error = BaselinerError("Slack did not open the dialog in time.", "Type the command again.")
    if not isinstance(error, BaselinerError):
        logger.error("[%s] unexpected error for %s", reference, context.user_id, exc_info=error)
        return unexpected_message(reference)
    level = logging.INFO if isinstance(error, Refused | UsageError) else logging.WARNING
    logger.log(level, "[%s] %s for %s: %s", reference, type(error).__name__, context.user_id, error)
    return error_message(error, reference)


def _pushed(client: WebClient, body: dict[str, Any], message: Message) -> bool:
    """On top of the dialog, which keeps what was entered."""
    if body.get("type") != "block_actions":
        return False
    try:
        client.views_push(trigger_id=body["trigger_id"], view=notice_modal(message))
    except (SlackClientError, OSError) as error:
        logger.warning("could not open a dialog: %s", error)
        return False
    return True


def _channel(body: dict[str, Any], context: BoltContext) -> str | None:
    if context.channel_id:
        return context.channel_id
    return _dialog_context(body.get("view") or {}).channel or None


def _dialog_context(view: dict[str, Any]) -> ModalContext:
    try:
        return decode(view.get("private_metadata") or "")
    except UsageError:
        return ModalContext("")
