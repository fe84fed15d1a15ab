"""Reading what was drawn, as Slack's checker and as a person would."""

import json
import re
from typing import Any

from handlers.views.blocks import Block, Message
from sandbox.blockkit import check_message, check_view

_CODE = re.compile(r"```.*?```|`[^`]*`", re.DOTALL)


def read(message: Message) -> str:
    """All words of a message that Slack would take; fails on any broken rule."""
    broken = check_message({"text": message.text, "blocks": message.blocks})
    assert not broken, "\n".join(map(str, broken))
    assert message.text
    return message.text + "\n" + words(message.blocks)


def read_modal(view: Block) -> str:
    broken = check_view(view)
    assert not broken, "\n".join(map(str, broken))
    return words(view)


def words(value: Any) -> str:
    """Every `text` below a value, one a line."""
    if isinstance(value, list):
        return "\n".join(filter(None, map(words, value)))
    if isinstance(value, dict):
        own = [value["text"]] if isinstance(value.get("text"), str) else []
        return "\n".join([*own, *filter(None, (words(v) for v in value.values() if isinstance(v, dict | list)))])
    return ""


def buttons(blocks: list[Block]) -> dict[str, str]:
    """Action id to value."""
    found = [e for block in blocks if block["type"] == "actions" for e in block["elements"] if e["type"] == "button"]
    return {element["action_id"]: element["value"] for element in found}


def assert_harmless(blocks: list[Block]) -> None:
    """Nothing that came from outside acts: no broadcast, no foreign mention, no link."""
    for text in _mrkdwn(blocks):
        for sign in ("<!channel", "<@U0VICTIM1", "<https:", "\u202e"):
            assert sign not in text, json.dumps(text)
        assert "*bold*" not in _CODE.sub("", text)


def _mrkdwn(value: Any) -> list[str]:
    if isinstance(value, list):
        return [text for item in value for text in _mrkdwn(item)]
    if isinstance(value, dict):
        own = [value["text"]] if value.get("type") == "mrkdwn" else []
        return own + [text for item in value.values() for text in _mrkdwn(item)]
    return []
