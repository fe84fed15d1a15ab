"""HTML elements for the page, made so that text from outside can only ever be text.

NiceGUI hands `text` to Vue as a text node, and attribute values as values. Attribute *names* that start with a colon
would be evaluated in the browser, therefore names are keywords in our code and never data.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from nicegui import Client, background_tasks, html, ui
from nicegui.element import Element
from nicegui.events import GenericEventArguments


def node(tag: str, css: str = "", text: str | None = None, /, **attributes: object) -> Element:
    """An HTML element in the current slot. Underscores in attribute names become hyphens; None leaves one out."""
    factory: Callable[..., Element] = getattr(html, tag)
    given = {name.strip("_").replace("_", "-"): value for name, value in attributes.items() if value is not None}
    element = factory(text, **given)
    if css:
        element.classes(css)
    return element


def icon(name: str, css: str = "") -> Element:
    """A decorative Material icon, hidden from screen readers."""
    element = ui.icon(name).classes(f"icon {css}")
    element.props["aria-hidden"] = "true"
    return element


def button(css: str, on_click: Callable[[], object], text: str | None = None, /, **attributes: object) -> Element:
    """A native button; `on_click` is called without arguments."""
    element = node("button", css, text, type="button", **attributes)
    listen(element, "click", lambda _given: on_click())
    return element


def menu_item(css: str, on_click: Callable[[], object], /) -> Element:
    """An entry of a menu."""
    item = ui.item().classes(f"menu__item {css}")
    item.props["clickable"] = True
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
