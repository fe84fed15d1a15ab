"""A thread beside its channel."""

from __future__ import annotations

from collections.abc import Callable

from sandbox.model import Channel, Message
from sandbox.page.composer import Composer
from sandbox.page.desk import Desk
from sandbox.page.dom import Piece, button, node
from sandbox.page.timeline import Timeline
from sandbox.page.tree import icon, part


class ThreadPane:
    """Draws the desk's open thread in the current slot, or nothing; `show` after it has changed."""

    def __init__(self, desk: Desk, close: Callable[[], None], send: Callable[[Channel, str], None]) -> None:
        self._desk = desk
        self._close = close
        self._send = send
        self.timeline: Timeline | None = None
        self._element = node("aside", "thread", aria_label="Thread", data_testid="thread")

    def show(self) -> None:
        """Draw the thread that is open, if one is."""
        channel, ts = self._desk.channel, self._desk.thread
        self.timeline = None
        self._element.clear()
        self._element.set_visibility(channel is not None and ts is not None)
        if channel is None or ts is None:
            return
        with self._element:
            with node("header", "thread__header"):
                place = self._desk.workspace.app.name if channel.is_im else f"#{channel.name}"
                Piece(part("h2", "thread__title", "Thread"))
                Piece(part("span", "thread__place", place))
                button("tool", self._close, icon("close"), aria_label="Close the thread", data_testid="close-thread")
            self.timeline = Timeline(self._desk, in_thread=True)
            self.timeline.show(self.messages(channel, ts))
            composer = Composer(lambda text: self._send(channel, text), (), self._desk.sent, test_id="thread-composer")
            composer.address("Reply in the thread")
            composer.focus()

    def messages(self, channel: Channel, ts: str) -> list[Message]:
        """The first message and its replies, ephemeral ones included."""
        seen = self._desk.workspace.messages.seen_by(channel.id, self._desk.user.id)
        return [message for message in seen if ts in (message.ts, message.thread_ts)]

    def holds(self, message: Message) -> bool:
        """True when the message belongs to the open thread."""
        return self.timeline is not None and self._desk.thread in (message.ts, message.thread_ts)
