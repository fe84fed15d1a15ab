"""Block Kit objects for tests of the page."""

from __future__ import annotations

from typing import Any

from sandbox.model import Json


def plain(text: str) -> Json:
    """A plain_text object, with what the workspace fills in."""
    return {"type": "plain_text", "text": text, "emoji": True}


def option(text: str, value: str, description: str | None = None) -> Json:
    """An option object."""
    entry: Json = {"text": plain(text), "value": value}
    return entry if description is None else {**entry, "description": plain(description)}


def text_input(block_id: str, label: str, **more: Any) -> Json:
    """An input block with a plain_text_input; `block_*` arguments go to the block."""
    block = {key.removeprefix("block_"): more.pop(key) for key in list(more) if key.startswith("block_")}
    element = {"type": "plain_text_input", "action_id": block_id, **more}
    return {"type": "input", "block_id": block_id, "label": plain(label), "element": element, **block}


def rich_text(text: str) -> Json:
    """A rich_text block of one plain section."""
    section = {"type": "rich_text_section", "elements": [{"type": "text", "text": text}]}
    return {"type": "rich_text", "elements": [section]}


def modal(*blocks: Json, title: str = "Restore", **more: Any) -> Json:
    """A modal view."""
    return {
        "type": "modal",
        "callback_id": "restore",
        "title": plain(title),
        "submit": plain("Ask"),
        "blocks": list(blocks),
        **more,
    }
