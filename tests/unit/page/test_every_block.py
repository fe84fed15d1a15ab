"""Whatever the Block Kit checker takes, the page draws, and every word of it can be read."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.blockkit import check_blocks
from sandbox.blockkit.blocks import BLOCKS
from sandbox.blockkit.elements import ELEMENTS
from sandbox.blockkit.objects import ICONS
from sandbox.model import Json
from sandbox.page.block_trees import BLOCK_TREES, block_tree
from sandbox.page.blocks import INTERACTIVE_BLOCKS
from sandbox.page.chart_trees import amount, ticks
from sandbox.page.controls import CONTROLS
from sandbox.page.dates import Reader
from sandbox.page.pen import Pen
from sandbox.page.picture import picture
from sandbox.page.slack_icons import MATERIAL_ICONS
from sandbox.page.table_trees import data_table, page_count
from sandbox.page.tree import Tree, text_of
from sandbox.people import OPERATOR
from sandbox.workspace import Workspace
from tests.unit.sandbox.test_blockkit_newer import DATA_TABLE, GOOD, TEXT, bar, pie, segment, series

NEVER_SENT = {"file"}
"""Blocks that the checker knows in order to refuse them."""


@pytest.fixture(scope="module")
def pen() -> Pen:
    """Writes for the operator."""
    return Pen(Workspace(), Reader(), OPERATOR)


def test_every_block_and_element_is_drawn() -> None:
    assert set(BLOCKS) - NEVER_SENT == set(BLOCK_TREES) | set(INTERACTIVE_BLOCKS)
    assert set(ELEMENTS) == set(CONTROLS)
    assert set(ICONS) == set(MATERIAL_ICONS)


@pytest.mark.parametrize("kind", sorted(NEVER_SENT))
def test_what_is_not_drawn_cannot_be_sent(kind: str) -> None:
    rules = [violation.rule for violation in check_blocks([{"type": kind}], "message")]
    assert f"{kind}.type.inbound" in rules


def words(value: Any) -> Iterator[str]:
    """Every text of a block that a reader sees, but not what stands for a picture."""
    if isinstance(value, list):
        for entry in value:
            yield from words(entry)
    elif isinstance(value, dict):
        for key, entry in value.items():
            if key in ("text", "title", "label", "name", "author_name") and isinstance(entry, str):
                yield entry.strip("*")
            elif key not in ("hero_image", "icon", "slack_icon", "value"):
                yield from words(entry)


@pytest.mark.parametrize("block", [block for block in GOOD if block["type"] in BLOCK_TREES and "actions" not in block])
def test_every_word_of_a_good_block_is_shown(pen: Pen, block: Json) -> None:
    shown = text_of(block_tree(block, pen))
    assert "does not draw" not in shown
    assert [word for word in words(block) if word not in shown] == []


def test_a_data_table_is_shown_by_pages(pen: Pen) -> None:
    rows = [[TEXT | {"text": "head"}], *([TEXT | {"text": f"row {number}."}] for number in range(12))]
    block = DATA_TABLE | {"rows": rows}
    assert page_count(block) == 3
    pages = [text_of(data_table(block, pen, page)) for page in range(3)]
    assert ["row 4." in shown and "head" in shown for shown in pages] == [True, False, False]
    assert "11 to 12 of 12" in pages[2]
    assert page_count(block | {"page_size": 12}) == 1
    assert "of 12" not in text_of(data_table(block | {"page_size": 12}, pen, 0))


@pytest.mark.parametrize(
    "value", [0, 1, -3.5, 1e308, -1e308, 10**400, 5e-324, math.inf, math.nan], ids=lambda value: str(value)[:6]
)
@pytest.mark.parametrize("kind", ["bar", "line", "area", "pie"])
def test_any_number_can_be_drawn(pen: Pen, kind: str, value: float) -> None:
    block = pie(segment(value=value), segment("b", 2)) if kind == "pie" else bar(series())
    if kind != "pie":
        block["chart"] |= {"type": kind}
        block["chart"]["series"][0]["data"][0]["value"] = value
    numbers = [number for text in attributes(block_tree(block, pen)) for number in re.findall(r"nan|inf", text)]
    assert numbers == []


def attributes(tree: Tree) -> Iterator[str]:
    """What the shapes of a drawing are given."""
    if not isinstance(tree, str):
        names = ("x", "y", "d", "r", "cx", "cy", "x1", "x2", "y1", "y2", "points", "width", "height", "viewBox")
        yield from (tree["attributes"][name] for name in names if name in tree.get("attributes", {}))
        for child in tree.get("children", ()):
            yield from attributes(child)


@pytest.mark.parametrize(("low", "high"), [(0, 0), (0, 1), (0, 97), (-5, 3), (0, 1e15), (-1e15, 1e15), (0, 1e-12)])
def test_ticks_enclose_what_is_drawn(low: float, high: float) -> None:
    marks = ticks(low, high)
    assert marks[0] <= low
    assert marks[-1] >= high
    assert 2 <= len(marks) <= 7
    assert marks == sorted(set(marks))


def test_amounts_are_kept_within_what_can_be_drawn() -> None:
    assert [amount(value) for value in (3, -(10**400), math.nan, 1e-300)] == [3.0, -1e15, 0.0, 0.0]


@pytest.mark.parametrize(
    ("image", "source"),
    [
        ({"image_url": "https://example.org/a.png"}, "https://example.org/a.png"),
        ({"image_url": "javascript:x"}, None),
        ({"slack_file": {"id": "F404"}}, None),
        ({"slack_file": {"url": "https://elsewhere.example/files/F404"}}, None),
    ],
)
def test_pictures_come_from_the_web_or_the_workspace(pen: Pen, image: Json, source: str | None) -> None:
    assert picture(image | {"alt_text": "words"}, "", pen)["attributes"].get("src") == source


def test_a_file_of_the_workspace_is_a_picture(pen: Pen) -> None:
    file = pen.workspace.add_file("a.png", b"x", OPERATOR.id)
    by_id = {"slack_file": {"id": file.id}, "alt_text": "words"}
    by_url = {"slack_file": {"url": f"http://localhost/files/{file.id}"}, "alt_text": "words"}
    assert [picture(image, "", pen)["attributes"]["src"] for image in (by_id, by_url)] == [f"/files/{file.id}"] * 2
