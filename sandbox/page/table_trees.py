"""Tables, whole or by pages. Source: docs, reference/block-kit/blocks/{table,data-table}-block."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sandbox.model import Json
from sandbox.page.pen import Pen
from sandbox.page.rich_text import parse_rich_text
from sandbox.page.tree import Tree, icon, part

DEFAULT_PAGE_SIZE = 5
_ALIGNED = frozenset({"left", "center", "right"})


def table(block: Json, pen: Pen) -> list[Tree]:
    """A table; its first row is its head."""
    columns = block.get("column_settings") or ()
    rows = [
        part("tr", "", *(_cell(cell, pen, _style(columns, place), head=not number) for place, cell in enumerate(row)))
        for number, row in enumerate(block.get("rows") or ())
    ]
    return [part("div", "table-scroll", part("table", "table", part("tbody", "", *rows)), tabindex="0")]


def page_count(block: Json) -> int:
    """How many pages a data table has."""
    return max(1, -(-(len(block["rows"]) - 1) // _page_size(block)))


def data_table(block: Json, pen: Pen, page: int) -> Json:
    """One page of a data table, counted from 0, and how to turn to the others."""
    head, *rows = block["rows"]
    size, heading = _page_size(block), int(block.get("row_header_column_index") or 0)
    shown = rows[page * size : (page + 1) * size]
    lines = [
        part("tr", "", *(_cell(cell, pen, _sort(cell), head=place == heading) for place, cell in enumerate(row)))
        for row in shown
    ]
    head_line = part("tr", "", *(_cell(cell, pen, _sort(cell), head=True) for cell in head))
    caption = part("caption", "data-table__caption", str(block["caption"]))
    whole = part("table", "table", caption, part("thead", "", head_line), part("tbody", "", *lines))
    turns = _turns(page, page_count(block), f"{page * size + 1} to {page * size + len(shown)} of {len(rows)}")
    return part("div", "data-table", part("div", "table-scroll", whole, tabindex="0"), *turns)


def _turns(page: int, pages: int, words: str) -> list[Tree]:
    if pages == 1:
        return []
    return [
        part(
            "div",
            "data-table__turns",
            _turn("Previous page", "chevron_left", page - 1, enabled=page > 0),
            part("span", "", words),
            _turn("Next page", "chevron_right", page + 1, enabled=page + 1 < pages),
        )
    ]


def _turn(label: str, sign: str, page: int, *, enabled: bool) -> Json:
    given = {"type": "button", "aria_label": label, "title": label, "disabled": None if enabled else ""}
    return part("button", "tool", icon(sign), act=str(page), **given)


def _page_size(block: Json) -> int:
    return int(block.get("page_size") or DEFAULT_PAGE_SIZE)


def _cell(cell: Json, pen: Pen, css: str, *, head: bool) -> Json:
    tag = "th" if head else "td"
    if cell.get("type") == "rich_text":
        return part(tag, f"{css} mrkdwn".strip(), *pen.blocks(parse_rich_text(cell)))
    return part(tag, css, str(cell.get("text", "")))


def _sort(cell: Json) -> str:
    return "cell--right" if cell.get("type") == "raw_number" else ""


def _style(columns: Sequence[Any], place: int) -> str:
    settings = columns[place] if place < len(columns) and isinstance(columns[place], dict) else {}
    css = f"cell--{settings['align']}" if settings.get("align") in _ALIGNED else ""
    return css + (" cell--wrapped" if settings.get("is_wrapped") else "")
