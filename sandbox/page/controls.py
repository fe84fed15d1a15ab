"""Interactive elements. Source: docs, reference/block-kit/block-elements."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeAlias

from nicegui import context, ui
from nicegui.element import Element

from sandbox.elements import Placed
from sandbox.fitting import known_options
from sandbox.model import Json
from sandbox.page.dom import icon, listen, menu_item, node, spawn
from sandbox.page.mrkdwn import is_safe_url
from sandbox.page.selects import draw_select
from sandbox.page.surface import Surface, control_label
from sandbox.page.text_inputs import draw_moment, draw_text


def draw_control(placed: Placed, surface: Surface) -> None:
    """Draw one element in the current slot, wired to its surface."""
    with node("div", f"control control--{placed.type.replace('_', '-')}", data_testid=f"action-{placed.action_id}"):
        if placed.type.endswith("_select"):
            draw_select(placed, surface)
        else:
            _CONTROLS.get(placed.type, _unknown)(placed, surface)


def _button(placed: Placed, surface: Surface) -> None:
    element = placed.element
    url = str(element.get("url") or "")
    css = f"button button--{element.get('style', 'plain')}"
    label = element.get("accessibility_label")
    if is_safe_url(url):
        pressed = node("a", css, href=url, target="_blank", rel="noopener noreferrer", role="button", aria_label=label)
    else:
        pressed = node("button", css, type="button", aria_label=label)
    listen(pressed, "click", lambda _given: spawn(pressed.client, _press(placed, surface, pressed)))
    with pressed:
        node("span", "button__busy", aria_hidden="true")
        with node("span", "button__text"):
            surface.pen.plain(element["text"])


async def _press(placed: Placed, surface: Surface, pressed: Element) -> None:
    if not await surface.confirmed(placed):
        return
    surface.use(placed, busy=pressed)


def _overflow(placed: Placed, surface: Surface) -> None:
    label = str(placed.element.get("accessibility_label") or "More actions")
    with node("button", "button button--icon", type="button", aria_label=label, aria_haspopup="menu"):
        icon("more_horiz")
        with ui.menu().props("auto-close anchor='bottom right' self='top right'").classes("menu"):
            for option in known_options(placed.element):
                _overflow_item(placed, surface, option)


def _overflow_item(placed: Placed, surface: Surface, option: Json) -> None:
    client = context.client

    async def choose() -> None:
        if await surface.confirmed(placed):
            surface.use(placed, option)

    with menu_item("", lambda: spawn(client, choose())) as item:
        item.props["role"] = "menuitem"
        url = str(option.get("url") or "")
        with (
            node("a", "menu__link", href=url, target="_blank", rel="noopener noreferrer")
            if is_safe_url(url)
            else node("span", "menu__label")
        ):
            surface.pen.plain(option["text"])
        if "description" in option:
            with node("span", "menu__caption"):
                surface.pen.plain(option["description"])


def _choices(placed: Placed, surface: Surface) -> None:
    """Checkboxes or radio buttons, as native inputs with rich labels."""
    several = placed.type == "checkboxes"
    state = surface.entered(placed)
    chosen = state.get("selected_options") if several else [state.get("selected_option")]
    selected = {option["value"] for option in chosen or () if option}
    with node("fieldset", "choices", aria_label=control_label(placed)) as group:
        for option in known_options(placed.element):
            with node("label", "choice"):
                tick = node(
                    "input_",
                    "choice__tick",
                    type="checkbox" if several else "radio",
                    name=f"choice-{group.id}",
                    value=option["value"],
                    checked=option["value"] in selected,
                )
                listen(tick, "change", _on_tick(placed, surface, option, selected), "e => emit(e.target.checked)")
                with node("span", "choice__text mrkdwn"):
                    surface.pen.text_object(option["text"])
                    if "description" in option:
                        with node("span", "choice__description"):
                            surface.pen.text_object(option["description"])


def _on_tick(placed: Placed, surface: Surface, option: Json, selected: set[str]) -> Callable[[Any], None]:
    def changed(checked: Any) -> None:
        if placed.type == "radio_buttons":
            selected.clear()
        if checked:
            selected.add(option["value"])
        else:
            selected.discard(option["value"])
        options = [known for known in known_options(placed.element) if known["value"] in selected]
        value = options if placed.type == "checkboxes" else options[0]
        if placed.notifies:
            surface.use(placed, value)
        else:
            surface.keep(placed, value)

    return changed


def _unknown(placed: Placed, _surface: Surface) -> None:
    with node("span", "unknown"):
        icon("help_outline")
        node("span", "", f"An element of type “{placed.type}”, which this page does not draw.")


_Draw: TypeAlias = Callable[[Placed, Surface], None]
_CONTROLS: Mapping[str, _Draw] = MappingProxyType(
    {
        "button": _button,
        "workflow_button": _button,
        "overflow": _overflow,
        "checkboxes": _choices,
        "radio_buttons": _choices,
        "plain_text_input": draw_text,
        "number_input": draw_text,
        "email_text_input": draw_text,
        "url_text_input": draw_text,
        "rich_text_input": draw_text,
        "datepicker": draw_moment,
        "timepicker": draw_moment,
        "datetimepicker": draw_moment,
    }
)
