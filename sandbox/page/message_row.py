"""One message on the page; a change of it redraws only what changed."""

from __future__ import annotations

from collections.abc import Sequence

from nicegui import ui
from nicegui.element import Element

from sandbox.model import Json, Message
from sandbox.page.attachments import draw_attachments, draw_files
from sandbox.page.avatar import author_by_id, author_of, avatar
from sandbox.page.blocks import BlockList
from sandbox.page.dates import ago, clock_time, full_moment
from sandbox.page.desk import Desk
from sandbox.page.dom import Piece, node
from sandbox.page.emoji import EMOJI
from sandbox.page.message_surface import MessageSurface
from sandbox.page.tree import Tree, icon, part, slot

_OPEN_THREAD = "thread"
_REACT = "react:"
_QUICK = ("white_check_mark", "eyes", "+1")


class MessageRow:
    """Draws a message in the current slot. `compact` leaves out the author, who is the one above."""

    def __init__(self, desk: Desk, message: Message, *, compact: bool, in_thread: bool) -> None:
        self._desk = desk
        self._in_thread = in_thread
        self.compact = compact
        self.message = message
        self.element = Piece(self._tree(), self._act)
        self._note: ui.label | None = None
        self._extras: Element | None = None
        self._surface = MessageSurface(desk, message, self._say)
        with self.element:
            body = node("div", "message__body")
            self._rest = self.element.add_slot("rest")
        self._blocks = BlockList(body, self._surface)
        self._blocks.show(_shown_blocks(message))
        self._draw_extras()

    def update(self, message: Message) -> None:
        """Show the message as it is now."""
        before, self.message = self.message, message
        self._surface.message = message
        self._blocks.show(_shown_blocks(message))
        self.element.show(self._tree())
        if (message.attachments, message.files) != (before.attachments, before.files):
            self._draw_extras()

    def _tree(self) -> Json:
        message = self.message
        author = author_of(self._desk.workspace, message)
        moment = self._desk.reader.moment(float(message.ts))
        private = message.ephemeral_to is not None
        css = "message" + (" message--compact" if self.compact else "") + (" message--ephemeral" if private else "")
        words = self._time("message__time message__time--gutter") if self.compact else avatar(author)
        return part(
            "article",
            css,
            part("div", "message__gutter", words),
            part("div", "message__content", *self._header(author.name, author.is_app), slot("default"), *self._tail()),
            *([] if private or self._in_thread else [_TOOLBAR]),
            data_testid="message",
            data_ts=message.ts,
            aria_label=f"{author.name}, {clock_time(moment, self._desk.reader)}",
        )

    def _header(self, name: str, is_app: bool) -> list[Tree]:
        parts: list[Tree] = []
        if self.message.ephemeral_to is not None:
            words = part("span", "", "Only visible to you")
            parts.append(part("div", "message__private", icon("visibility"), words))
        pin: list[Tree] = [icon("push_pin"), part("span", "", "Pinned")] if self.message.pinned else []
        parts.append(part("div", "message__pinned", *pin))
        if not self.compact:
            badge = [part("span", "badge", "App")] if is_app else []
            author = part("span", "message__author", name)
            parts.append(part("header", "message__header", author, *badge, self._time("message__time")))
        return parts

    def _tail(self) -> list[Tree]:
        """Always the same parts in the same order, some of them empty: so the browser keeps each in its place."""
        edited = self.message.edited
        title = full_moment(float(edited), self._desk.reader) if edited else None
        return [
            part("span", "message__edited", "(edited)" if edited else "", title=title),
            slot("rest"),
            part("div", "message__reactions", *map(self._reaction, self.message.reactions)),
            *([] if self._in_thread else self._thread_link()),
        ]

    def _reaction(self, reaction: tuple[str, tuple[str, ...]]) -> Json:
        name, people = reaction
        names = ", ".join(author_by_id(self._desk.workspace, user).name for user in people)
        mine = self._desk.user.id in people
        return part(
            "button",
            "reaction reaction--mine" if mine else "reaction",
            part("span", "emoji", EMOJI.get(name, f":{name}:")),
            part("span", "reaction__count", str(len(people))),
            act=f"{_REACT}{name}",
            type="button",
            title=f"{names} reacted with :{name}:",
            aria_pressed=str(mine).lower(),
        )

    def _time(self, css: str) -> Json:
        reader, stamp = self._desk.reader, float(self.message.ts)
        moment = reader.moment(stamp)
        title = full_moment(stamp, reader)
        return part("time", css, clock_time(moment, reader), datetime=moment.isoformat(), title=title)

    def _thread_link(self) -> list[Tree]:
        message, reader, workspace = self.message, self._desk.reader, self._desk.workspace
        given = {"act": _OPEN_THREAD, "type": "button", "data_testid": "open-thread"}
        if message.thread_ts not in (None, message.ts):
            return [part("button", "thread-link", "View thread", **given)]
        if not message.reply_count:
            return []
        noun = "reply" if message.reply_count == 1 else "replies"
        words: list[Tree] = [avatar(author_by_id(workspace, user), "s") for user in message.reply_users[:4]]
        words.append(part("span", "thread-link__count", f"{message.reply_count} {noun}"))
        if message.latest_reply is not None:
            last = ago(reader.moment(float(message.latest_reply)), reader.moment(workspace.clock()))
            words.append(part("span", "thread-link__last", f"Last reply {last}"))
        return [part("button", "thread-link", *words, **given)]

    def _draw_extras(self) -> None:
        if self._extras is not None:
            self._extras.delete()
            self._extras = None
        if self.message.attachments or self.message.files:
            with self._rest:
                self._extras = node("div", "message__extras")
            with self._extras:
                draw_attachments(self.message.attachments, self._surface)
                draw_files(self.message.files)

    def _say(self, text: str) -> None:
        if self.element.is_deleted:
            return
        if self._note is None:
            with self._rest:
                self._note = ui.label().classes("message__note")
            self._note.props["role"] = "alert"
        self._note.set_text(text)
        self._note.set_visibility(bool(text))

    def _act(self, word: str) -> None:
        if word == _OPEN_THREAD:
            self._desk.open_thread(self.message.thread_ts or self.message.ts)
        elif word.startswith(_REACT):
            self._desk.acts.react(self._desk.user.id, self.message.channel, self.message.ts, word.removeprefix(_REACT))


def _quick_reaction(name: str) -> Json:
    face = part("span", "emoji", EMOJI[name])
    words = f"React with :{name}:"
    return part("button", "tool", face, act=f"{_REACT}{name}", type="button", aria_label=words, title=words)


_TOOLBAR = part(
    "div",
    "message__toolbar",
    *map(_quick_reaction, _QUICK),
    part(
        "button",
        "tool",
        icon("o_chat_bubble_outline"),
        act=_OPEN_THREAD,
        type="button",
        aria_label="Reply in thread",
        title="Reply in thread",
        data_testid="reply-in-thread",
    ),
)


def _shown_blocks(message: Message) -> Sequence[Json]:
    """The blocks; a message without blocks shows its text, as clients do."""
    if message.blocks or not message.text:
        return message.blocks
    return ({"type": "section", "text": {"type": "mrkdwn", "text": message.text}},)
