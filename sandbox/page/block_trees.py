"""Blocks without anything to use in them. Source: docs, reference/block-kit/blocks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeAlias

from sandbox.model import Json
from sandbox.page.markdown import markdown_to_mrkdwn
from sandbox.page.mrkdwn import is_safe_url
from sandbox.page.pen import Pen
from sandbox.page.rich_text import parse_rich_text
from sandbox.page.tree import Tree, icon, part


def block_tree(block: Json, pen: Pen) -> Json:
    """The block drawn; what is not known here is named, not hidden."""
    kind = str(block.get("type"))
    children = _BLOCKS.get(kind, _unknown)(block, pen)
    known = kind if kind in _BLOCKS else "unknown"
    return part("div", f"kit kit--{known.replace('_', '-')}", *children, data_block_id=block.get("block_id"))


def section_body(block: Json, pen: Pen) -> Json:
    """The text and the fields of a section."""
    parts: list[Tree] = []
    if "text" in block:
        parts.append(part("div", "mrkdwn", *pen.text_object(block["text"])))
    fields = [part("div", "mrkdwn", *pen.text_object(field)) for field in block.get("fields") or ()]
    if fields:
        parts.append(part("div", "section__fields", *fields))
    return part("div", "section__body", *parts)


def picture(image: Json, css: str) -> Json:
    """An image from the web, or its words when its address is none."""
    source, alternative = str(image.get("image_url") or ""), str(image.get("alt_text") or "")
    if source.lower().startswith(("https://", "http://")) and is_safe_url(source):
        return part(
            "img", css, src=source, alt=alternative, title=alternative, loading="lazy", referrerpolicy="no-referrer"
        )
    return part("span", f"{css} picture-missing", alternative)


def _section(block: Json, pen: Pen) -> list[Tree]:
    return [section_body(block, pen)]


def _header(block: Json, pen: Pen) -> list[Tree]:
    return [part("h4", "header-block", *pen.plain(block["text"]))]


def _divider(_block: Json, _pen: Pen) -> list[Tree]:
    return [part("hr", "divider")]


def _context(block: Json, pen: Pen) -> list[Tree]:
    return [
        picture(element, "context__image")
        if element["type"] == "image"
        else part("span", "context__text mrkdwn", *pen.text_object(element))
        for element in block["elements"]
    ]


def _image(block: Json, pen: Pen) -> list[Tree]:
    shown = picture(block, "figure__image")
    if "title" not in block:
        return [part("figure", "figure", shown)]
    return [part("figure", "figure", part("figcaption", "figure__title", *pen.plain(block["title"])), shown)]


def _rich_text(block: Json, pen: Pen) -> list[Tree]:
    return [part("div", "mrkdwn", *pen.blocks(parse_rich_text(block)))]


def _markdown(block: Json, pen: Pen) -> list[Tree]:
    return [part("div", "mrkdwn", *pen.mrkdwn(markdown_to_mrkdwn(str(block.get("text", "")))))]


def _table(block: Json, pen: Pen) -> list[Tree]:
    rows = [
        part("tr", "", *(_cell(cell, "td" if number else "th", pen) for cell in row))
        for number, row in enumerate(block.get("rows") or ())
    ]
    return [part("div", "table-scroll", part("table", "table", part("tbody", "", *rows)))]


def _cell(cell: Json, tag: str, pen: Pen) -> Json:
    if cell.get("type") == "rich_text":
        return part(tag, "mrkdwn", *pen.blocks(parse_rich_text(cell)))
    return part(tag, "", str(cell.get("text", "")))


def _unknown(block: Json, _pen: Pen) -> list[Tree]:
    words = f"A block of type “{block.get('type')}”, which this page does not draw."
    return [part("span", "unknown", icon("help_outline"), words)]


_Draw: TypeAlias = Callable[[Json, Pen], list[Tree]]
_BLOCKS: Mapping[str, _Draw] = MappingProxyType(
    {
        "section": _section,
        "header": _header,
        "divider": _divider,
        "context": _context,
        "image": _image,
        "rich_text": _rich_text,
        "markdown": _markdown,
        "table": _table,
    }
)
