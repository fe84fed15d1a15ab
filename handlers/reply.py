"""Answers that only one person sees."""

from __future__ import annotations

import logging

from slack_bolt import Respond
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

from handlers.views.blocks import Message

logger = logging.getLogger(__name__)


class Reply:
    """Tells one person: where they asked, else in the channel, else in a direct message.

    A `response_url` lives for 30 minutes and five uses, and an ephemeral message needs the bot in the channel
    (source: docs.slack.dev/interactivity/handling-user-interaction, chat.postEphemeral).
    """

    def __init__(self, client: WebClient, user_id: str, channel: str | None, respond: Respond | None = None) -> None:
        self._client = client
        self._user_id = user_id
        self._channel = channel
        self._respond = respond

    def tell(self, message: Message) -> None:
        """Never raises: an answer that cannot be given is logged."""
        told = self._by_response_url(message) or self._in_channel(message) or self._directly(message)
        if not told:
            logger.error("could not tell %s: %s", self._user_id, message.text)

    def replace(self, message: Message) -> None:
        """In the place of the answer whose button was pressed; a new answer where that cannot be."""
        if not self._by_response_url(message, replace=True):
            self.tell(message)

    def _by_response_url(self, message: Message, *, replace: bool = False) -> bool:
        if self._respond is None or self._respond.response_url is None:
            return False
        try:
            answer = self._respond(
                text=message.text, blocks=message.blocks, response_type="ephemeral", replace_original=replace
            )
        except (SlackClientError, OSError) as error:
            logger.warning("response_url failed: %s", error)
            return False
        if answer.status_code != 200:
            logger.warning("response_url answered %s: %s", answer.status_code, answer.body)
        return answer.status_code == 200

    def _in_channel(self, message: Message) -> bool:
        if self._channel is None:
            return False
        try:
            self._client.chat_postEphemeral(
                channel=self._channel, user=self._user_id, text=message.text, blocks=message.blocks
            )
        except SlackApiError as error:
            logger.info("no ephemeral message in %s: %s", self._channel, error.response.get("error"))
            return False
        except (SlackClientError, OSError) as error:
            logger.warning("no ephemeral message in %s: %s", self._channel, error)
            return False
        return True

    def _directly(self, message: Message) -> bool:
        try:
            self._client.chat_postMessage(channel=self._user_id, text=message.text, blocks=message.blocks)
        except (SlackClientError, OSError) as error:
            logger.warning("no direct message to %s: %s", self._user_id, error)
            return False
        return True
