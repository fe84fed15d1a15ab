"""Interactive elements. Source: docs, reference/block-kit/block-elements."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from sandbox.blockkit.objects import (
    CHOICE_OPTION,
    CONFIRM,
    CONVERSATION_FILTER,
    DISPATCH_ACTION_CONFIG,
    OPTION_GROUP,
    OVERFLOW_OPTION,
    SELECT_OPTION,
    SLACK_FILE,
    WORKFLOW,
    initial_among_options,
    options_or_groups,
    plain_text,
)
from sandbox.blockkit.rich_text import RICH_TEXT
from sandbox.blockkit.rules import (
    Place,
    Rule,
    Shape,
    anything,
    array,
    boolean,
    exactly_one,
    integer,
    one_of,
    shape,
    string,
)
from sandbox.blockkit.violation import Violation

_DOCS = "docs: reference/block-kit/block-elements"
_DATE = r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])"
_TIME = r"([01]\d|2[0-3]):[0-5]\d"
_DECIMAL = r"-?\d+(\.\d+)?"


def _element(
    name: str, page: str, fields: Mapping[str, Rule], required: str = "", across: tuple[Rule, ...] = ()
) -> Shape:
    common: dict[str, Rule] = {"type": anything, "action_id": string(255), "confirm": CONFIRM}
    return shape(name, f"{_DOCS}/{page}", common | dict(fields), required, across)


def _menu(name: str, page: str, fields: Mapping[str, Rule], required: str = "", across: tuple[Rule, ...] = ()) -> Shape:
    common: dict[str, Rule] = {"placeholder": plain_text(150), "focus_on_load": boolean}
    return _element(name, page, common | dict(fields), required, across)


def _multi_menu(name: str, fields: Mapping[str, Rule], across: tuple[Rule, ...] = ()) -> Shape:
    fields = {"max_selected_items": integer(1), **fields}
    return _menu(name, "multi-select-menu-element", fields, across=across)


def _input(name: str, page: str, fields: Mapping[str, Rule], required: str = "", *across: Rule) -> Shape:
    common: dict[str, Rule] = {
        "type": anything,
        "action_id": string(255),
        "placeholder": plain_text(150),
        "focus_on_load": boolean,
        "dispatch_action_config": DISPATCH_ACTION_CONFIG,
    }
    return shape(name, f"{_DOCS}/{page}", common | dict(fields), required, across)


def _lengths_in_order(value: Any, place: Place) -> Iterator[Violation]:
    low, high = value.get("min_length"), value.get("max_length")
    if isinstance(low, int) and isinstance(high, int) and low > high:
        yield place.field("min_length").broken("order", "must not be greater than max_length")


def _initial_fits_lengths(value: Any, place: Place) -> Iterator[Violation]:
    initial, high = value.get("initial_value"), value.get("max_length", 3000)
    if isinstance(initial, str) and isinstance(high, int) and len(initial) > high:
        yield place.field("initial_value").broken("max_length", f"must be less than {high + 1} characters")


def _values_in_order(value: Any, place: Place) -> Iterator[Violation]:
    try:
        low, high = float(value["min_value"]), float(value["max_value"])
    except (KeyError, TypeError, ValueError):
        return
    if low > high:
        yield place.field("min_value").broken("order", "must not be greater than max_value")


_STATIC: dict[str, Rule] = {
    "options": array(SELECT_OPTION, max_items=100),
    "option_groups": array(OPTION_GROUP, max_items=100),
}
_STATIC_ACROSS = (options_or_groups, initial_among_options)
_CHOICES: dict[str, Rule] = {"options": array(CHOICE_OPTION, max_items=10), "focus_on_load": boolean}
_CONVERSATIONS: dict[str, Rule] = {
    "default_to_current_conversation": boolean,
    "filter": CONVERSATION_FILTER,
}
_SELECT = "select-menu-element"
_NUMBER = string(pattern=_DECIMAL, example="12 or 12.5, as a string")

_FEEDBACK = shape(
    "feedback_button",
    f"{_DOCS}/feedback-buttons-element",
    {"text": plain_text(75), "value": string(2000), "accessibility_label": string(75)},
    "text value",
)

BUTTON = _element(
    "button",
    "button-element",
    {
        "text": plain_text(75),
        "url": string(3000),
        "value": string(2000),
        "style": one_of("primary", "danger"),
        "accessibility_label": string(75),
    },
    "text",
)

_SHAPES = (
    BUTTON,
    _menu("static_select", _SELECT, {**_STATIC, "initial_option": SELECT_OPTION}, across=_STATIC_ACROSS),
    _menu("external_select", _SELECT, {"min_query_length": integer(0), "initial_option": SELECT_OPTION}),
    _menu("users_select", _SELECT, {"initial_user": string()}),
    _menu(
        "conversations_select",
        _SELECT,
        {**_CONVERSATIONS, "initial_conversation": string(), "response_url_enabled": boolean},
    ),
    _menu("channels_select", _SELECT, {"initial_channel": string(), "response_url_enabled": boolean}),
    _multi_menu(
        "multi_static_select",
        {**_STATIC, "initial_options": array(SELECT_OPTION, max_items=100)},
        _STATIC_ACROSS,
    ),
    _multi_menu(
        "multi_external_select",
        {"min_query_length": integer(0), "initial_options": array(SELECT_OPTION, max_items=100)},
    ),
    _multi_menu("multi_users_select", {"initial_users": array(string(), min_items=0)}),
    _multi_menu(
        "multi_conversations_select",
        {**_CONVERSATIONS, "initial_conversations": array(string(), min_items=0)},
    ),
    _multi_menu("multi_channels_select", {"initial_channels": array(string(), min_items=0)}),
    _element("overflow", "overflow-menu-element", {"options": array(OVERFLOW_OPTION, max_items=5)}, "options"),
    _element(
        "checkboxes",
        "checkboxes-element",
        {**_CHOICES, "initial_options": array(CHOICE_OPTION, max_items=10)},
        "options",
        (initial_among_options,),
    ),
    _element(
        "radio_buttons",
        "radio-button-group-element",
        {**_CHOICES, "initial_option": CHOICE_OPTION},
        "options",
        (initial_among_options,),
    ),
    _menu("datepicker", "date-picker-element", {"initial_date": string(pattern=_DATE, example="2026-11-30")}),
    _menu(
        "timepicker",
        "time-picker-element",
        {"initial_time": string(pattern=_TIME, example="17:30"), "timezone": string()},
    ),
    _element(
        "datetimepicker",
        "datetime-picker-element",
        {"initial_date_time": integer(1_000_000_000, 9_999_999_999), "focus_on_load": boolean},
    ),
    _input(
        "plain_text_input",
        "plain-text-input-element",
        {
            "initial_value": string(min_length=0),
            "multiline": boolean,
            "min_length": integer(0, 3000),
            "max_length": integer(1, 3000),
        },
        "",
        _lengths_in_order,
        _initial_fits_lengths,
    ),
    _input(
        "number_input",
        "number-input-element",
        {
            "is_decimal_allowed": boolean,
            "initial_value": _NUMBER,
            "min_value": _NUMBER,
            "max_value": _NUMBER,
        },
        "is_decimal_allowed",
        _values_in_order,
    ),
    _input("email_text_input", "email-input-element", {"initial_value": string(min_length=0)}),
    _input("url_text_input", "url-input-element", {"initial_value": string(min_length=0)}),
    _input(
        "rich_text_input",
        "rich-text-input-element",
        {"initial_value": RICH_TEXT, "min_lines": integer(1, 100), "max_lines": integer(1, 100)},
    ),
    shape(
        "file_input",
        f"{_DOCS}/file-input-element",
        {"type": anything, "action_id": string(255), "filetypes": array(string()), "max_files": integer(1, 10)},
    ),
    shape(
        "feedback_buttons",
        f"{_DOCS}/feedback-buttons-element",
        {"type": anything, "action_id": string(255), "positive_button": _FEEDBACK, "negative_button": _FEEDBACK},
        "positive_button negative_button",
    ),
    _element(
        "icon_button",
        "icon-button-element",
        {
            "icon": one_of("trash"),
            "text": plain_text(75),
            "value": string(2000),
            "accessibility_label": string(75),
            "visible_to_user_ids": array(string()),
        },
        "icon text",
    ),
    _element(
        "workflow_button",
        "workflow-button-element",
        {
            "text": plain_text(75),
            "workflow": WORKFLOW,
            "style": one_of("primary", "danger"),
            "accessibility_label": string(75),
        },
        "text workflow action_id",
    ),
)

URL_SOURCE = shape(
    "url_source",
    f"{_DOCS}/url-source-element",
    {"type": anything, "url": string(), "text": string()},
    "url text",
)

IMAGE_ELEMENT = shape(
    "image_element",
    f"{_DOCS}/image-element",
    {"type": anything, "image_url": string(3000), "slack_file": SLACK_FILE, "alt_text": string(2000)},
    "alt_text",
    (exactly_one("image_url", "slack_file"),),
)

ELEMENTS: Mapping[str, Shape] = MappingProxyType({entry.name: entry for entry in _SHAPES})
"""Every interactive element by its type."""
