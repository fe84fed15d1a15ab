"""What Slack fills in when an app leaves it out: ids, and the defaults of text objects."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sandbox.model import Json

_DEFAULTS = (("plain_text", "emoji", True), ("mrkdwn", "verbatim", False))

NewId = Callable[[], str]


def filled_blocks(blocks: Sequence[Json], new_id: NewId) -> list[Json]:
    """Copies of the blocks, each with a block id, its interactive elements with action ids, its texts complete."""
    return [_with_ids(block, new_id) for block in with_text_defaults(list(blocks))]


def filled_attachments(attachments: Sequence[Json], new_id: NewId) -> list[Json]:
    """Copies of the attachments, numbered from 1, their blocks with ids."""
    return [
        {"id": number, **attachment}
        | ({"blocks": filled_blocks(attachment["blocks"], new_id)} if "blocks" in attachment else {})
        for number, attachment in enumerate(attachments, 1)
    ]


def with_text_defaults(value: Any) -> Any:
    """A copy in which every text object says `emoji` or `verbatim`."""
    if isinstance(value, list):
        return [with_text_defaults(entry) for entry in value]
    if not isinstance(value, dict):
        return value
    copy = {key: with_text_defaults(entry) for key, entry in value.items()}
    for kind, key, default in _DEFAULTS:
        if copy.get("type") == kind:
            copy.setdefault(key, default)
    return copy


def _with_ids(block: Json, new_id: NewId) -> Json:
    block = {**block, "block_id": block.get("block_id") or new_id()}
    match block["type"]:
        case "section" if "accessory" in block:
            return {**block, "accessory": _with_action_id(block["accessory"], new_id)}
        case "input":
            return {**block, "element": _with_action_id(block["element"], new_id)}
        case "actions" | "context_actions":
            return {**block, "elements": [_with_action_id(element, new_id) for element in block["elements"]]}
        case "card" if "actions" in block:
            return {**block, "actions": [_with_action_id(element, new_id) for element in block["actions"]]}
        case "carousel":
            return {**block, "elements": [_with_ids(card, new_id) for card in block["elements"]]}
        case "container":
            return {**block, "child_blocks": [_with_ids(child, new_id) for child in block["child_blocks"]]}
    return block


def _with_action_id(element: Json, new_id: NewId) -> Json:
    if element["type"] == "image":
        return element
    return {**element, "action_id": element.get("action_id") or new_id()}
