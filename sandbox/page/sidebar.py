"""The left side: the workspace, who you are, channels with unread marks, the app, and people."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from nicegui import ui
from nicegui.element import Element

from sandbox.model import Channel, User
from sandbox.page.avatar import Author, draw_avatar, person
from sandbox.page.desk import Desk
from sandbox.page.dom import button, icon, node


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What pressing things here does."""

    channel: Callable[[Channel], None]
    home: Callable[[], None]
    user: Callable[[User], None]
    theme: Callable[[], None]


class Sidebar:
    """Draws itself in the current slot; `refresh` shows the desk as it is now."""

    def __init__(self, desk: Desk, choices: Choices) -> None:
        self._desk = desk
        self._choices = choices
        self.element = node("nav", "sidebar", aria_label="Workspace", data_testid="sidebar")
        with self.element:
            self._draw_title()
            self._switcher = node("div", "sidebar__switcher")
            with node("div", "sidebar__scroll"):
                self._conversations = node("div", "sidebar__section")
                self._people = node("div", "sidebar__section")
        self.refresh()

    def refresh(self) -> None:
        """Draw channels, the app and people anew."""
        for container, draw in (
            (self._switcher, self._draw_switcher),
            (self._conversations, self._draw_conversations),
            (self._people, self._draw_people),
        ):
            container.clear()
            with container:
                draw()

    def refresh_conversations(self) -> None:
        """Draw the unread marks anew."""
        self._conversations.clear()
        with self._conversations:
            self._draw_conversations()

    def _draw_title(self) -> None:
        with node("header", "sidebar__header"):
            with node("span", "sidebar__logo", aria_hidden="true"):
                icon("forum")
            node("h1", "sidebar__name", f"{self._desk.workspace.team.name} workspace")
            with button("tool tool--dark", self._choices.theme, aria_label="Light or dark", title="Light or dark",
                        data_testid="theme"):  # fmt: skip
                icon("contrast")

    def _draw_switcher(self) -> None:
        user = self._desk.user
        with node("button", "switcher", type="button", aria_haspopup="menu", data_testid="person-switcher"):
            draw_avatar(person(user))
            with node("span", "switcher__text"):
                node("span", "switcher__role", f"You are: {user.role}")
                node("span", "switcher__name", user.real_name)
            icon("expand_more")
            with ui.menu().props("auto-close fit anchor='bottom left' self='top left'").classes("menu"):
                for other in self._desk.workspace.users.values():
                    self._draw_person_choice(other)

    def _draw_person_choice(self, user: User) -> None:
        here = user.id == self._desk.user.id
        css = "menu__item menu__item--current" if here else "menu__item"
        with ui.item(on_click=lambda: self._choices.user(user)).classes(css) as item:
            item.props["role"] = "menuitemradio"
            item.props["aria-checked"] = str(here).lower()
            item.props["data-testid"] = f"person-{user.name}"
            draw_avatar(person(user))
            with node("span", "menu__label"):
                node("span", "menu__role", user.role)
                node("span", "menu__caption", f"{user.real_name} · @{user.name}")
            if here:
                icon("check")

    def _draw_conversations(self) -> None:
        workspace, user = self._desk.workspace, self._desk.user
        node("h2", "sidebar__title", "Channels")
        for channel in workspace.channels_of(user.id):
            if not channel.is_im:
                self._draw_channel(channel)
        node("h2", "sidebar__title", "Apps")
        direct = next((channel for channel in workspace.channels_of(user.id) if channel.is_im), None)
        count = len(self._desk.marks.unread(user.id, direct.id)) if direct else 0
        here = self._desk.channel is None or self._desk.channel.is_im
        app = workspace.app
        with self._row(here, count, self._choices.home, "app-home"):
            draw_avatar(Author(app.bot_user_id, app.name, is_app=True), "s")
            node("span", "sidebar__label", app.name)
            _count(count)

    def _draw_channel(self, channel: Channel) -> None:
        here = self._desk.channel is not None and channel.id == self._desk.channel.id
        count = 0 if here else len(self._desk.marks.unread(self._desk.user.id, channel.id))
        with self._row(here, count, lambda: self._choices.channel(channel), f"channel-{channel.name}"):
            icon("lock" if channel.is_private else "tag", "sidebar__icon")
            node("span", "sidebar__label", channel.name)
            _count(count)

    def _row(self, here: bool, count: int, press: Callable[[], None], test_id: str) -> Element:
        css = "sidebar__row" + (" sidebar__row--here" if here else "") + (" sidebar__row--unread" if count else "")
        return button(css, press, aria_current="page" if here else None, data_testid=test_id)

    def _draw_people(self) -> None:
        node("h2", "sidebar__title", "People")
        for user in self._desk.workspace.users.values():
            self._draw_person(user)

    def _draw_person(self, user: User) -> None:
        here = user.id == self._desk.user.id
        css = "sidebar__row sidebar__row--me" if here else "sidebar__row"
        title = f"Be {user.real_name}, {user.role}"
        with button(css, lambda: self._choices.user(user), title=title, data_testid=f"be-{user.name}"):
            draw_avatar(person(user), "s")
            node("span", "sidebar__label", user.real_name)
            if here:
                node("span", "sidebar__you", "you")


def _count(count: int) -> None:
    if count:
        node("span", "sidebar__count", str(count), aria_label=f"{count} unread")
