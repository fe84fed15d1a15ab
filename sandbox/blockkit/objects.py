"""Composition objects: texts, options, confirm dialogs. Source: docs, reference/block-kit/composition-objects."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from sandbox.blockkit.rules import (
    Place,
    Rule,
    array,
    at_least_one,
    boolean,
    exactly_one,
    length_violations,
    one_of,
    shape,
    string,
)
from sandbox.blockkit.violation import Violation

_DOCS = "docs: reference/block-kit/composition-objects"
_FIELDS_BY_KIND = {"plain_text": {"type", "text", "emoji"}, "mrkdwn": {"type", "text", "verbatim"}}


def text(max_length: int, *kinds: str) -> Rule:
    """A text object of one of the kinds (both when none is named), up to `max_length` characters."""
    allowed = kinds or ("plain_text", "mrkdwn")

    def check(value: Any, place: Place) -> Iterator[Violation]:
        place = replace(place, source=f"{place.source}; {_DOCS}/text-object")
        if not isinstance(value, dict):
            yield place.broken("type", "must be a text object")
            return
        kind = value.get("type")
        if kind not in allowed:
            yield place.broken("kind", f"must be a text object of type {' or '.join(allowed)}, not {kind}")
            return
        yield from _unknown_fields(value, place, str(kind))
        content = value.get("text")
        inner = replace(place, pointer=f"{place.pointer}/text")
        if not isinstance(content, str):
            yield inner.broken("text.required", "missing required field: text")
        else:
            yield from length_violations(content, inner, 1, max_length)

    return check


def plain_text(max_length: int) -> Rule:
    """A text object of type plain_text."""
    return text(max_length, "plain_text")


def _unknown_fields(value: dict[str, Any], place: Place, kind: str) -> Iterator[Violation]:
    for key in value:
        if key not in _FIELDS_BY_KIND[kind]:
            yield place.broken("additional_property", f"invalid additional property in {kind}: {key}")
    for key in ("emoji", "verbatim"):
        if key in value:
            yield from boolean(value[key], place.field(key))


CONFIRM = shape(
    "confirm",
    f"{_DOCS}/confirmation-dialog-object",
    {
        "title": plain_text(100),
        "text": text(300),
        "confirm": plain_text(30),
        "deny": plain_text(30),
        "style": one_of("primary", "danger"),
    },
    "title text confirm deny",
)

_OPTION_SOURCE = f"{_DOCS}/option-object"

SELECT_OPTION = shape(
    "option",
    _OPTION_SOURCE,
    {"text": plain_text(75), "value": string(150), "description": plain_text(75)},
    "text value",
)
"""An option of a select menu."""

CHOICE_OPTION = shape(
    "option",
    _OPTION_SOURCE,
    {"text": text(75), "value": string(150), "description": text(75)},
    "text value",
)
"""An option of checkboxes or radio buttons, which may be mrkdwn."""

OVERFLOW_OPTION = shape(
    "option",
    _OPTION_SOURCE,
    {"text": plain_text(75), "value": string(150), "description": plain_text(75), "url": string(3000)},
    "text value",
)
"""An option of an overflow menu, which may open a URL."""

OPTION_GROUP = shape(
    "option_group",
    f"{_DOCS}/option-group-object",
    {"label": plain_text(75), "options": array(SELECT_OPTION, max_items=100)},
    "label options",
)

DISPATCH_ACTION_CONFIG = shape(
    "dispatch_action_config",
    f"{_DOCS}/dispatch-action-configuration-object",
    {"trigger_actions_on": array(one_of("on_enter_pressed", "on_character_entered"))},
)

CONVERSATION_FILTER = shape(
    "filter",
    f"{_DOCS}/conversation-filter-object",
    {
        "include": array(one_of("im", "mpim", "private", "public")),
        "exclude_external_shared_channels": boolean,
        "exclude_bot_users": boolean,
    },
    across=(at_least_one("include", "exclude_external_shared_channels", "exclude_bot_users"),),
)

# fmt: off
ICONS = (
    "archive", "book", "bookmark", "bot", "bug", "calendar", "call", "caret-left", "caret-right", "check",
    "clipboard", "code", "comment", "compass", "copy", "cube", "download", "edit", "email", "eye-closed",
    "eye-open", "file", "flag", "folder", "gear", "globe", "heart", "help", "image", "info", "key", "lightbulb",
    "link", "map", "mobile", "new-window", "pin", "plus", "refine", "refresh", "rocket", "save", "screen", "share",
    "sparkle", "star", "star-filled", "tag", "thumbs-down", "thumbs-up", "trash", "upload", "user", "warning",
)
# fmt: on

SLACK_ICON = shape(
    "slack_icon", f"{_DOCS}/slack-icon-object", {"type": one_of("icon"), "name": one_of(*ICONS)}, "type name"
)

_PARAMETER = shape(
    "input_parameter", f"{_DOCS}/input-parameter-object", {"name": string(), "value": string()}, "name value"
)
_TRIGGER = shape(
    "trigger",
    f"{_DOCS}/trigger-object",
    {"url": string(), "customizable_input_parameters": array(_PARAMETER, min_items=0)},
    "url",
)
WORKFLOW = shape("workflow", f"{_DOCS}/workflow-object", {"trigger": _TRIGGER}, "trigger")

SLACK_FILE = shape(
    "slack_file",
    f"{_DOCS}/slack-file-object",
    {"id": string(), "url": string(3000)},
    across=(exactly_one("id", "url"),),
)


SUGGESTIONS = shape(
    "suggestions",
    "docs: reference/interaction-payloads/block_suggestion-payload",
    {
        "options": array(SELECT_OPTION, min_items=0, max_items=100),
        "option_groups": array(OPTION_GROUP, min_items=0, max_items=100),
    },
    across=(exactly_one("options", "option_groups"),),
)
"""What an app answers with when an external select asks for options."""


def plain_strings(values: Iterable[Any]) -> list[str]:
    """Those of the values that are strings."""
    return [value for value in values if isinstance(value, str)]


def options_or_groups(value: Any, place: Place) -> Iterator[Violation]:
    """Exactly one of options and option_groups, which is what static selects take."""
    yield from exactly_one("options", "option_groups")(value, place)


def initial_among_options(value: Any, place: Place) -> Iterator[Violation]:
    """Initial options are among the options, as they are."""
    offered = _items(value, "options")
    for group in _items(value, "option_groups"):
        offered.extend(_items(group, "options"))
    if any(option not in offered for option in _items(value, "initial_options")):
        yield place.field("initial_options").broken("among", "must match one of the options exactly")
    if "initial_option" in value and value["initial_option"] not in offered:
        yield place.field("initial_option").broken("among", "must match one of the options exactly")


def _items(value: Any, key: str) -> list[Any]:
    items = value.get(key) if isinstance(value, dict) else None
    return list(items) if isinstance(items, list) else []
