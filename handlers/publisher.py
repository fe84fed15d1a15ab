"""Draws in Slack what the state wants drawn. A message is never lost: what Slack did not take is tried again."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from datetime import timedelta
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

from bot.models import Drawing, SubjectKind
from bot.services import Services
from handlers.pace import Pace, method_of
from handlers.renderings import Renderings
from handlers.views.blocks import Message

logger = logging.getLogger(__name__)

_GONE = frozenset({"message_not_found", "edit_window_closed", "cant_update_message"})
_THREAD_GONE = frozenset({"thread_not_found", "message_not_found", "cannot_reply_to_message"})
_REJECTED = frozenset({"invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long", "msg_too_long"})
_UNREACHABLE = frozenset({"channel_not_found", "not_in_channel", "is_archived"})
_UNREACHABLE_SECONDS = 600.0
_LONGEST_BACKOFF = 300.0
_IDLE = 1.0


class Publisher:
    """One for a state database: two would post twice.

    The client should not wait for a 429 by itself: it is waited for here, while other channels go on.
    """

    def __init__(self, client: WebClient, services: Services, pace: Pace | None = None) -> None:
        self._client = client
        self._drawings = services.drawings
        self._clock = services.clock
        self._renderings = Renderings(services)
        self._pace = pace or Pace()
        self._failures: Counter[int] = Counter()
        self._unrecorded: list[tuple[Drawing, str]] = []

    def run(self, stop: threading.Event) -> None:
        """Until `stop`. No failure ends it: the state database or Slack may be away for a while."""
        while not stop.is_set():
            try:
                self._drawings.wait(self.draw_due(stop))
            except Exception:
                logger.exception("the publisher could not read or write its state; trying again")
                stop.wait(_IDLE)
        self._drawings.close()

    def draw_due(self, stop: threading.Event | None = None) -> float:
        """Draw whatever is due and may be drawn now. Returns in how many seconds to look again."""
        self._record()
        rest = _IDLE
        for drawing in self._drawings.due():
            if stop is not None and stop.is_set():
                break
            if self._pace.may(drawing, self._clock.now()):
                self._draw(drawing)
            else:
                rest = min(rest, self._pace.seconds_until_free(drawing, self._clock.now()))
        return rest

    def _draw(self, drawing: Drawing) -> None:
        try:
            ts = self._send(drawing, self._renderings.render(drawing))
        except SlackApiError as error:
            self._refused(drawing, error)
        except (SlackClientError, OSError) as error:
            self._postpone(drawing, str(error), self._backoff(drawing))
        except Exception as error:
            logger.exception("could not draw %s %s", drawing.subject, drawing.subject_id)
            self._postpone(drawing, f"{type(error).__name__}: {error}", self._backoff(drawing))
        else:
            del self._failures[drawing.id]
            self._unrecorded.append((drawing, ts))
            self._record()

    def _record(self) -> None:
        """Kept until it is written down, lest a message be posted twice while the state database is away."""
        while self._unrecorded:
            drawing, ts = self._unrecorded[0]
            self._drawings.drawn(drawing, ts, drawing.wanted_version)
            del self._unrecorded[0]

    def _send(self, drawing: Drawing, message: Message) -> str:
        self._pace.used(drawing, self._clock.now())
        try:
            return self._update(drawing, message) if drawing.ts else self._post(drawing, message)
        except SlackApiError as error:
            if _code(error) not in _REJECTED:
                raise
            logger.exception("Slack rejected the blocks of %s %s", drawing.subject, drawing.subject_id)
            words = Message(message.text, [])
            return self._update(drawing, words) if drawing.ts else self._post(drawing, words)

    def _update(self, drawing: Drawing, message: Message) -> str:
        try:
            answer = self._client.chat_update(
                channel=drawing.channel, ts=str(drawing.ts), text=message.text, blocks=message.blocks
            )
        except SlackApiError as error:
            if _code(error) not in _GONE:
                raise
            return self._post(drawing, message)
        return str(answer["ts"])

    def _post(self, drawing: Drawing, message: Message) -> str:
        threaded: dict[str, Any] = {}
        if drawing.thread_ts is not None:
            threaded = {
                "thread_ts": drawing.thread_ts,
                "reply_broadcast": drawing.subject is SubjectKind.WINDOW_EDGE,
            }
        try:
            return self._post_message(drawing.channel, message, threaded)
        except SlackApiError as error:
            if not threaded or _code(error) not in _THREAD_GONE:
                raise
            return self._post_message(drawing.channel, message, {})

    def _post_message(self, channel: str, message: Message, threaded: dict[str, Any]) -> str:
        answer = self._client.chat_postMessage(
            channel=channel,
            text=message.text,
            blocks=message.blocks,
            unfurl_links=False,
            unfurl_media=False,
            **threaded,
        )
        return str(answer["ts"])

    def _refused(self, drawing: Drawing, error: SlackApiError) -> None:
        code = _code(error)
        if code == "ratelimited":
            seconds = float(error.response.headers.get("Retry-After", 1))
            self._pace.hold(method_of(drawing), self._clock.now() + timedelta(seconds=seconds))
            self._postpone(drawing, code, seconds)
        elif code in _UNREACHABLE:
            logger.warning("channel %s: %s; invite the bot, or correct [slack.channels]", drawing.channel, code)
            self._postpone(drawing, code, _UNREACHABLE_SECONDS)
        else:
            logger.warning("Slack refused %s %s: %s", drawing.subject, drawing.subject_id, code)
            self._postpone(drawing, code, self._backoff(drawing))

    def _postpone(self, drawing: Drawing, problem: str, seconds: float) -> None:
        self._drawings.postpone(drawing, problem, seconds)

    def _backoff(self, drawing: Drawing) -> float:
        self._failures[drawing.id] += 1
        return float(min(2 ** (self._failures[drawing.id] - 1), _LONGEST_BACKOFF))


def _code(error: SlackApiError) -> str:
    if getattr(error.response, "status_code", None) == 429:
        return "ratelimited"
    return str(error.response.get("error", "unknown_error"))
