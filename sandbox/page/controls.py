"""Interactive elements. Source: docs, reference/block-kit/block-elements."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeAlias

from nicegui import context, ui

from sandbox.elements import Placed
from sandbox.fitting import known_options
from sandbox.model import Json
from sandbox.page.dom import Piece, listen, menu_item, node, spawn
from sandbox.page.feedback import draw_feedback, draw_icon_button
from sandbox.page.file_inputs import draw_file_input
from sandbox.page.mrkdwn import is_safe_url
from sandbox.page.selects import SELECTS, draw_select
from sandbox.page.surface import Surface, control_label
from sandbox.page.text_inputs import draw_moment, draw_text
from sandbox.page.tree import Tree, icon, part


def draw_control(placed: Placed, surface: Surface) -> None:
    """Draw one element in the current slot, wired to its surface."""
    draw = CONTROLS.get(placed.type, _unknown)
    with node("div", f"control control--{placed.type.replace('_', '-')}", data_testid=f"action-{placed.action_id}"):
        draw(placed, surface)


def _button(placed: Placed, surface: Surface) -> None:
    element = placed.element
    url = str(element.get("url") or "")
    children: list[Tree] = [
        part("span", "button__busy", aria_hidden="true"),
        part("span", "button__text", *surface.pen.plain(element["text"])),
    ]
    css, label = f"button button--{_style(element)}", element.get("accessibility_label")
    if is_safe_url(url):
        given = {"href": url, "target": "_blank", "rel": "noopener noreferrer", "role": "button"}
        tree = part("a", css, *children, act="press", aria_label=label, **given)
    else:
        tree = part("button", css, *children, act="press", aria_label=label, type="button")
    pressed = Piece(tree, lambda _word: spawn(pressed.client, press()))

    async def press() -> None:
        if await surface.confirmed(placed):
            surface.use(placed, busy=pressed)


def _style(element: Json) -> str:
    return element["style"] if element.get("style") in ("primary", "danger") else "plain"


def _overflow(placed: Placed, surface: Surface) -> None:
    label = str(placed.element.get("accessibility_label") or "More actions")
    with node("button", "button button--icon", type="button", aria_label=label, aria_haspopup="menu"):
        Piece(icon("more_horiz"))
        with ui.menu().props("auto-close anchor='bottom right' self='top right'").classes("menu"):
            for option in known_options(placed.element):
                _overflow_item(placed, surface, option)


def _overflow_item(placed: Placed, surface: Surface, option: Json) -> None:
    client = context.client

    async def choose() -> None:
        if await surface.confirmed(placed):
            surface.use(placed, option)

    words: list[Tree] = surface.pen.plain(option["text"])
    if "description" in option:
        words.append(part("span", "menu__caption", *surface.pen.plain(option["description"])))
    url = str(option.get("url") or "")
    if is_safe_url(url):
        label = part("a", "menu__label menu__link", *words, href=url, target="_blank", rel="noopener noreferrer")
    else:
        label = part("span", "menu__label", *words)
    menu_item(lambda: spawn(client, choose()), label)


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
                    checked=option["value"] in selected,
                )
                listen(tick, "change", _on_tick(placed, surface, option, selected), "e => emit(e.target.checked)")
                Piece(_choice_text(option, surface))


def _choice_text(option: Json, surface: Surface) -> Json:
    words = surface.pen.text_object(option["text"])
    if "description" in option:
        words.append(part("span", "choice__description", *surface.pen.text_object(option["description"])))
    return part("span", "choice__text mrkdwn", *words)


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
    words = f"An element of type “{placed.type}”, which this page does not draw."
    Piece(part("span", "unknown", icon("help_outline"), words))


_Draw: TypeAlias = Callable[[Placed, Surface], None]
CONTROLS: Mapping[str, _Draw] = MappingProxyType(
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
        "file_input": draw_file_input,
        "feedback_buttons": draw_feedback,
        "icon_button": draw_icon_button,
        **dict.fromkeys(SELECTS, draw_select),
    }
)
"""How each type of element is drawn."""
