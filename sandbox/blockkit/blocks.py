"""Blocks. Source: docs, reference/block-kit/blocks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from sandbox.blockkit.elements import ELEMENTS, IMAGE_ELEMENT
from sandbox.blockkit.objects import SLACK_FILE, plain_text, text
from sandbox.blockkit.rich_text import RICH_TEXT
from sandbox.blockkit.rules import (
    Place,
    Rule,
    Shape,
    anything,
    array,
    at_least_one,
    boolean,
    exactly_one,
    one_of,
    shape,
    string,
    typed,
)
from sandbox.blockkit.violation import Violation

_DOCS = "docs: reference/block-kit/blocks"

_SELECTS = ("static_select", "external_select", "users_select", "conversations_select", "channels_select")
_CHOOSERS = (
    *_SELECTS,
    *(f"multi_{name}" for name in _SELECTS),
    "checkboxes",
    "radio_buttons",
    "datepicker",
    "timepicker",
)
_ACCESSORIES = (*_CHOOSERS, "button", "overflow")
_ACTIONS = (*_ACCESSORIES, "datetimepicker", "rich_text_input")
_INPUTS = (
    *_CHOOSERS,
    "datetimepicker",
    "plain_text_input",
    "number_input",
    "email_text_input",
    "url_text_input",
    "rich_text_input",
    "file_input",
)


def _some(names: tuple[str, ...], **more: Rule) -> dict[str, Rule]:
    return {name: ELEMENTS[name] for name in names} | more


def _block(name: str, fields: Mapping[str, Rule], required: str = "", across: tuple[Rule, ...] = ()) -> Shape:
    common: dict[str, Rule] = {"type": anything, "block_id": string(255)}
    return shape(name, f"{_DOCS}/{name}-block", common | dict(fields), required, across)


def _context_part(value: Any, place: Place) -> Iterator[Violation]:
    if isinstance(value, dict) and value.get("type") in ("plain_text", "mrkdwn"):
        yield from text(2000)(value, place)
    else:
        yield from typed("context.elements", {"image": IMAGE_ELEMENT})(value, place)


_RAW_TEXT = shape("table.raw_text", f"{_DOCS}/table-block", {"type": anything, "text": string()}, "text")
_CELL = typed("table.cell", {"raw_text": _RAW_TEXT, "rich_text": RICH_TEXT})
_COLUMN = shape(
    "table.column",
    f"{_DOCS}/table-block",
    {"align": one_of("left", "center", "right"), "is_wrapped": boolean},
)

_SHAPES = (
    _block(
        "section",
        {
            "text": text(3000),
            "fields": array(text(2000), max_items=10),
            "accessory": typed("section.accessory", _some(_ACCESSORIES, image=IMAGE_ELEMENT)),
            "expand": boolean,
        },
        across=(at_least_one("text", "fields"),),
    ),
    _block("header", {"text": plain_text(150)}, "text"),
    _block("context", {"elements": array(_context_part, max_items=10)}, "elements"),
    _block("divider", {}),
    _block("actions", {"elements": array(typed("actions.elements", _some(_ACTIONS)), max_items=25)}, "elements"),
    _block(
        "input",
        {
            "label": plain_text(2000),
            "element": typed("input.element", _some(_INPUTS)),
            "dispatch_action": boolean,
            "hint": plain_text(2000),
            "optional": boolean,
        },
        "label element",
    ),
    _block(
        "image",
        {
            "image_url": string(3000),
            "slack_file": SLACK_FILE,
            "alt_text": string(2000),
            "title": plain_text(2000),
        },
        "alt_text",
        (exactly_one("image_url", "slack_file"),),
    ),
    _block("markdown", {"text": string()}, "text"),
    _block(
        "table",
        {
            "rows": array(array(_CELL, max_items=20), max_items=100),
            "column_settings": array(_COLUMN, max_items=20),
        },
        "rows",
    ),
    RICH_TEXT,
)

BLOCKS: Mapping[str, Shape] = MappingProxyType({entry.name: entry for entry in _SHAPES})
"""Every block by its type."""

ONLY_IN_MESSAGES = frozenset({"markdown", "table"})
