"""The app's home as the person at the desk sees it."""

from __future__ import annotations

from nicegui import ui
from nicegui.element import Element

from sandbox.page.blocks import BlockList
from sandbox.page.desk import Desk
from sandbox.page.dom import Piece, node
from sandbox.page.tree import icon, part
from sandbox.page.view_surface import ViewSurface


class HomePane:
    """Draws the home in its container, and asks the app for it whenever it is opened."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._surface: ViewSurface | None = None
        self._blocks: BlockList | None = None
        self.element = node("div", "home", data_testid="home", tabindex=0)
        with self.element:
            self._note = ui.label().classes("message__note")
            self._body: Element = node("div", "home__body")
        self._note.set_visibility(False)

    def open(self) -> None:
        """Show what there is, and let the app publish anew."""
        self._surface = self._blocks = None
        self.sync()
        act = self._desk.acts.home(self._desk.user.id)

        async def work() -> None:
            await self._desk.attempt(act, self._say)

        self._desk.spawn(work())

    def sync(self) -> None:
        """Make the page show the home as it is now."""
        view = self._desk.workspace.views.home(self._desk.user.id)
        if view is not None and self._surface is not None and self._blocks is not None:
            self._surface.view = view
            self._blocks.show(view.blocks)
            return
        self._body.clear()
        with self._body:
            if view is None:
                self._draw_empty()
                return
            self._surface = ViewSurface(self._desk, view, self._say)
            container = node("div", "home__blocks")
        self._blocks = BlockList(container, self._surface)
        self._blocks.show(view.blocks)

    def _draw_empty(self) -> None:
        words = f"{self._desk.workspace.app.name} has not published a home for you yet."
        Piece(part("div", "empty", icon("o_home"), part("p", "", words)))

    def _say(self, text: str) -> None:
        self._note.set_text(text)
        self._note.set_visibility(bool(text))
