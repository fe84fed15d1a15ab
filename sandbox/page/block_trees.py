"""Blocks without anything to use in them. Source: docs, reference/block-kit/blocks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeAlias

from sandbox.model import Json
from sandbox.page.card_trees import alert, card, plan, task_card, video
from sandbox.page.chart_trees import chart
from sandbox.page.markdown import markdown_to_mrkdwn
from sandbox.page.pen import Pen
from sandbox.page.picture import picture
from sandbox.page.rich_text import parse_rich_text
from sandbox.page.table_trees import table
from sandbox.page.tree import Tree, icon, part


def block_tree(block: Json, pen: Pen) -> Json:
    """The block drawn; what is not known here is named, not hidden."""
    kind = str(block.get("type"))
    children = BLOCK_TREES.get(kind, _unknown)(block, pen)
    known = kind if kind in BLOCK_TREES else "unknown"
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


def container_head(block: Json, pen: Pen) -> Json:
    """The icon, the title and the subtitle of a container."""
    rich = block.get("rich_text_title")
    title = pen.blocks(parse_rich_text(rich)) if rich else pen.plain(block["title"])
    words = [part("div", "box__title mrkdwn", *title)]
    if "subtitle" in block:
        words.append(part("div", "box__subtitle mrkdwn", *pen.text_object(block["subtitle"])))
    mark = [picture(block["icon"], "box__icon", pen)] if "icon" in block else []
    return part("div", "box__head", *mark, part("div", "box__titles", *words))


def _section(block: Json, pen: Pen) -> list[Tree]:
    return [section_body(block, pen)]


def _header(block: Json, pen: Pen) -> list[Tree]:
    level = block.get("level") or 2
    return [part("h4", f"header-block header-block--{level}", *pen.plain(block["text"]))]


def _divider(_block: Json, _pen: Pen) -> list[Tree]:
    return [part("hr", "divider")]


def _context(block: Json, pen: Pen) -> list[Tree]:
    return [
        picture(element, "context__image", pen)
        if element["type"] == "image"
        else part("span", "context__text mrkdwn", *pen.text_object(element))
        for element in block["elements"]
    ]


def _image(block: Json, pen: Pen) -> list[Tree]:
    shown = picture(block, "figure__image", pen)
    if "title" not in block:
        return [part("figure", "figure", shown)]
    return [part("figure", "figure", part("figcaption", "figure__title", *pen.plain(block["title"])), shown)]


def _rich_text(block: Json, pen: Pen) -> list[Tree]:
    return [part("div", "mrkdwn", *pen.blocks(parse_rich_text(block)))]


def _markdown(block: Json, pen: Pen) -> list[Tree]:
    return [part("div", "mrkdwn", *pen.mrkdwn(markdown_to_mrkdwn(str(block.get("text", "")))))]


def _unknown(block: Json, _pen: Pen) -> list[Tree]:
    words = f"A block of type “{block.get('type')}”, which this page does not draw."
    return [part("span", "unknown", icon("help_outline"), words)]


_Draw: TypeAlias = Callable[[Json, Pen], list[Tree]]
BLOCK_TREES: Mapping[str, _Draw] = MappingProxyType(
    {
        "section": _section,
        "header": _header,
        "divider": _divider,
        "context": _context,
        "image": _image,
        "rich_text": _rich_text,
        "markdown": _markdown,
        "table": table,
        "alert": alert,
        "card": card,
        "plan": plan,
        "task_card": task_card,
        "video": video,
        "data_visualization": chart,
    }
)
"""How each type of block is drawn that has nothing to use in it."""
