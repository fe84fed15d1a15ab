"""One message on the page; a change of it redraws only what changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from nicegui import ui
from nicegui.element import Element

from sandbox.model import Json, Message
from sandbox.page.attachments import draw_attachments, draw_files
from sandbox.page.avatar import author_of, draw_avatar
from sandbox.page.blocks import BlockList
from sandbox.page.dates import ago, clock_time, full_moment
from sandbox.page.desk import Desk
from sandbox.page.dom import button, icon, node
from sandbox.page.emoji import EMOJI
from sandbox.page.message_surface import MessageSurface


class MessageRow:
    """Draws a message in the current slot. `compact` leaves out the author, who is the one above."""

    def __init__(self, desk: Desk, message: Message, *, compact: bool, in_thread: bool) -> None:
        self._desk = desk
        self._in_thread = in_thread
        self._compact = compact
        self._thread: Element | None = None
        self.message = message
        self.author = author_of(desk.workspace, message)
        moment = desk.reader.moment(float(message.ts))
        css = "message message--compact" if compact else "message"
        if message.ephemeral_to is not None:
            css += " message--ephemeral"
        self.element = node(
            "article", css, data_testid="message", data_ts=message.ts,
            aria_label=f"{self.author.name}, {clock_time(moment, desk.reader)}",
        )  # fmt: skip
        with self.element:
            self._draw()

    def update(self, message: Message) -> None:
        """Show the message as it is now."""
        before, self.message = self.message, message
        self._surface.message = message
        self._blocks.show(_shown_blocks(message))
        if message.edited != before.edited:
            self._redraw(self._edited, self._draw_edited)
        if (message.attachments, message.files) != (before.attachments, before.files):
            self._redraw(self._extras, self._draw_extras)
        if message.reactions != before.reactions:
            self._redraw(self._reactions, self._draw_reactions)
        if (message.reply_count, message.latest_reply) != (before.reply_count, before.latest_reply):
            self._show_thread()

    def _draw(self) -> None:
        with node("div", "message__gutter"):
            if self._compact:
                self._draw_time("message__time message__time--gutter")
            else:
                draw_avatar(self.author)
        with node("div", "message__content"):
            if self.message.ephemeral_to is not None:
                with node("div", "message__private"):
                    icon("visibility")
                    node("span", "", "Only visible to you")
            if not self._compact:
                self._draw_header()
            body = node("div", "message__body")
            self._edited = node("span", "message__edited-slot")
            self._extras = node("div", "message__extras")
            note = ui.label().classes("message__note")
            note.props["role"] = "alert"
            note.set_visibility(False)
            self._reactions = node("div", "message__reactions")
            self._footer = node("div", "message__footer")
        self._surface = MessageSurface(self._desk, self.message, note)
        self._blocks = BlockList(body, self._surface)
        self._blocks.show(_shown_blocks(self.message))
        self._redraw(self._edited, self._draw_edited)
        self._redraw(self._extras, self._draw_extras)
        self._redraw(self._reactions, self._draw_reactions)
        self._show_thread()
        if not self._in_thread and self.message.ephemeral_to is None:
            self._draw_toolbar()

    def _draw_header(self) -> None:
        with node("header", "message__header"):
            node("span", "message__author", self.author.name)
            if self.author.is_app:
                node("span", "badge", "App")
            self._draw_time("message__time")

    def _draw_time(self, css: str) -> None:
        reader, stamp = self._desk.reader, float(self.message.ts)
        moment = reader.moment(stamp)
        node("time", css, clock_time(moment, reader), datetime=moment.isoformat(), title=full_moment(stamp, reader))

    def _draw_edited(self) -> None:
        if self.message.edited is not None:
            title = full_moment(float(self.message.edited), self._desk.reader)
            node("span", "message__edited", "(edited)", title=title)

    def _draw_extras(self) -> None:
        draw_attachments(self.message.attachments, self._surface)
        draw_files(self.message.files)

    def _draw_reactions(self) -> None:
        for name, people in self.message.reactions:
            with node("span", "reaction", title=f":{name}:"):
                node("span", "emoji", EMOJI.get(name, f":{name}:"))
                node("span", "reaction__count", str(len(people)))

    def _show_thread(self) -> None:
        """The link to the thread stays the same element, so that a reply just when it is pressed does no harm."""
        is_reply = self.message.thread_ts not in (None, self.message.ts)
        if self._in_thread or not (is_reply or self.message.reply_count):
            self._footer.clear()
            self._thread = None
            return
        if self._thread is None:
            with self._footer:
                self._thread = button("thread-link", self._open, data_testid="open-thread")
        self._redraw(self._thread, self._draw_thread)

    def _draw_thread(self) -> None:
        message = self.message
        if message.thread_ts not in (None, message.ts):
            node("span", "", "View thread")
            return
        workspace, reader = self._desk.workspace, self._desk.reader
        for user in message.reply_users[:4]:
            writer = replace(message, user=user, bot_id=None, username=None)
            draw_avatar(author_of(workspace, writer), "s")
        node(
            "span", "thread-link__count", f"{message.reply_count} {'reply' if message.reply_count == 1 else 'replies'}"
        )
        if message.latest_reply is not None:
            last = ago(reader.moment(float(message.latest_reply)), reader.moment(workspace.clock()))
            node("span", "thread-link__last", f"Last reply {last}")

    def _draw_toolbar(self) -> None:
        with (
            node("div", "message__toolbar"),
            button("tool", self._open, aria_label="Reply in thread", title="Reply in thread",
                   data_testid="reply-in-thread"),
        ):  # fmt: skip
            icon("o_chat_bubble_outline")

    def _open(self) -> None:
        self._desk.open_thread(self.message.thread_ts or self.message.ts)

    def _redraw(self, slot: Element, draw: Callable[[], None]) -> None:
        slot.clear()
        with slot:
            draw()


def _shown_blocks(message: Message) -> Sequence[Json]:
    """The blocks; a message without blocks shows its text, as clients do."""
    if message.blocks or not message.text:
        return message.blocks
    return ({"type": "section", "text": {"type": "mrkdwn", "text": message.text}},)
