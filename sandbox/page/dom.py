"""What the page is made of: containers, and pieces which draw a whole tree at once."""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine
from typing import Any

from nicegui import Client, background_tasks, html, ui
from nicegui.element import Element
from nicegui.events import GenericEventArguments

from sandbox.model import Json
from sandbox.page.tree import Tree, part


class Piece(Element, component="piece.js"):
    """Draws a tree as one element. `on_act` gets the word of what was pressed in it."""

    def __init__(self, tree: Json, on_act: Callable[[str], object] | None = None) -> None:
        super().__init__()
        self.show(tree)
        if on_act is not None:
            listen(self, "act", on_act, _EMIT)

    def show(self, tree: Json) -> None:
        """Draw another tree; the browser changes only what differs."""
        self.props["tree"] = json.dumps(tree)  # as text: NiceGUI would wrap every dictionary in an observer


_EMIT = "word => emit(word)"


def node(tag: str, css: str = "", /, **attributes: object) -> Element:
    """A container in the current slot. Underscores in attribute names become hyphens; None leaves one out."""
    factory: Callable[..., Element] = getattr(html, tag)
    element = factory(
        **{name.replace("_", "-"): value for name, value in attributes.items() if value is not None},
    )
    return element.classes(css) if css else element


def button(css: str, on_click: Callable[[], object], /, *children: Tree, **attributes: object) -> Piece:
    """A native button; `on_click` is called without arguments."""
    tree = part("button", css, *children, act="press", type="button", **attributes)
    return Piece(tree, lambda _word: on_click())


def menu_item(on_click: Callable[[], object], *children: Tree, **attributes: object) -> Element:
    """An entry of a menu."""
    with ui.item().classes("menu__item") as item:
        item.props.update({"clickable": True, "role": "menuitem"})
        item.props.update({name.replace("_", "-"): value for name, value in attributes.items()})
        for child in children:
            Piece(child if isinstance(child, dict) else part("span", "", child))
    listen(item, "click", lambda _given: on_click())
    return item


def listen(element: Element, event: str, react: Callable[[Any], object], script: str | None = None) -> None:
    """Call `react` with what the browser's `script` emits, or with nothing much when there is no script.

    It runs in the context of the page and not of the element, which the reaction itself may take away.
    """
    client = element.client

    def called(happened: GenericEventArguments) -> None:
        with client:
            react(happened.args)

    if script is None:
        element.on(event, called, [])
    else:
        element.on(event, called, js_handler=script)


def spawn(client: Client, work: Coroutine[Any, Any, None]) -> None:
    """Run work for a page in the background, in that page's context; what it raises is logged."""

    async def in_context() -> None:
        with client:
            await work

    background_tasks.create(in_context(), name="page")
