"""The whole page of one tab: sidebar, channel or home, thread, modals; and what switching between them does."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias
from urllib.parse import urlencode

from nicegui import ui

from sandbox import changes
from sandbox.model import Channel, Message, User
from sandbox.outcome import Impossible
from sandbox.page.desk import Desk
from sandbox.page.dom import button, node
from sandbox.page.feed import latest
from sandbox.page.main_pane import MainPane, Turns, in_channel
from sandbox.page.modal import ModalLayer
from sandbox.page.sidebar import Choices, Sidebar
from sandbox.page.thread_pane import ThreadPane
from sandbox.page.timeline import Timeline
from sandbox.page.workbench import Workbench

_Draw: TypeAlias = Callable[[Timeline, Message], None]
_MESSAGES = (changes.MessagePosted, changes.MessageDeleted, changes.ChannelAdded)
_VIEWS = (changes.ViewOpened, changes.ViewUpdated, changes.ViewClosed)


class Shell:
    """Builds the page in the current slot and keeps it in step with the workspace."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        desk.go_to_channel = self._go_to
        desk.open_thread = self._open_thread
        self._dark = ui.dark_mode(None)
        choices = Choices(
            channel=self._show_channel,
            home=self._show_home,
            user=self._become,
            theme=self._turn_theme,
            workbench=self._turn_workbench,
        )
        turns = Turns(sidebar=self._open_sidebar, home=self._show_home, direct=self._show_direct)
        with node("div", "workspace") as self._root:
            self._sidebar = Sidebar(desk, choices)
            button("scrim", self._close_sidebar, aria_label="Close the sidebar", tabindex=-1)
            self._main = MainPane(desk, turns, self._send)
            self._thread = ThreadPane(desk, self._close_thread, self._send_reply)
            self._workbench = Workbench(desk, self._turn_workbench)
        self._modals = ModalLayer(desk)
        self._show_place()
        self._modals.sync()

    def apply(self, happened: list[changes.Change]) -> None:
        """Draw what happened."""
        for change in latest(happened):
            match change:
                case changes.MessagePosted(message):
                    self._each(message, Timeline.add)
                case changes.MessageUpdated(message):
                    self._each(message, Timeline.update)
                case changes.MessageDeleted(message):
                    self._each(message, Timeline.remove)
                case changes.ChannelUpdated(channel) if self._desk.channel and channel.id == self._desk.channel.id:
                    self._desk.channel = channel
                    self._main.show_topic(channel)
                case changes.HomePublished(view) if view.user == self._desk.user.id and self._main.home:
                    self._main.home.sync()
        if any(isinstance(change, _MESSAGES) for change in happened):
            self._mark_read()
            self._sidebar.refresh()
        if any(isinstance(change, _VIEWS) and change.view.user == self._desk.user.id for change in happened):
            self._modals.sync()

    def _each(self, message: Message, draw: _Draw) -> None:
        channel = self._desk.channel
        if channel is None or message.channel != channel.id or not message.is_seen_by(self._desk.user.id):
            return
        if self._main.timeline is not None and in_channel(message):
            draw(self._main.timeline, message)
        if self._thread.timeline is not None and self._thread.holds(message):
            draw(self._thread.timeline, message)

    def _send(self, channel: Channel, text: str) -> None:
        user, acts = self._desk.user.id, self._desk.acts
        command, _, rest = text.partition(" ")
        if self._main.timeline is not None:
            self._main.timeline.to_end()

        async def work() -> None:
            if text.startswith("/"):
                await acts.command(user, channel.id, command, rest.strip())
            else:
                await acts.say(user, channel.id, text)

        self._desk.spawn(work())

    def _send_reply(self, channel: Channel, text: str) -> None:
        if text.startswith("/"):
            self._toast(f"{text.split()[0]} is not supported in threads.")
            return
        user, thread = self._desk.user.id, self._desk.thread

        async def work() -> None:
            try:
                await self._desk.acts.say(user, channel.id, text, thread)
            except Impossible as problem:
                self._toast(problem.detail)

        self._desk.spawn(work())

    def _become(self, user: User) -> None:
        self._desk.user = user
        if self._desk.channel is not None and self._desk.channel.is_im:
            self._desk.channel = None
        self._show_place()
        self._modals.sync()

    def _go_to(self, channel_id: str) -> None:
        self._show_channel(self._desk.workspace.channels[channel_id])

    def _show_channel(self, channel: Channel) -> None:
        self._desk.channel = channel
        self._desk.thread = None
        self._show_place()

    def _show_home(self) -> None:
        self._desk.channel = self._desk.thread = None
        self._show_place()

    def _show_direct(self) -> None:
        self._show_channel(self._desk.workspace.direct_channel(self._desk.user.id))

    def _open_thread(self, ts: str) -> None:
        self._desk.thread = ts
        self._show_thread()

    def _close_thread(self) -> None:
        self._desk.thread = None
        self._show_thread()

    def _show_place(self) -> None:
        self._close_sidebar()
        self._main.show()
        self._show_thread()
        self._mark_read()
        self._sidebar.refresh()
        channel = self._desk.channel
        place = "home" if channel is None or channel.is_im else channel.name
        ui.navigate.history.replace(f"?{urlencode({'as': self._desk.user.name, 'in': place})}")

    def _show_thread(self) -> None:
        if self._desk.thread is not None and self._desk.is_bench_open:
            self._turn_workbench()
        self._thread.show()
        self._show_aside()

    def _turn_workbench(self) -> None:
        self._desk.is_bench_open = not self._desk.is_bench_open
        if self._desk.is_bench_open and self._desk.thread is not None:
            self._close_thread()
        self._workbench.show(is_open=self._desk.is_bench_open)
        self._show_aside()
        self._close_sidebar()
        self._sidebar.refresh()

    def _show_aside(self) -> None:
        is_beside = self._desk.thread is not None or self._desk.is_bench_open
        self._root.classes(**{"add" if is_beside else "remove": "workspace--aside"})

    def _mark_read(self) -> None:
        if self._desk.channel is not None:
            self._desk.marks.read(self._desk.user.id, self._desk.channel.id)

    def _turn_theme(self) -> None:
        self._desk.spawn(self._swap_theme())

    async def _swap_theme(self) -> None:
        dark = await ui.run_javascript("document.body.classList.contains('body--dark')")
        self._dark.set_value(not dark)

    def _open_sidebar(self) -> None:
        self._root.classes(add="workspace--sidebar")

    def _close_sidebar(self) -> None:
        self._root.classes(remove="workspace--sidebar")

    def _toast(self, text: str) -> None:
        ui.notify(text, position="bottom", classes="toast")
