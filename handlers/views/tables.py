"""Tables (source: docs.slack.dev/reference/block-kit/blocks/table-block). They stand in messages only, one in each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from handlers.text import literal, utc
from handlers.views.blocks import Block

_CELL_LIMIT = 120


def table(
    header: Sequence[str], rows: Sequence[Sequence[Block]], right: Sequence[str] = (), wrapped: Sequence[str] = ()
) -> Block:
    """`right` names the columns that are aligned there, such as sizes; `wrapped` those that hold sentences."""
    settings = [{"align": "right" if name in right else "left", "is_wrapped": name in wrapped} for name in header]
    return {"type": "table", "column_settings": settings, "rows": [[cell(name) for name in header], *map(list, rows)]}


def cell(text: str) -> Block:
    """Text from outside too: a cell formats nothing."""
    return {"type": "raw_text", "text": literal(text.replace("\n", " "), _CELL_LIMIT) or "–"}


def date_cell(at: datetime) -> Block:
    """In each reader's own zone."""
    format_ = "{date_short_pretty} at {time}"
    shown = {"type": "date", "timestamp": int(at.timestamp()), "format": format_, "fallback": utc(at)}
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [shown]}]}
