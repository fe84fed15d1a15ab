"""Tables and charts. Source: docs, reference/block-kit/blocks/{table,data-table,data-visualization}-block."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sandbox.blockkit.objects import plain_strings
from sandbox.blockkit.rich_text import RICH_TEXT
from sandbox.blockkit.rules import (
    Place,
    Rule,
    anything,
    array,
    block,
    boolean,
    integer,
    null_or,
    number,
    one_of,
    shape,
    string,
    typed,
)
from sandbox.blockkit.violation import Violation

_TABLE_DOCS = "docs: reference/block-kit/blocks/table-block"
_DATA_TABLE_DOCS = "docs: reference/block-kit/blocks/data-table-block"
_CHART_DOCS = "docs: reference/block-kit/blocks/data-visualization-block"

_RAW_TEXT = shape("raw_text", _TABLE_DOCS, {"type": anything, "text": string()}, "text")
_RAW_NUMBER = shape("raw_number", _TABLE_DOCS, {"type": anything, "value": number(), "text": string()}, "value text")
_CELLS: Mapping[str, Rule] = {"raw_text": _RAW_TEXT, "raw_number": _RAW_NUMBER, "rich_text": RICH_TEXT}
_COLUMN = shape(
    "table.column",
    _TABLE_DOCS,
    {"align": one_of("left", "center", "right"), "is_wrapped": boolean},
)

TABLE = block(
    "table",
    {
        "rows": array(array(typed("table.cell", _CELLS), max_items=20), max_items=100),
        "column_settings": array(null_or(_COLUMN), max_items=20),
    },
    "rows",
)


def _rows_alike(value: Any, place: Place) -> Iterator[Violation]:
    rows = _lists(value.get("rows"))
    if len({len(row) for row in rows}) > 1:
        yield place.field("rows").broken("alike", "all rows must have the same number of cells")
    header = rows[0] if rows else []
    if any(isinstance(cell, dict) and cell.get("type") == "rich_text" for cell in header):
        yield place.field("rows").item(0).broken("header", "rich_text cannot be used in the header row")
    column = value.get("row_header_column_index")
    if isinstance(column, int) and header and column >= len(header):
        yield place.field("row_header_column_index").broken("maximum", f"must be less than {len(header)}")


DATA_TABLE = block(
    "data_table",
    {
        "caption": string(),
        "rows": array(array(typed("data_table.cell", _CELLS), max_items=20), min_items=2, max_items=101),
        "page_size": integer(1, 100),
        "row_header_column_index": integer(0),
    },
    "caption rows",
    (_rows_alike,),
)

_SEGMENT = shape("segment", _CHART_DOCS, {"label": string(20), "value": number(above=0)}, "label value")
_POINT = shape("data_point", _CHART_DOCS, {"label": string(20), "value": number()}, "label value")
_SERIES = shape("series", _CHART_DOCS, {"name": string(20), "data": array(_POINT, max_items=20)}, "name data")
_AXES = shape(
    "axis_config",
    _CHART_DOCS,
    {"categories": array(string(20), max_items=20), "x_label": string(50), "y_label": string(50)},
    "categories",
)


def _series_fit(value: Any, place: Place) -> Iterator[Violation]:
    series = [entry for entry in _items(value, "series") if isinstance(entry, dict)]
    names = plain_strings(entry.get("name") for entry in series)
    if len(set(names)) < len(names):
        yield place.field("series").broken("unique", "each series needs a name of its own")
    axes = value.get("axis_config")
    categories = plain_strings(_items(axes, "categories"))
    for index, entry in enumerate(series):
        labels = plain_strings(point.get("label") for point in _items(entry, "data") if isinstance(point, dict))
        if sorted(labels) != sorted(categories):
            data = place.field("series").item(index).field("data")
            yield data.broken("categories", "must have exactly one point for each of axis_config.categories")


def _chart(name: str) -> Rule:
    fields: dict[str, Rule] = {"type": anything, "series": array(_SERIES, max_items=6), "axis_config": _AXES}
    return shape(f"{name}_chart", _CHART_DOCS, fields, "series axis_config", (_series_fit,))


_PIE = shape("pie_chart", _CHART_DOCS, {"type": anything, "segments": array(_SEGMENT, max_items=6)}, "segments")

DATA_VISUALIZATION = block(
    "data_visualization",
    {
        "title": string(50),
        "chart": typed("chart", {"pie": _PIE, **{name: _chart(name) for name in ("bar", "area", "line")}}),
    },
    "title chart",
)


def cell_characters(table: Any) -> int:
    """The characters in all cells of a table."""
    return sum(len(entry) for row in _lists(table.get("rows")) for cell in row for entry in _cell_texts(cell))


def _cell_texts(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for entry in value:
            yield from _cell_texts(entry)
    elif isinstance(value, dict):
        if isinstance(value.get("text"), str):
            yield value["text"]
        yield from _cell_texts(value.get("elements"))


def _lists(value: Any) -> list[list[Any]]:
    return [entry for entry in value if isinstance(entry, list)] if isinstance(value, list) else []


def _items(value: Any, key: str) -> list[Any]:
    items = value.get(key) if isinstance(value, dict) else None
    return items if isinstance(items, list) else []
