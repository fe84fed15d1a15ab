"""Inputs for text, numbers and moments."""

from __future__ import annotations

from datetime import datetime
from types import MappingProxyType
from typing import Any

from nicegui import ui

from sandbox.elements import Placed
from sandbox.model import Json
from sandbox.page.dates import Reader
from sandbox.page.surface import Surface, control_label

_KINDS = MappingProxyType(
    {
        "number_input": "text",
        "email_text_input": "email",
        "url_text_input": "url",
        "datepicker": "date",
        "timepicker": "time",
        "datetimepicker": "datetime-local",
    }
)
_LOCAL = "%Y-%m-%dT%H:%M"
_MAX_TEXT = 3000


def draw_text(placed: Placed, surface: Surface) -> None:
    """A line or an area of text. Numbers are text too, so that what is wrong with one can be said."""
    element = placed.element
    value = _typed(surface.entered(placed).get(placed.state_key or ""))
    area = bool(element.get("multiline")) or placed.type == "rich_text_input"
    field = ui.textarea(value=value) if area else ui.input(value=value)
    field.classes("field").props("outlined dense")
    field.props["aria-label"] = control_label(placed)
    field.props["placeholder"] = (element.get("placeholder") or {}).get("text", "")
    if not area:
        field.props["type"] = _KINDS.get(placed.type, "text")
    if placed.type == "number_input":
        field.props["inputmode"] = "decimal" if element.get("is_decimal_allowed") else "numeric"
    if placed.type in ("plain_text_input", "rich_text_input"):
        field.props["maxlength"] = element.get("max_length", _MAX_TEXT)
        if "max_length" in element:
            field.props("counter")
    if area:
        field.props("autogrow input-style='min-height: 5.5em'")
    if element.get("focus_on_load"):
        field.props("autofocus")
    _listen(field, placed, surface)


def _typed(value: Any) -> str:
    """What stands in the field: a text, or the characters of a rich text."""
    if not isinstance(value, dict):
        return str(value or "")
    lines = (element.get("elements") or () for element in value.get("elements") or ())
    return "\n".join("".join(str(entry.get("text") or entry.get("url") or "") for entry in line) for line in lines)


def _listen(field: ui.input | ui.textarea, placed: Placed, surface: Surface) -> None:
    triggers = (placed.element.get("dispatch_action_config") or {}).get("trigger_actions_on", ["on_enter_pressed"])

    def typed(event: Any) -> None:
        if placed.notifies and "on_character_entered" in triggers:
            surface.use(placed, event.value)
        else:
            surface.keep(placed, event.value)

    field.on_value_change(typed)
    if placed.notifies and "on_enter_pressed" in triggers:
        field.on("keydown.enter.exact", lambda _event: surface.use(placed, field.value), [])


def draw_moment(placed: Placed, surface: Surface) -> None:
    """A date, a time, or both in the reader's zone; the browser brings the picker."""
    state = surface.entered(placed)
    reader = surface.pen.reader
    field = ui.input(value=moment_text(state, reader)).classes("field field--moment").props("outlined dense")
    field.props["type"] = _KINDS[placed.type]
    field.props["aria-label"] = control_label(placed)

    async def changed(text: str) -> None:
        value = moment_value(placed.type, text, reader)
        if not placed.notifies:
            surface.keep(placed, value)
        elif value is not None and await surface.confirmed(placed):
            surface.use(placed, value)

    async def on_change(event: Any) -> None:
        await changed(event.value or "")

    field.on_value_change(on_change)


def moment_text(state: Json, reader: Reader) -> str:
    """What the browser's input shows for a state of Slack."""
    epoch = state.get("selected_date_time")
    if epoch is not None:
        return reader.moment(int(epoch)).strftime(_LOCAL)
    return str(state.get("selected_date") or state.get("selected_time") or "")


def moment_value(kind: str, text: str, reader: Reader) -> str | int | None:
    """What Slack's state holds for what the browser's input gave; None for nothing, or a year still being typed."""
    if not text or (kind != "timepicker" and text < "1900"):
        return None
    if kind == "datetimepicker":
        return int(datetime.strptime(text[:16], _LOCAL).replace(tzinfo=reader.zone).timestamp())
    return text[:5] if kind == "timepicker" else text
