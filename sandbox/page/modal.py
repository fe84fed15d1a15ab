"""The topmost modal of the person at the desk."""

from __future__ import annotations

from nicegui import ui
from nicegui.element import Element

from sandbox.model import View
from sandbox.page.blocks import BlockList
from sandbox.page.desk import Desk
from sandbox.page.dom import Piece, button, node
from sandbox.page.tree import icon, part
from sandbox.page.view_surface import ViewSurface


class ModalLayer:
    """Shows whichever modal is on top; updates change what is shown, and what was typed stays."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._shown: OpenModal | None = None
        with ui.dialog() as self._dialog:
            self._frame = node("div", "dialog", data_testid="modal")
        self._dialog.props("no-backdrop-dismiss")
        self._dialog.on_value_change(lambda event: None if event.value else self._dismissed())

    def sync(self) -> None:
        """Make the page show what the person has open now."""
        stack = self._desk.workspace.views.stack(self._desk.user.id)
        if not stack:
            self._shown = None
            self._dialog.close()
            return
        view = stack[-1]
        if self._shown is not None and self._shown.view_id == view.id:
            self._shown.update(view)
            return
        self._frame.clear()
        with self._frame:
            self._shown = OpenModal(self._desk, view, depth=len(stack))
        self._dialog.props["aria-label"] = view.title
        self._dialog.open()

    def _dismissed(self) -> None:
        """The dialog went away: by Escape while a modal is still shown, else because of `sync`."""
        shown, self._shown = self._shown, None
        if shown is not None:
            shown.close()


class OpenModal:
    """One modal, drawn in the current slot."""

    def __init__(self, desk: Desk, view: View, *, depth: int) -> None:
        self._desk = desk
        self._depth = depth
        self._surface = ViewSurface(desk, view, self._say)
        self._header = node("header", "dialog__header")
        body = node("div", "dialog__body", tabindex=-1)
        self._note = ui.label().classes("dialog__note")
        self._note.props["role"] = "alert"
        self._note.set_visibility(False)
        self._footer = node("footer", "dialog__footer")
        self._blocks = BlockList(body, self._surface)
        self._blocks.show(view.blocks)
        self._blocks.show_errors(view.errors)
        self._submit: Element | None = None
        self._draw_frame()

    @property
    def view_id(self) -> str:
        """The id of the view that is shown."""
        return self._surface.view.id

    def update(self, view: View) -> None:
        """Show the view as it is now."""
        before, self._surface.view = self._surface.view, view
        if view.content != before.content:
            self._blocks.show(view.blocks)
        if any(view.content.get(key) != before.content.get(key) for key in ("title", "submit", "close")):
            self._draw_frame()
        if view.errors != before.errors or view.content != before.content:
            self._blocks.show_errors(view.errors)

    def close(self) -> None:
        """Close it as the person would."""
        act = self._desk.acts.view_close(self._desk.user.id, self.view_id)

        async def work() -> None:
            await self._desk.attempt(act, self._say)

        self._desk.spawn(work())

    def _draw_frame(self) -> None:
        view, pen = self._surface.view, self._desk.pen
        self._header.clear()
        with self._header:
            if self._depth > 1:
                back = icon("arrow_back")
                button("tool", self.close, back, aria_label="Back", title="Back", data_testid="modal-back")
            title = pen.plain(view.content.get("title") or {})
            Piece(part("h2", "dialog__title", *title, data_testid="modal-title"))
            button("tool", self.close, icon("close"), aria_label="Close", title="Close", data_testid="modal-x")
        self._footer.clear()
        self._submit = None
        with self._footer:
            button("button button--plain", self.close, view.close, data_testid="modal-close")
            if view.submit is not None:
                busy = part("span", "button__busy", aria_hidden="true")
                label = part("span", "button__text", view.submit)
                css = "button button--primary"
                self._submit = button(css, self._press_submit, busy, label, data_testid="modal-submit")

    def _press_submit(self) -> None:
        faults = self._surface.faults()
        self._blocks.show_errors(faults)
        if faults:
            return
        act = self._desk.acts.view_submit(self._desk.user.id, self.view_id, self._surface.values())

        async def work() -> None:
            outcome = await self._desk.attempt(act, self._say, self._submit)
            if outcome is not None and not self._note.is_deleted:
                self._blocks.show_errors(outcome.errors)

        self._desk.spawn(work())

    def _say(self, text: str) -> None:
        if not self._note.is_deleted:
            self._note.set_text(text)
            self._note.set_visibility(bool(text))
