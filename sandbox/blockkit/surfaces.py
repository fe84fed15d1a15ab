"""Rules of whole messages and views. Source: docs, reference/block-kit, reference/views, methods/chat.postMessage."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any, Literal, TypeAlias

from sandbox.blockkit.blocks import BLOCKS, surfaces_of
from sandbox.blockkit.data import cell_characters
from sandbox.blockkit.objects import SUGGESTIONS, plain_text
from sandbox.blockkit.rules import Place, anything, array, boolean, shape, string, typed
from sandbox.blockkit.violation import Violation

Surface: TypeAlias = Literal["message", "modal", "home"]

MAX_BLOCKS: Mapping[str, int] = {"message": 50, "modal": 100, "home": 100}
MAX_MESSAGE_CHARACTERS = 13_200
MAX_MARKDOWN_CHARACTERS = 12_000
MAX_CELL_CHARACTERS = 10_000
MAX_CHARTS = 2
MAX_ATTACHMENTS = 100
MAX_VIEW_BYTES = 250_000
_DOCS = "docs: reference/block-kit"
_COUNT_SOURCE = "slackapi/bolt-js#2509"


def check_blocks(blocks: Any, surface: Surface) -> list[Violation]:
    """Every broken rule in a list of blocks on its surface; pointers begin with `/blocks`."""
    place = Place("/blocks", f"{surface}.blocks", _DOCS)
    return list(_blocks(blocks, place, surface))


def check_message(message: Mapping[str, Any]) -> list[Violation]:
    """Every broken rule in the `blocks` and `attachments` of a message (the text's length is the method's matter)."""
    blocks, attachments = message.get("blocks") or [], message.get("attachments") or []
    found = check_blocks(blocks, "message")
    place = Place("/attachments", "message.attachments", "docs: reference/messaging/payload")
    found.extend(array(_attachment, min_items=0, max_items=MAX_ATTACHMENTS)(attachments, place))
    count = sum(map(len, _texts(blocks))) + sum(map(len, _texts(attachments)))
    if count > MAX_MESSAGE_CHARACTERS:
        message_text = f"all blocks together have {count} characters, more than {MAX_MESSAGE_CHARACTERS}"
        found.append(Violation("/blocks", "message.characters", message_text, _COUNT_SOURCE))
    return found


def check_view(view: Any) -> list[Violation]:
    """Every broken rule in a modal or App Home; pointers begin at the view."""
    place = Place("", "view", "docs: reference/views")
    found = list(typed("view", {"modal": _MODAL, "home": _HOME})(view, place))
    if not isinstance(view, dict) or view.get("type") not in ["modal", "home"]:
        return found
    surface: Surface = "home" if view["type"] == "home" else "modal"
    if "blocks" in view:
        found.extend(check_blocks(view["blocks"], surface))
    found.extend(_across_view(view, place))
    return found


def check_options(answer: Any) -> list[Violation]:
    """Every broken rule in what an external select is answered with; pointers begin at the answer."""
    return list(SUGGESTIONS(answer, Place("", "suggestions", _DOCS)))


def scope_violations(blocks: Any, scopes: Collection[str] | None) -> list[Violation]:
    """The blocks and elements in valid blocks for which the app lacks a scope; None when it may do all."""
    if scopes is None:
        return []
    found = []
    for block, place in _placed(blocks, Place("/blocks", "blocks", _DOCS)):
        for part in (block, *_interactive(block)):
            needed, source = _SCOPES.get(str(part.get("type")), (None, ""))
            if needed is not None and needed not in scopes:
                message = f"{part['type']} needs the scope {needed}"
                found.append(Violation(place.pointer, f"{part['type']}.scope", message, source))
    return found


_SCOPES: Mapping[str, tuple[str, str]] = {
    "video": ("links.embed:write", "docs: reference/block-kit/blocks/video-block"),
    "file_input": ("files:read", "docs: reference/block-kit/block-elements/file-input-element"),
}

_VIEW_FIELDS = {
    "type": anything,
    "blocks": anything,
    "private_metadata": string(3000, min_length=0),
    "callback_id": string(255, min_length=0),
    "external_id": string(255, min_length=0),
}
_HOME = shape("home", "docs: reference/views/home-tab-views", _VIEW_FIELDS, "blocks")
_MODAL = shape(
    "modal",
    "docs: reference/views/modal-views",
    {
        **_VIEW_FIELDS,
        "title": plain_text(24),
        "submit": plain_text(24),
        "close": plain_text(24),
        "clear_on_close": boolean,
        "notify_on_close": boolean,
        "submit_disabled": boolean,
    },
    "title blocks",
)


def _blocks(blocks: Any, place: Place, surface: Surface) -> Iterator[Violation]:
    yield from array(typed("block", BLOCKS), min_items=0, max_items=MAX_BLOCKS[surface])(blocks, place)
    placed = list(_placed(blocks, place))
    yield from _unique_block_ids(placed)
    for block, where in placed:
        yield from _unique_action_ids(block, where)
        yield from _surface_violations(block, where, surface)
    yield from _counts([block for block, _ in placed], place)


def _placed(blocks: Any, place: Place) -> Iterator[tuple[Any, Place]]:
    """Every block and its place, those inside of others too."""
    for index, block in enumerate(blocks if isinstance(blocks, list) else ()):
        if not isinstance(block, dict):
            continue
        yield block, place.item(index)
        held, inner = _inner(block)
        if inner:
            yield from _placed(inner, replace(place, pointer=f"{place.pointer}/{index}/{held}"))


def _unique_block_ids(placed: list[tuple[Any, Place]]) -> Iterator[Violation]:
    counts = Counter(block["block_id"] for block, _ in placed if isinstance(block.get("block_id"), str))
    for block, place in placed:
        block_id = block.get("block_id")
        if isinstance(block_id, str) and counts[block_id] > 1:
            yield place.field("block_id").broken("unique", f"block_id {block_id!r} is used twice")


def _unique_action_ids(block: Any, place: Place) -> Iterator[Violation]:
    held = "actions" if block.get("type") == "card" else "elements"
    ids = [element["action_id"] for element in _interactive(block) if isinstance(element.get("action_id"), str)]
    for action_id, count in Counter(ids).items():
        if count > 1:
            yield place.field(held).broken(
                "action_id.unique", f"`action_id` {action_id!r} already exists in this block"
            )


def _surface_violations(block: Any, place: Place, surface: Surface) -> Iterator[Violation]:
    if surface not in surfaces_of(str(block.get("type"))):
        yield place.field("type").broken("surface", f"a {block['type']} block cannot stand in a {surface}")
    for element in _interactive(block):
        if element.get("type") == "file_input" and surface != "modal":
            yield place.field("element").broken("surface", "file_input is for modals only")
        if "response_url_enabled" in element and (surface != "modal" or block.get("type") != "input"):
            yield place.field("element").broken("response_url_enabled", "is only for input blocks in modals")


def _counts(blocks: list[Any], place: Place) -> Iterator[Violation]:
    tables = [block for block in blocks if block.get("type") == "table"]
    if len(tables) > 1:
        yield place.broken("one_table", "only one table is allowed")
    if sum(block.get("type") == "data_visualization" for block in blocks) > MAX_CHARTS:
        yield place.broken("charts", f"no more than {MAX_CHARTS} data visualizations are allowed")
    cells = sum(map(cell_characters, [*tables, *(block for block in blocks if block.get("type") == "data_table")]))
    if cells > MAX_CELL_CHARACTERS:
        yield place.broken("cell_characters", f"no more than {MAX_CELL_CHARACTERS} characters in all table cells")
    texts = [block.get("text") for block in blocks if block.get("type") == "markdown"]
    if sum(len(text) for text in texts if isinstance(text, str)) > MAX_MARKDOWN_CHARACTERS:
        yield place.broken("markdown_characters", f"no more than {MAX_MARKDOWN_CHARACTERS} in all markdown blocks")
    focused = [element for block in blocks for element in _interactive(block) if element.get("focus_on_load")]
    if len(focused) > 1:
        yield place.broken("one_focus", "only one element can have focus_on_load")


def _across_view(view: dict[str, Any], place: Place) -> Iterator[Violation]:
    blocks = view.get("blocks")
    has_input = any(block.get("type") == "input" for block in _objects(blocks))
    if view["type"] == "modal" and has_input and "submit" not in view:
        yield place.field("submit").broken("required", "a modal with an input block needs a submit button")
    if len(json.dumps(view)) > MAX_VIEW_BYTES:
        yield place.broken("size", f"a view has at most {MAX_VIEW_BYTES} bytes")


def _attachment(value: Any, place: Place) -> Iterator[Violation]:
    if not isinstance(value, dict):
        yield place.broken("type", "must be an object")
    elif "blocks" in value:
        yield from _blocks(value["blocks"], place.field("blocks"), "message")


def _interactive(block: Any) -> list[dict[str, Any]]:
    candidates = [block.get("accessory"), block.get("element")]
    held = {"actions": "elements", "context_actions": "elements", "card": "actions"}.get(str(block.get("type")))
    return _objects(candidates) + (_objects(block.get(held)) if held else [])


def _inner(block: Any) -> tuple[str, list[Any]]:
    """The field of a block that holds blocks, and those."""
    held = {"container": "child_blocks", "carousel": "elements"}.get(str(block.get("type")), "")
    inner = block.get(held)
    return held, inner if isinstance(inner, list) else []


def _objects(values: Any) -> list[dict[str, Any]]:
    return [value for value in values if isinstance(value, dict)] if isinstance(values, list) else []


def _texts(value: Any) -> Iterator[str]:
    """Every text that a reader sees, wherever it is nested."""
    if isinstance(value, list):
        for entry in value:
            yield from _texts(entry)
    elif isinstance(value, dict):
        for key, entry in value.items():
            if key in ("text", "alt_text") and isinstance(entry, str):
                yield entry
            else:
                yield from _texts(entry)
