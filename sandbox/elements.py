"""Interactive elements inside blocks, and the state that a client keeps for them.

Source of the state's shapes: docs, reference/interaction-payloads/view-interactions-payload.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from sandbox.model import Json, StateValues

_STATE_KEYS = MappingProxyType(
    {
        "plain_text_input": ("value", "initial_value"),
        "number_input": ("value", "initial_value"),
        "email_text_input": ("value", "initial_value"),
        "url_text_input": ("value", "initial_value"),
        "static_select": ("selected_option", "initial_option"),
        "external_select": ("selected_option", "initial_option"),
        "radio_buttons": ("selected_option", "initial_option"),
        "multi_static_select": ("selected_options", "initial_options"),
        "multi_external_select": ("selected_options", "initial_options"),
        "checkboxes": ("selected_options", "initial_options"),
        "users_select": ("selected_user", "initial_user"),
        "multi_users_select": ("selected_users", "initial_users"),
        "channels_select": ("selected_channel", "initial_channel"),
        "multi_channels_select": ("selected_channels", "initial_channels"),
        "conversations_select": ("selected_conversation", "initial_conversation"),
        "multi_conversations_select": ("selected_conversations", "initial_conversations"),
        "datepicker": ("selected_date", "initial_date"),
        "timepicker": ("selected_time", "initial_time"),
        "datetimepicker": ("selected_date_time", "initial_date_time"),
        "rich_text_input": ("rich_text_value", "initial_value"),
        "file_input": ("files", ""),
    }
)
"""Element type -> the key its state has, and the key of its initial value."""


@dataclass(frozen=True, slots=True)
class Placed:
    """An interactive element and the block that holds it."""

    block: Json
    element: Json

    @property
    def block_id(self) -> str:
        """The id of the block."""
        return str(self.block["block_id"])

    @property
    def action_id(self) -> str:
        """The id of the element."""
        return str(self.element["action_id"])

    @property
    def type(self) -> str:
        """The element's type."""
        return str(self.element["type"])

    @property
    def state_key(self) -> str | None:
        """Where the element's state holds its value; None for an element without state, such as a button."""
        keys = _STATE_KEYS.get(self.type)
        return None if keys is None else keys[0]

    @property
    def notifies(self) -> bool:
        """True when a change is sent to the app at once."""
        if self.type == "workflow_button":
            return False
        return self.block["type"] != "input" or bool(self.block.get("dispatch_action"))

    def initial_state(self) -> Json:
        """The state before a person touched the element."""
        key, initial = _STATE_KEYS[self.type]
        empty: list[Any] | None = [] if key in _LISTS else None
        return {"type": self.type, key: self.element.get(initial, empty)}


_LISTS = frozenset({"selected_options", "selected_users", "selected_channels", "selected_conversations", "files"})


def placed_elements(blocks: Sequence[Json]) -> Iterator[Placed]:
    """Every interactive element, in reading order."""
    for block in blocks:
        if block["type"] == "carousel":
            yield from placed_elements(block["elements"])
        if block["type"] == "container":
            yield from placed_elements(block["child_blocks"])
        for element in _elements(block):
            if "action_id" in element:
                yield Placed(block, element)


def complete_state(blocks: Sequence[Json], entered: StateValues) -> dict[str, dict[str, Json]]:
    """The state of every element that has one: as entered where that is known, else as the app preset it."""
    values: dict[str, dict[str, Json]] = {}
    for placed in placed_elements(blocks):
        if placed.state_key is None:
            continue
        known = entered.get(placed.block_id, {}).get(placed.action_id)
        if known is None or known.get("type") != placed.type:
            known = placed.initial_state()
        values.setdefault(placed.block_id, {})[placed.action_id] = known
    return values


def with_entry(values: StateValues, placed: Placed, state: Json) -> dict[str, dict[str, Json]]:
    """The values with one element's state replaced."""
    copy = {block_id: dict(actions) for block_id, actions in values.items()}
    copy.setdefault(placed.block_id, {})[placed.action_id] = state
    return copy


def _elements(block: Json) -> list[Any]:
    match block["type"]:
        case "section":
            return [block["accessory"]] if "accessory" in block else []
        case "input":
            return [block["element"]]
        case "actions" | "context_actions":
            return list(block["elements"])
        case "card":
            return list(block.get("actions") or ())
    return []
