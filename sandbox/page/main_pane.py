"""The middle of the page: a conversation with its composer, or the app's home."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from nicegui.element import Element

from sandbox.model import Channel, Json, Message
from sandbox.page.avatar import Author, avatar
from sandbox.page.composer import Composer
from sandbox.page.desk import Desk
from sandbox.page.dom import Piece, button, node
from sandbox.page.home import HomePane
from sandbox.page.timeline import Timeline
from sandbox.page.tree import icon, part


@dataclass(frozen=True, slots=True, kw_only=True)
class Turns:
    """What the header's buttons do."""

    sidebar: Callable[[], None]
    home: Callable[[], None]
    direct: Callable[[], None]


class MainPane:
    """Draws the desk's place in the current slot; `show` after the place has changed."""

    def __init__(self, desk: Desk, turns: Turns, send: Callable[[Channel, str], None]) -> None:
        self._desk = desk
        self._turns = turns
        self._send = send
        self._element: Element = node("main", "main")
        self._topic: Piece | None = None
        self.timeline: Timeline | None = None
        self.home: HomePane | None = None

    def show_topic(self, channel: Channel) -> None:
        """The topic of the channel that is shown has changed."""
        if self._topic is not None:
            self._topic.show(_topic(channel))

    def show(self) -> None:
        """Draw the place where the desk is."""
        self.timeline = self.home = self._topic = None
        self._element.clear()
        with self._element:
            self._draw_header()
            if self._desk.channel is None:
                self.home = HomePane(self._desk)
                self.home.open()
            else:
                self._draw_channel(self._desk.channel)

    def _draw_header(self) -> None:
        channel, app = self._desk.channel, self._desk.workspace.app
        with node("header", "main__header", data_testid="channel-header"):
            menu = "Open the sidebar"
            button("tool main__menu", self._turns.sidebar, icon("menu"), aria_label=menu, data_testid="open-sidebar")
            if channel is not None and not channel.is_im:
                mark = icon("lock" if channel.is_private else "tag")
                Piece(part("h2", "main__title", mark, part("span", "", channel.name)))
                self._topic = Piece(_topic(channel))
                return
            Piece(avatar(Author(app.bot_user_id, app.name, is_app=True), "s"))
            Piece(part("h2", "main__title", app.name))
            with node("div", "tabs", role="tablist", aria_label=app.name):
                self._draw_tab("Home", channel is None, self._turns.home)
                self._draw_tab("Messages", channel is not None, self._turns.direct)

    def _draw_tab(self, title: str, here: bool, go: Callable[[], None]) -> None:
        css = "tab tab--here" if here else "tab"
        selected = str(here).lower()
        button(css, go, title, role="tab", aria_selected=selected, data_testid=f"tab-{title.lower()}")

    def _draw_channel(self, channel: Channel) -> None:
        desk = self._desk
        mark = desk.marks.mark(desk.user.id, channel.id)
        self.timeline = Timeline(desk, in_thread=False)
        self.timeline.show(channel_messages(desk, channel), new_since=mark)
        commands = desk.workspace.manifest.commands or ()
        composer = Composer(lambda text: self._send(channel, text), commands, desk.sent, test_id="composer")
        composer.address(f"Message {desk.workspace.app.name if channel.is_im else '#' + channel.name}")
        composer.focus()


def _topic(channel: Channel) -> Json:
    return part("span", "main__topic", channel.topic, title=channel.topic)


def channel_messages(desk: Desk, channel: Channel) -> list[Message]:
    """What stands in the channel itself: replies only when they were sent to it as well."""
    return [message for message in desk.workspace.messages.seen_by(channel.id, desk.user.id) if in_channel(message)]


def in_channel(message: Message) -> bool:
    """True for what stands in a channel itself and not only in a thread."""
    return message.thread_ts in (None, message.ts) or message.reply_broadcast
