"""Rich text blocks as the same tokens that mrkdwn gives. Source: docs, reference/block-kit/blocks/rich-text-block."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from sandbox.model import Json
from sandbox.page.emoji import EMOJI
from sandbox.page.mrkdwn import is_safe_url
from sandbox.page.tokens import (
    Block,
    Bullet,
    Code,
    Date,
    Emoji,
    Inline,
    Link,
    Mention,
    Paragraph,
    Preformatted,
    Quote,
    Styled,
    Text,
)

_NESTING = " " * 4


def parse_rich_text(block: Json) -> tuple[Block, ...]:
    """The blocks of a rich_text block."""
    return tuple(part for element in block.get("elements") or () for part in _element(element))


def _element(element: Json) -> Iterator[Block]:
    match element.get("type"):
        case "rich_text_section":
            yield Paragraph(_inlines(element))
        case "rich_text_quote":
            yield Quote(_inlines(element))
        case "rich_text_preformatted":
            yield Preformatted("".join(_plain(part) for part in element.get("elements") or ()))
        case "rich_text_list":
            yield from _list(element)


def _list(element: Json) -> Iterator[Block]:
    start = int(element.get("offset") or 0) + 1
    indent = _NESTING * int(element.get("indent") or 0)
    for number, item in enumerate(element.get("elements") or (), start):
        if element.get("style") == "ordered":
            yield Paragraph((Text(f"{indent}{number}. "), *_inlines(item)))
        elif indent:
            yield Paragraph((Text(f"{indent}◦ "), *_inlines(item)))
        else:
            yield Bullet(_inlines(item))


def _inlines(element: Json) -> tuple[Inline, ...]:
    return tuple(_inline(part) for part in element.get("elements") or ())


def _inline(part: Json) -> Inline:
    style = part.get("style") or {}
    match part.get("type"):
        case "emoji":
            name = str(part.get("name", ""))
            return Emoji(name, EMOJI[name]) if name in EMOJI else Text(f":{name}:")
        case "user":
            return Mention("user", str(part.get("user_id", "")))
        case "channel":
            return Mention("channel", str(part.get("channel_id", "")))
        case "usergroup":
            return Mention("group", str(part.get("usergroup_id", "")))
        case "broadcast":
            return Mention("broadcast", str(part.get("range", "")))
        case "team":
            return Text(str(part.get("team_id", "")))
        case "date":
            return _date(part)
        case "link" if is_safe_url(str(part.get("url", ""))):
            return _styled(Link(str(part["url"]), str(part.get("text") or part["url"])), style)
    text = _plain(part)
    return Code(text) if style.get("code") else _styled(Text(text), style)


def _date(part: Json) -> Inline:
    link = str(part.get("url") or "")
    fallback = str(part.get("fallback") or "")
    safe_link = link if is_safe_url(link) else ""
    return Date(int(part.get("timestamp") or 0), str(part.get("format", "")), fallback, safe_link)


def _styled(token: Inline, style: dict[str, Any]) -> Inline:
    for name in _enabled(style):
        token = Styled(name, (token,))
    return token


def _enabled(style: dict[str, Any]) -> Iterable[Any]:
    return (name for name in ("strike", "italic", "bold") if style.get(name))


def _plain(part: Json) -> str:
    return str(part.get("text") or part.get("url") or part.get("value") or "")
