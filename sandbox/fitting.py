"""What a person enters, fitted to an element: leniently written, strictly judged, as the client would."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from sandbox.elements import Placed
from sandbox.model import Json

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_URL = re.compile(r"https?://\S+")
_DATE = re.compile(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])")
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
_DECIMAL = re.compile(r"-?\d+(\.\d+)?")
_WHOLE = re.compile(r"-?\d+")


class Misfit(ValueError):
    """The value does not fit the element; the message says why, to the person who entered it."""


Identify: TypeAlias = Callable[[str, str], str]
"""Kind (`user`, `channel` or `conversation`) and name or id -> id. Raises Misfit."""


def fit(placed: Placed, value: Any, options: Sequence[Json], identify: Identify) -> Json:
    """The state of the element once `value` is entered; None empties it.

    `value` is a plain string, list, boolean or Slack state object. `options` are those that the app suggested
    for an external select. Raises Misfit.
    """
    key = placed.state_key
    if key is None:
        raise Misfit(f"{placed.action_id}: a {placed.type} holds no value")
    if isinstance(value, dict) and key in value:
        value = value[key]
    choices = [*known_options(placed.element), *options]
    match key:
        case "value":
            fitted: Any = _text(placed, value)
        case "selected_option":
            fitted = None if value in (None, "") else choose(placed, choices, value)
        case "selected_options":
            fitted = _several(placed, choices, value)
        case "selected_user" | "selected_channel" | "selected_conversation":
            fitted = None if value in (None, "") else identify(key.removeprefix("selected_"), str(value))
        case "selected_users" | "selected_channels" | "selected_conversations":
            kind = key.removeprefix("selected_").removesuffix("s")
            fitted = _limited(placed, [identify(kind, str(item)) for item in _as_list(value)])
        case "selected_date" | "selected_time" | "selected_date_time":
            fitted = _moment(placed, key, value)
        case _:
            fitted = None if value in (None, "") else _rich_text(placed, value) if key == "rich_text_value" else value
    return {"type": placed.type, key: fitted}


def is_empty(state: Json) -> bool:
    """True when nothing is entered."""
    return all(value in (None, "", []) for key, value in state.items() if key != "type")


def known_options(element: Json) -> list[Json]:
    """The options that the element lists itself."""
    groups = element.get("option_groups") or ()
    return [*(element.get("options") or ()), *(option for group in groups for option in group["options"])]


def choose(placed: Placed, choices: Sequence[Json], value: Any) -> Json:
    """The option meant by its value, its text or itself. Raises Misfit naming the options there are."""
    wanted = value.get("value") if isinstance(value, dict) else value
    for option in choices:
        if wanted is not None and str(wanted) in (option.get("value"), option["text"]["text"]):
            return option
    offered = ", ".join(str(option.get("value")) for option in choices) or "none"
    raise Misfit(f"{placed.action_id}: no option {wanted!r}; the options are: {offered}")


def choose_feedback(placed: Placed, value: Any) -> Json:
    """What the pressed one of two feedback buttons sends: `value` is `positive`, `negative` or the button's own."""
    buttons = {kind: placed.element[f"{kind}_button"] for kind in ("positive", "negative")}
    for kind, button in buttons.items():
        if value in (kind, button["value"]):
            return {"text": button["text"], "value": button["value"]}
    raise Misfit(f"{placed.action_id}: no button {value!r}; the buttons are: positive, negative")


def _several(placed: Placed, choices: Sequence[Json], value: Any) -> list[Json]:
    if value is True:
        return list(choices)
    return _limited(placed, [choose(placed, choices, item) for item in _as_list(value)])


def _limited(placed: Placed, chosen: list[Any]) -> list[Any]:
    limit = placed.element.get("max_selected_items")
    if limit is not None and len(chosen) > limit:
        raise Misfit(f"{placed.action_id}: at most {limit} may be chosen")
    return chosen


def _as_list(value: Any) -> list[Any]:
    if value in (None, "", False):
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def _text(placed: Placed, value: Any) -> str | None:
    if value is None or value == "":
        return None
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        raise Misfit(f"{placed.action_id}: takes text, not {type(value).__name__}")
    text = str(value)
    element = placed.element
    if placed.type == "number_input":
        _judge_number(placed, text)
    elif placed.type == "email_text_input" and not _EMAIL.fullmatch(text):
        raise Misfit(f"{placed.action_id}: {text!r} is no e-mail address")
    elif placed.type == "url_text_input" and not _URL.fullmatch(text):
        raise Misfit(f"{placed.action_id}: {text!r} is no URL")
    elif len(text) > element.get("max_length", 3000):
        raise Misfit(f"{placed.action_id}: at most {element.get('max_length', 3000)} characters, not {len(text)}")
    elif len(text) < element.get("min_length", 0):
        raise Misfit(f"{placed.action_id}: at least {element['min_length']} characters, not {len(text)}")
    return text


def _judge_number(placed: Placed, text: str) -> None:
    element = placed.element
    shape = _DECIMAL if element.get("is_decimal_allowed") else _WHOLE
    if not shape.fullmatch(text):
        raise Misfit(f"{placed.action_id}: {text!r} is no {'number' if shape is _DECIMAL else 'whole number'}")
    if "min_value" in element and float(text) < float(element["min_value"]):
        raise Misfit(f"{placed.action_id}: at least {element['min_value']}")
    if "max_value" in element and float(text) > float(element["max_value"]):
        raise Misfit(f"{placed.action_id}: at most {element['max_value']}")


def _rich_text(placed: Placed, value: Any) -> Json:
    """The rich_text block that the client makes of what was typed."""
    if isinstance(value, dict) and value.get("type") == "rich_text":
        return value
    text = {"type": "text", "text": _text(placed, value)}
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [text]}]}


def _moment(placed: Placed, key: str, value: Any) -> str | int | None:
    if value in (None, ""):
        return None
    if key == "selected_date_time":
        if not _WHOLE.fullmatch(str(value)):
            raise Misfit(f"{placed.action_id}: a date and time is seconds since the epoch, not {value!r}")
        return int(value)
    shape, example = (_DATE, "2026-11-30") if key == "selected_date" else (_TIME, "17:30")
    if not shape.fullmatch(str(value)):
        raise Misfit(f"{placed.action_id}: {value!r} is not of the form {example}")
    return str(value)
