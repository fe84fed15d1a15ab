"""Block Kit, typed: each function cuts its texts to Slack's limits (source: docs.slack.dev/reference/block-kit)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeAlias

from handlers.text import cut, cut_markup

Block: TypeAlias = dict[str, Any]
Style: TypeAlias = Literal["primary", "danger"]

SECTION_LIMIT = 3000
FIELD_LIMIT = 2000
OPTION_LIMIT = 75
MAX_OPTIONS = 100
MESSAGE_TEXT_LIMIT = 4000
MAX_BLOCKS = 50
MESSAGE_ROOM = 12_500
"""characters in all blocks together, of about 13,200 (source: slackapi/bolt-js#2509)"""


@dataclass(frozen=True)
class Message:
    """What is posted: `text` for notifications and readers of text, `blocks` for the eye."""

    text: str
    blocks: list[Block]

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", cut_markup(self.text, MESSAGE_TEXT_LIMIT))


def mrkdwn(text: str, limit: int = SECTION_LIMIT) -> Block:
    return {"type": "mrkdwn", "text": cut_markup(text, limit), "verbatim": True}


def plain(text: str, limit: int = SECTION_LIMIT) -> Block:
    return {"type": "plain_text", "text": cut(text, limit) or " ", "emoji": False}


def section(text: str, accessory: Block | None = None, block_id: str | None = None) -> Block:
    block: Block = {"type": "section", "text": mrkdwn(text)}
    return _with(block, accessory=accessory, block_id=block_id)


def literal_section(text: str) -> Block:
    """A section that formats nothing, for text from outside."""
    return {"type": "section", "text": plain(text)}


def sections(lines: Iterable[str], separator: str = "\n") -> list[Block]:
    """As few sections as hold all lines."""
    texts: list[str] = []
    for line in lines:
        if texts and len(texts[-1]) + len(separator) + len(line) <= SECTION_LIMIT:
            texts[-1] += separator + line
        else:
            texts.append(line)
    return [section(text) for text in texts]


def fitted(blocks: Sequence[Block], otherwise: str) -> list[Block]:
    """As many of the first blocks as a message holds; `otherwise` says how to see the others."""
    kept: list[Block] = []
    room = MESSAGE_ROOM
    for block in blocks:
        room -= _characters(block)
        if room < 0 or len(kept) == MAX_BLOCKS - 1:
            return [*kept, context(otherwise)]
        kept.append(block)
    return kept


def fields(pairs: Sequence[tuple[str, str]]) -> Block:
    """Up to ten named values, two in a row."""
    return {"type": "section", "fields": [mrkdwn(f"*{name}*\n{value}", FIELD_LIMIT) for name, value in pairs[:10]]}


def context(*texts: str) -> Block:
    return {"type": "context", "elements": [mrkdwn(text) for text in texts[:10]]}


def literal_context(text: str) -> Block:
    return {"type": "context", "elements": [plain(text)]}


def header(text: str) -> Block:
    return {"type": "header", "text": plain(text, 150)}


def divider() -> Block:
    return {"type": "divider"}


def actions(block_id: str, *elements: Block) -> Block:
    return {"type": "actions", "block_id": block_id, "elements": list(elements)}


def button(text: str, action_id: str, value: str, style: Style | None = None, confirm: Block | None = None) -> Block:
    block: Block = {"type": "button", "text": plain(text, 75), "action_id": action_id, "value": value}
    return _with(block, style=style, confirm=confirm)


def confirm(title: str, text: str, yes: str, no: str, style: Style | None = None) -> Block:
    block: Block = {
        "title": plain(title, 100),
        "text": plain(text, 300),
        "confirm": plain(yes, 30),
        "deny": plain(no, 30),
    }
    return _with(block, style=style)


def option(text: str, value: str, description: str = "") -> Block:
    block: Block = {"text": plain(text, OPTION_LIMIT), "value": value}
    return _with(block, description=plain(description, OPTION_LIMIT) if description else None)


def static_select(action_id: str, placeholder: str, options: Sequence[Block], initial: str | None = None) -> Block:
    """`initial` is the value of one of the options."""
    offered = list(options[:MAX_OPTIONS])
    chosen = next((item for item in offered if item["value"] == initial), None)
    block: Block = {
        "type": "static_select",
        "action_id": action_id,
        "placeholder": plain(placeholder, 150),
        "options": offered,
    }
    return _with(block, initial_option=chosen)


def external_select(action_id: str, placeholder: str, initial: Block | None = None) -> Block:
    """Its options are asked for as somebody types, and once when it is opened."""
    block: Block = {
        "type": "external_select",
        "action_id": action_id,
        "placeholder": plain(placeholder, 150),
        "min_query_length": 0,
    }
    return _with(block, initial_option=initial)


def text_input(
    action_id: str, placeholder: str = "", *, multiline: bool = False, initial: str = "", max_length: int = 3000
) -> Block:
    block: Block = {
        "type": "plain_text_input",
        "action_id": action_id,
        "multiline": multiline,
        "max_length": max_length,
    }
    return _with(
        block,
        placeholder=plain(placeholder, 150) if placeholder else None,
        initial_value=cut(initial, max_length) or None,
    )


def datetime_picker(action_id: str, initial: datetime) -> Block:
    return {"type": "datetimepicker", "action_id": action_id, "initial_date_time": int(initial.timestamp())}


def input_block(label: str, element: Block, block_id: str, *, hint: str = "", optional: bool = False) -> Block:
    block: Block = {
        "type": "input",
        "block_id": block_id,
        "label": plain(label, 2000),
        "element": element,
        "optional": optional,
    }
    return _with(block, hint=plain(hint, 2000) if hint else None)


def modal(
    title: str, blocks: list[Block], *, callback_id: str = "", submit: str | None = None, private_metadata: str = ""
) -> Block:
    view: Block = {"type": "modal", "title": plain(title, 24), "close": plain("Close", 24), "blocks": blocks}
    return _with(
        view,
        callback_id=callback_id or None,
        submit=plain(submit, 24) if submit else None,
        private_metadata=private_metadata or None,
    )


def _characters(value: Any) -> int:
    if isinstance(value, list):
        return sum(map(_characters, value))
    if isinstance(value, dict):
        return sum(
            len(part) if key == "text" and isinstance(part, str) else _characters(part) for key, part in value.items()
        )
    return 0


def _with(block: Block, **optional: Any) -> Block:
    return block | {key: value for key, value in optional.items() if value is not None}
