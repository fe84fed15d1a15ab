"""The left side: the workspace, who you are, channels with unread marks, the app, and people."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from nicegui import ui
from nicegui.element import Element

from sandbox.model import Channel, User
from sandbox.page.avatar import Author, draw_avatar, person
from sandbox.page.desk import Desk
from sandbox.page.dom import button, icon, menu_item, node


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What pressing things here does."""

    channel: Callable[[Channel], None]
    home: Callable[[], None]
    user: Callable[[User], None]
    theme: Callable[[], None]


class Row:
    """A line that can be pressed. It stays the same element whatever it shows, so that no click is lost."""

    def __init__(self, name: str, press: Callable[[], None], mark: Callable[[], Element], **attributes: object) -> None:
        with button("sidebar__row", press, **attributes) as self._button:
            mark()
            node("span", "sidebar__label", name)
            self._count = ui.label().classes("sidebar__count")
            self._you = ui.label("you").classes("sidebar__you")
        self.show(here=False)

    def show(self, *, here: bool, unread: int = 0, me: bool = False) -> None:
        """Mark the row as the place where the desk is, as unread, or as the person at the desk."""
        for css, on in (("here", here), ("unread", unread > 0), ("me", me)):
            self._button.classes(**{"add" if on else "remove": f"sidebar__row--{css}"})
        self._button.props.set_optional("aria-current", "page" if here else None)
        self._count.set_text(str(unread))
        self._count.props["aria-label"] = f"{unread} unread"
        self._count.set_visibility(unread > 0)
        self._you.set_visibility(me)


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
                node("h2", "sidebar__title", "Channels")
                self._channel_list = node("div")
                node("h2", "sidebar__title", "Apps")
                self._app = self._draw_app()
                node("h2", "sidebar__title", "People")
                for user in desk.workspace.users.values():
                    self._people[user.id] = self._draw_person(user)
        self.refresh()

    def refresh(self) -> None:
        """Show who is at the desk, where, and what is unread."""
        user, here = self._desk.user, self._desk.channel
        self._role.set_text(f"You are: {user.role}")
        self._name.set_text(user.real_name)
        self._face.clear()
        with self._face:
            draw_avatar(person(user))
        for user_id, row in self._people.items():
            row.show(here=False, me=user_id == user.id)
        conversations = self._desk.workspace.channels_of(user.id)
        channels = [channel for channel in conversations if not channel.is_im]
        self._draw_channels(channels)
        for channel in channels:
            at_channel = here is not None and channel.id == here.id
            self._channels[channel.id].show(here=at_channel, unread=self._unread(channel, at_channel))
        at_app = here is None or here.is_im
        direct = next((channel for channel in conversations if channel.is_im), None)
        self._app.show(here=at_app, unread=self._unread(direct, here is not None and here.is_im))

    def _unread(self, channel: Channel | None, here: bool) -> int:
        return 0 if channel is None or here else len(self._desk.marks.unread(self._desk.user.id, channel.id))

    def _draw_title(self) -> None:
        with node("header", "sidebar__header"):
            with node("span", "sidebar__logo", aria_hidden="true"):
                icon("forum")
            node("h1", "sidebar__name", f"{self._desk.workspace.team.name} workspace")
            theme = "Light or dark"
            with button("tool tool--dark", self._choices.theme, aria_label=theme, title=theme, data_testid="theme"):
                icon("contrast")

    def _draw_switcher(self) -> None:
        with node("button", "switcher", type="button", aria_haspopup="menu", data_testid="person-switcher"):
            self._face = node("span", "switcher__face")
            with node("span", "switcher__text"):
                self._role = ui.label().classes("switcher__role")
                self._name = ui.label().classes("switcher__name")
            icon("expand_more")
            with ui.menu().props("auto-close fit anchor='bottom left' self='top left'").classes("menu"):
                for user in self._desk.workspace.users.values():
                    self._draw_person_choice(user)

    def _draw_person_choice(self, user: User) -> None:
        with menu_item("", lambda: self._choices.user(user)) as item:
            item.props["role"] = "menuitem"
            item.props["data-testid"] = f"person-{user.name}"
            draw_avatar(person(user))
            with node("span", "menu__label"):
                node("span", "menu__role", user.role)
                node("span", "menu__caption", f"{user.real_name} · @{user.name}")

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
            lambda: icon(mark, "sidebar__icon"),
            data_testid=f"channel-{channel.name}",
        )

    def _draw_app(self) -> Row:
        app = self._desk.workspace.app
        author = Author(app.bot_user_id, app.name, is_app=True)
        return Row(app.name, self._choices.home, lambda: draw_avatar(author, "s"), data_testid="app-home")

    def _draw_person(self, user: User) -> Row:
        return Row(
            user.real_name,
            lambda: self._choices.user(user),
            lambda: draw_avatar(person(user), "s"),
            title=f"Be {user.real_name}, {user.role}",
            data_testid=f"be-{user.name}",
        )
