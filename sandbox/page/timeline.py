"""The messages of a channel or of a thread, kept up to date in place."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sandbox.model import Message
from sandbox.page.dates import day_title
from sandbox.page.desk import Desk
from sandbox.page.dom import Piece, button, node
from sandbox.page.message_row import MessageRow
from sandbox.page.tree import icon, part

_PAGE = 40
_GROUP_SECONDS = 300


class Timeline:
    """A scrolling list which stays at its end: the container is laid out in reverse, so the browser keeps it there."""

    def __init__(self, desk: Desk, *, in_thread: bool) -> None:
        self._desk = desk
        self._in_thread = in_thread
        self._messages: list[Message] = []
        self._rows: dict[str, MessageRow] = {}
        self._limit = _PAGE
        self._new_since = ""
        self._last_day: date | None = None
        self._scroller = node("div", "scroller", tabindex=0)
        with self._scroller:
            self._list = node(
                "div", "timeline", role="log", aria_label="Messages", aria_live="polite",
                data_testid="thread-messages" if in_thread else "messages",
            )  # fmt: skip

    def show(self, messages: Sequence[Message], new_since: str = "") -> None:
        """Draw these messages anew; those after `new_since` get a line above them that says so."""
        self._messages, self._new_since, self._limit = list(messages), new_since, _PAGE
        self._draw_all()
        self.to_end()

    def add(self, message: Message) -> None:
        """Draw a new message at the end."""
        if not self._messages:
            self._list.clear()
        self._messages.append(message)
        self._draw_row(message)

    def update(self, message: Message) -> None:
        """Draw a changed message where it stands."""
        self._messages = [message if known.ts == message.ts else known for known in self._messages]
        if message.ts in self._rows:
            self._rows[message.ts].update(message)

    def remove(self, message: Message) -> None:
        """Take a message away; the next one may then need its author drawn."""
        place = next((place for place, known in enumerate(self._messages) if known.ts == message.ts), None)
        if place is None:
            return
        del self._messages[place]
        row = self._rows.pop(message.ts, None)
        if row is not None:
            row.element.delete()
        following = self._messages[place] if place < len(self._messages) else None
        if following is not None and following.ts in self._rows:
            self._draw_author(self._rows[following.ts])

    def _draw_author(self, row: MessageRow) -> None:
        """Draw a row anew that was drawn without its author."""
        if row.compact:
            place = self._list.default_slot.children.index(row.element)
            with self._list:
                fresh = MessageRow(self._desk, row.message, compact=False, in_thread=self._in_thread)
            fresh.element.move(self._list, place)
            row.element.delete()
            self._rows[row.message.ts] = fresh

    def to_end(self) -> None:
        """Scroll to the newest message."""
        self._scroller.run_method("scrollTo", 0, 0)

    def _draw_all(self) -> None:
        self._list.clear()
        self._rows.clear()
        self._last_day = None
        shown = self._messages[-self._limit :]
        with self._list:
            if len(shown) < len(self._messages):
                button("earlier", self._show_earlier, "Show earlier messages")
            elif not self._in_thread:
                self._draw_beginning()
        for message in shown:
            self._draw_row(message)

    def _draw_row(self, message: Message) -> None:
        moment = self._desk.reader.moment(float(message.ts))
        new_day = moment.date() != self._last_day
        before = next(reversed(self._rows.values()), None)
        self._last_day = moment.date()
        with self._list:
            if self._in_thread and len(self._rows) == 1:
                _rule("day", "Replies")
            if new_day and not self._in_thread:
                today = self._desk.reader.moment(self._desk.workspace.clock())
                _rule("day", day_title(moment, today))
            fresh = self._starts_new(message, before)
            if fresh:
                _rule("new", "New")
            compact = not (new_day or fresh) and before is not None and follows(message, before.message)
            self._rows[message.ts] = MessageRow(self._desk, message, compact=compact, in_thread=self._in_thread)

    def _starts_new(self, message: Message, before: MessageRow | None) -> bool:
        since = self._new_since
        if not since or message.ts <= since or message.user == self._desk.user.id:
            return False
        self._new_since = ""
        return before is not None

    def _draw_beginning(self) -> None:
        channel = self._desk.channel
        if channel is None:
            return
        title = self._desk.workspace.app.name if channel.is_im else channel.name
        words = channel.topic or "This is where the conversation starts."
        mark = part("div", "beginning__mark", icon("forum" if channel.is_im else "tag"))
        heading = part("h2", "beginning__title", title)
        Piece(part("div", "beginning", mark, heading, part("p", "beginning__text", words)))

    def _show_earlier(self) -> None:
        self._limit += _PAGE
        self._draw_all()


def follows(message: Message, before: Message) -> bool:
    """True when a message belongs under the author drawn above it: same author, soon after, equally public."""
    return (
        message.user == before.user
        and message.username == before.username
        and message.ephemeral_to is None
        and before.ephemeral_to is None
        and float(message.ts) - float(before.ts) < _GROUP_SECONDS
        and not message.blocks
        and not before.blocks
        and not before.reply_count
    )


def _rule(kind: str, text: str) -> None:
    words = part("span", "rule__text", text)
    Piece(part("div", f"rule rule--{kind}", words, role="separator", aria_label=text))
