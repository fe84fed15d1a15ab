"""The left side: the workspace, who you are, channels with unread marks, the app, and people."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from nicegui import ui

from sandbox.model import Channel, Json, User
from sandbox.page.avatar import Author, avatar, person
from sandbox.page.desk import Desk
from sandbox.page.dom import Piece, button, menu_item, node
from sandbox.page.tree import icon, part


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What pressing things here does."""

    channel: Callable[[Channel], None]
    home: Callable[[], None]
    user: Callable[[User], None]
    theme: Callable[[], None]
    workbench: Callable[[], None]


class Row:
    """A line that can be pressed. It stays the same element whatever it shows, so that no click is lost."""

    def __init__(self, name: str, press: Callable[[], None], mark: Json, **attributes: object) -> None:
        self._name = name
        self._mark = mark
        self._attributes = attributes
        self._piece = Piece(self._tree(), lambda _word: press())

    def show(self, *, here: bool = False, unread: int = 0, me: bool = False) -> None:
        """Mark the row as the place where the desk is, as unread, or as the person at the desk."""
        self._piece.show(self._tree(here=here, unread=unread, me=me))

    def _tree(self, *, here: bool = False, unread: int = 0, me: bool = False) -> Json:
        states = {"here": here, "unread": unread > 0, "me": me}
        css = "".join(f" sidebar__row--{state}" for state, on in states.items() if on)
        count = part("span", "sidebar__count", str(unread), aria_label=f"{unread} unread")
        return part(
            "button",
            f"sidebar__row{css}",
            self._mark,
            part("span", "sidebar__label", self._name),
            *([count] if unread else []),
            *([part("span", "sidebar__you", "you")] if me else []),
            act="press",
            type="button",
            aria_current="page" if here else None,
            **self._attributes,
        )


class Sidebar:
    """Draws itself in the current slot; `refresh` shows the desk as it is now."""

    def __init__(self, desk: Desk, choices: Choices) -> None:
        self._desk = desk
        self._choices = choices
        self._channels: dict[str, Row] = {}
        self._people: dict[str, Row] = {}
        with node("nav", "sidebar", aria_label="Workspace", data_testid="sidebar"):
            self._draw_title()
            with node("div", "sidebar__switcher"):
                self._draw_switcher()
            with node("div", "sidebar__scroll"):
                Piece(part("h2", "sidebar__title", "Channels"))
                self._channel_list = node("div")
                Piece(part("h2", "sidebar__title", "Apps"))
                self._app = self._draw_app()
                Piece(part("h2", "sidebar__title", "People"))
                for user in desk.workspace.users.values():
                    self._people[user.id] = self._draw_person(user)
            with node("div", "sidebar__foot"):
                mark = icon("o_cable", "sidebar__icon")
                self._workbench = Row("Wire and faults", choices.workbench, mark, data_testid="open-bench")
        self.refresh()

    def refresh(self) -> None:
        """Show who is at the desk, where, and what is unread."""
        user, here = self._desk.user, self._desk.channel
        role = part("span", "switcher__role", f"You are: {user.role}")
        words = part("span", "switcher__text", role, part("span", "switcher__name", user.real_name))
        self._who.show(part("span", "switcher__who", avatar(person(user)), words, icon("expand_more")))
        for user_id, row in self._people.items():
            row.show(me=user_id == user.id)
        conversations = self._desk.workspace.channels_of(user.id)
        channels = [channel for channel in conversations if not channel.is_im]
        self._draw_channels(channels)
        for channel in channels:
            at_channel = here is not None and channel.id == here.id
            self._channels[channel.id].show(here=at_channel, unread=self._unread(channel, at_channel))
        at_app = here is None or here.is_im
        direct = next((channel for channel in conversations if channel.is_im), None)
        self._workbench.show(here=self._desk.is_bench_open)
        self._app.show(here=at_app, unread=self._unread(direct, here is not None and here.is_im))

    def _unread(self, channel: Channel | None, here: bool) -> int:
        return 0 if channel is None or here else len(self._desk.marks.unread(self._desk.user.id, channel.id))

    def _draw_title(self) -> None:
        name = f"{self._desk.workspace.team.name} workspace"
        with node("header", "sidebar__header"):
            Piece(part("span", "sidebar__logo", icon("forum")))
            Piece(part("h1", "sidebar__name", name))
            theme, mark = "Light or dark", icon("contrast")
            button("tool tool--dark", self._choices.theme, mark, aria_label=theme, title=theme, data_testid="theme")

    def _draw_switcher(self) -> None:
        with node("button", "switcher", type="button", aria_haspopup="menu", data_testid="person-switcher"):
            self._who = Piece(part("span", "switcher__who"))
            with ui.menu().props("auto-close fit anchor='bottom left' self='top left'").classes("menu"):
                for user in self._desk.workspace.users.values():
                    self._draw_person_choice(user)

    def _draw_person_choice(self, user: User) -> None:
        role = part("span", "menu__role", user.role)
        name = part("span", "menu__caption", f"{user.real_name} · @{user.name}")
        words = part("span", "menu__label", role, name)
        menu_item(lambda: self._choices.user(user), avatar(person(user)), words, data_testid=f"person-{user.name}")

    def _draw_channels(self, channels: list[Channel]) -> None:
        if list(self._channels) == [channel.id for channel in channels]:
            return
        self._channel_list.clear()
        with self._channel_list:
            self._channels = {channel.id: self._draw_channel(channel) for channel in channels}

    def _draw_channel(self, channel: Channel) -> Row:
        mark = "lock" if channel.is_private else "tag"
        return Row(
            channel.name,
            lambda: self._choices.channel(channel),
            icon(mark, "sidebar__icon"),
            data_testid=f"channel-{channel.name}",
        )

    def _draw_app(self) -> Row:
        app = self._desk.workspace.app
        author = Author(app.bot_user_id, app.name, is_app=True)
        return Row(app.name, self._choices.home, avatar(author, "s"), data_testid="app-home")

    def _draw_person(self, user: User) -> Row:
        return Row(
            user.real_name,
            lambda: self._choices.user(user),
            avatar(person(user), "s"),
            title=f"Be {user.real_name}, {user.role}",
            data_testid=f"be-{user.name}",
        )
