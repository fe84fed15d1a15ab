"""Blocks. Source: docs, reference/block-kit/blocks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from sandbox.blockkit.cards import ALERT, CARD, CAROUSEL, FILE, PLAN, TASK_CARD, VIDEO
from sandbox.blockkit.data import DATA_TABLE, DATA_VISUALIZATION, TABLE
from sandbox.blockkit.elements import ELEMENTS, IMAGE_ELEMENT
from sandbox.blockkit.objects import SLACK_FILE, plain_text, text
from sandbox.blockkit.rich_text import RICH_TEXT
from sandbox.blockkit.rules import (
    Place,
    Rule,
    Shape,
    array,
    at_least_one,
    block,
    boolean,
    exactly_one,
    integer,
    one_of,
    string,
    typed,
)
from sandbox.blockkit.violation import Violation

_SELECTS = ("static_select", "external_select", "users_select", "conversations_select", "channels_select")
_CHOOSERS = (
    *_SELECTS,
    *(f"multi_{name}" for name in _SELECTS),
    "checkboxes",
    "radio_buttons",
    "datepicker",
    "timepicker",
)
_ACCESSORIES = (*_CHOOSERS, "button", "overflow", "workflow_button")
_CONTEXT_ACTIONS = ("feedback_buttons", "icon_button")
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


def _context_part(value: Any, place: Place) -> Iterator[Violation]:
    if isinstance(value, dict) and value.get("type") in ("plain_text", "mrkdwn"):
        yield from text(2000)(value, place)
    else:
        yield from typed("context.elements", {"image": IMAGE_ELEMENT})(value, place)


def _no_dispatch_of_files(value: Any, place: Place) -> Iterator[Violation]:
    element = value.get("element")
    is_file = isinstance(element, dict) and element.get("type") == "file_input"
    if is_file and value.get("dispatch_action") is True:
        yield place.field("dispatch_action").broken("file_input", "file_input cannot dispatch actions")


_SHAPES = (
    block(
        "section",
        {
            "text": text(3000),
            "fields": array(text(2000), max_items=10),
            "accessory": typed("section.accessory", _some(_ACCESSORIES, image=IMAGE_ELEMENT)),
            "expand": boolean,
        },
        across=(at_least_one("text", "fields"),),
    ),
    block("header", {"text": plain_text(150), "level": integer(1, 4)}, "text"),
    block("context", {"elements": array(_context_part, max_items=10)}, "elements"),
    block("divider", {}),
    block("actions", {"elements": array(typed("actions.elements", _some(_ACTIONS)), max_items=25)}, "elements"),
    block(
        "context_actions",
        {"elements": array(typed("context_actions.elements", _some(_CONTEXT_ACTIONS)), max_items=5)},
        "elements",
    ),
    block(
        "input",
        {
            "label": plain_text(2000),
            "element": typed("input.element", _some(_INPUTS)),
            "dispatch_action": boolean,
            "hint": plain_text(2000),
            "optional": boolean,
        },
        "label element",
        (_no_dispatch_of_files,),
    ),
    block(
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
    block("markdown", {"text": string()}, "text"),
    RICH_TEXT,
    ALERT,
    CARD,
    CAROUSEL,
    DATA_TABLE,
    DATA_VISUALIZATION,
    FILE,
    PLAN,
    TABLE,
    TASK_CARD,
    VIDEO,
)

_CHILDREN = (
    "actions",
    "context",
    "divider",
    "file",
    "header",
    "image",
    "input",
    "rich_text",
    "section",
    "table",
    "video",
)


def _collapsed_if_collapsible(value: Any, place: Place) -> Iterator[Violation]:
    if value.get("default_collapsed") is True and value.get("is_collapsible") is not True:
        yield place.field("default_collapsed").broken("collapsible", "needs is_collapsible to be true")


_CONTAINER = block(
    "container",
    {
        "title": plain_text(150),
        "rich_text_title": typed("container.rich_text_title", {"rich_text": RICH_TEXT}),
        "subtitle": text(150),
        "child_blocks": array(
            typed("container.child_blocks", {entry.name: entry for entry in _SHAPES if entry.name in _CHILDREN}),
            max_items=10,
        ),
        "width": one_of("narrow", "standard", "wide", "full"),
        "icon": typed("container.icon", {"image": IMAGE_ELEMENT}),
        "is_collapsible": boolean,
        "default_collapsed": boolean,
        "has_header_divider": boolean,
    },
    "child_blocks",
    (at_least_one("title", "rich_text_title"), _collapsed_if_collapsible),
)

BLOCKS: Mapping[str, Shape] = MappingProxyType({entry.name: entry for entry in (*_SHAPES, _CONTAINER)})
"""Every block by its type."""

_EVERYWHERE = frozenset({"message", "modal", "home"})
_SURFACES: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "alert": frozenset({"modal"}),
        "card": frozenset({"message", "home"}),
        "carousel": frozenset({"message", "home"}),
        **dict.fromkeys(
            (
                "container",
                "context_actions",
                "data_table",
                "data_visualization",
                "markdown",
                "plan",
                "table",
                "task_card",
            ),
            frozenset({"message"}),
        ),
    }
)


def surfaces_of(block_type: str) -> frozenset[str]:
    """Where a block may stand. Where Slack's pages and what others measured differ, the narrower holds."""
    return _SURFACES.get(block_type, _EVERYWHERE)
