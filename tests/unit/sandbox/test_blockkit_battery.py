"""The battery as a whole: how many payloads, one for each rule, and every kind of block and element among them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sandbox.blockkit.blocks import BLOCKS
from sandbox.blockkit.elements import ELEMENTS
from tests.unit.sandbox import (
    test_blockkit_blocks,
    test_blockkit_elements,
    test_blockkit_newer,
    test_blockkit_surfaces,
)

BAD: list[tuple[Any, ...]] = [
    *test_blockkit_blocks.BAD,
    *test_blockkit_elements.BAD,
    *test_blockkit_elements.BAD_INPUTS,
    *test_blockkit_newer.BAD,
    *test_blockkit_newer.BAD_ALERTS,
    *test_blockkit_surfaces.BAD_MESSAGES,
    *test_blockkit_surfaces.BAD_VIEWS,
]
GOOD: list[Any] = [
    *test_blockkit_blocks.GOOD,
    *test_blockkit_elements.GOOD,
    *test_blockkit_elements.GOOD_INPUTS,
    *test_blockkit_newer.GOOD,
    *test_blockkit_surfaces.GOOD_MESSAGES,
    *test_blockkit_surfaces.GOOD_VIEWS,
]


def types_in(payload: Any) -> Iterator[str]:
    """Every `type` in a payload, wherever it is nested."""
    if isinstance(payload, dict):
        yield str(payload.get("type"))
        for entry in payload.values():
            yield from types_in(entry)
    elif isinstance(payload, list):
        for entry in payload:
            yield from types_in(entry)


def test_there_are_enough_payloads_and_mostly_one_for_each_rule() -> None:
    rules = {case[0] for case in BAD}
    assert len(BAD) >= 250
    assert len(rules) >= 220
    assert len(GOOD) >= 75


def test_every_block_and_element_of_the_reference_is_shown_good() -> None:
    shown = {kind for payload in GOOD for kind in types_in(payload)}
    only_shown_in_modals_or_never_sent = {"alert", "file"}
    assert (set(BLOCKS) | set(ELEMENTS)) - shown == only_shown_in_modals_or_never_sent


def test_every_block_and_element_of_the_reference_breaks_some_rule() -> None:
    judged = {case[0].split(".")[0] for case in BAD}
    assert (set(BLOCKS) | set(ELEMENTS)) - judged == set()
