"""Rules of whole messages and views."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.blockkit import check_blocks, check_message, check_view
from sandbox.blockkit.blocks import BLOCKS
from sandbox.blockkit.elements import ELEMENTS
from sandbox.blockkit.surfaces import Surface
from tests.unit.sandbox.blocks import (
    Json,
    accessory,
    actions,
    button,
    field,
    home,
    modal,
    mrkdwn,
    plain,
    section,
    text_input,
    without,
)
from tests.unit.sandbox.test_blockkit_newer import (
    CARD,
    DATA_TABLE,
    ICON,
    RICH,
    TASK,
    TEXT,
    VIDEO,
    carousel,
    container,
    context_actions,
    pie,
    plan,
    segment,
)

TABLE = {"type": "table", "rows": [[{"type": "raw_text", "text": "x"}]]}
FILE_INPUT = {"type": "file_input", "action_id": "file", "max_files": 1}
RESPONSE_SELECT = {"type": "channels_select", "action_id": "c", "response_url_enabled": True}

SURFACES: tuple[Surface, ...] = ("message", "modal", "home")

BAD_MESSAGES = [
    ("message.blocks.max_items", "/blocks", {"blocks": [{"type": "divider"}] * 51}),
    ("message.blocks.type", "/blocks", {"blocks": {"type": "divider"}}),
    ("message.attachments.max_items", "/attachments", {"attachments": [{}] * 101}),
    ("message.attachments.type", "/attachments/0", {"attachments": ["x"]}),
    ("section.any", "/attachments/0/blocks/0", {"attachments": [{"blocks": [{"type": "section"}]}]}),
    ("message.characters", "/blocks", {"blocks": [section(text=mrkdwn("x" * 2650))] * 5}),
    ("message.blocks.one_table", "/blocks", {"blocks": [TABLE, TABLE]}),
    (
        "message.blocks.markdown_characters",
        "/blocks",
        {"blocks": [{"type": "markdown", "text": "x" * 6001}, {"type": "markdown", "text": "x" * 6001}]},
    ),
    ("message.blocks.element.surface", "/blocks/0/element", {"blocks": [field(FILE_INPUT)]}),
    (
        "message.blocks.element.response_url_enabled",
        "/blocks/0/element",
        {"blocks": [field(RESPONSE_SELECT)]},
    ),
]

BAD_VIEWS = [
    ("view.type", "", "not an object"),
    ("view.unsupported", "/type", {"type": "sheet", "blocks": []}),
    ("modal.title.required", "", without(modal(), "title")),
    ("modal.blocks.required", "", without(modal(), "blocks")),
    ("modal.title.max_length", "/title/text", modal(title=plain("x" * 25))),
    ("modal.submit.max_length", "/submit/text", modal(submit=plain("x" * 25))),
    ("modal.close.max_length", "/close/text", modal(close=plain("x" * 25))),
    ("modal.title.kind", "/title", modal(title=mrkdwn())),
    ("modal.private_metadata.max_length", "/private_metadata", modal(private_metadata="x" * 3001)),
    ("modal.callback_id.max_length", "/callback_id", modal(callback_id="x" * 256)),
    ("modal.external_id.max_length", "/external_id", modal(external_id="x" * 256)),
    ("modal.notify_on_close.type", "/notify_on_close", modal(notify_on_close="yes")),
    ("modal.additional_property", "", modal(footer=plain())),
    ("view.submit.required", "/submit", without(modal(field(text_input())), "submit")),
    ("modal.blocks.max_items", "/blocks", modal(*[{"type": "divider"}] * 101)),
    ("modal.blocks.type.surface", "/blocks/0/type", modal(TABLE)),
    ("modal.blocks.one_focus", "/blocks", modal(*[field(text_input(focus_on_load=True)) for _ in range(2)])),
    ("modal.blocks.element.response_url_enabled", "/blocks/0/element", modal(accessory(RESPONSE_SELECT))),
    ("home.additional_property", "", home(title=plain())),
    ("home.blocks.type.surface", "/blocks/0/type", home({"type": "markdown", "text": "x"})),
    ("home.blocks.element.surface", "/blocks/0/element", home(field(FILE_INPUT))),
    ("view.size", "", modal(*[section(fields=[mrkdwn("x" * 1990)] * 2) for _ in range(64)])),
]

GOOD_MESSAGES = [
    {"text": "x" * 40_000},
    {"blocks": [{"type": "divider"}] * 50},
    {"blocks": [section(text=mrkdwn("x" * 2640))] * 5},
    {"blocks": [section(block_id="a"), section(block_id="b")]},
    {"blocks": [actions(button("same")), actions(button("same"))]},
    {"attachments": [{"color": "#ff0000", "blocks": [section()]}]},
    {"blocks": [TABLE, {"type": "markdown", "text": "x"}]},
]

GOOD_VIEWS = [
    modal(),
    without(modal(), "submit"),
    modal(field(text_input()), close=plain("Close"), notify_on_close=True, clear_on_close=True),
    modal(field(FILE_INPUT)),
    modal(field(RESPONSE_SELECT)),
    modal(*[{"type": "divider"}] * 100, private_metadata="x" * 3000),
    home(),
    home(section(), actions(button()), private_metadata="", callback_id="home"),
]


@pytest.mark.parametrize(("rule", "pointer", "message"), BAD_MESSAGES)
def test_a_bad_message_breaks_its_rule_only(rule: str, pointer: str, message: Json) -> None:
    found = check_message(message)
    assert [(violation.rule, violation.pointer) for violation in found] == [(rule, pointer)]


def test_equal_block_ids_are_each_reported() -> None:
    found = check_message({"blocks": [section(block_id="a"), section(), section(block_id="a")]})
    assert [violation.pointer for violation in found] == ["/blocks/0/block_id", "/blocks/2/block_id"]
    assert {violation.rule for violation in found} == {"message.blocks.block_id.unique"}


@pytest.mark.parametrize(("rule", "pointer", "view"), BAD_VIEWS)
def test_a_bad_view_breaks_its_rule_only(rule: str, pointer: str, view: Any) -> None:
    found = check_view(view)
    assert [(violation.rule, violation.pointer) for violation in found] == [(rule, pointer)]


@pytest.mark.parametrize("message", GOOD_MESSAGES)
def test_a_good_message_breaks_none(message: Json) -> None:
    assert check_message(message) == []


@pytest.mark.parametrize("view", GOOD_VIEWS)
def test_a_good_view_breaks_none(view: Json) -> None:
    assert check_view(view) == []


@pytest.mark.parametrize(
    ("block", "surfaces"),
    [
        ({"type": "alert", "text": mrkdwn("x" * 200), "level": "error"}, {"modal"}),
        (CARD, {"message", "home"}),
        (carousel(CARD), {"message", "home"}),
        (container(section()), {"message"}),
        (context_actions(ICON), {"message"}),
        (DATA_TABLE, {"message"}),
        (pie(segment()), {"message"}),
        (plan(), {"message"}),
        (TASK, {"message"}),
        ({"type": "markdown", "text": "x"}, {"message"}),
        ({"type": "table", "rows": [[TEXT]]}, {"message"}),
        (VIDEO, {"message", "modal", "home"}),
        (RICH, {"message", "modal", "home"}),
        (section(), {"message", "modal", "home"}),
    ],
)
def test_a_block_stands_only_where_slack_shows_it(block: Json, surfaces: set[str]) -> None:
    for surface in SURFACES:
        rules = [violation.rule for violation in check_blocks([block], surface)]
        assert set(rules) == (set() if surface in surfaces else {f"{surface}.blocks.type.surface"})


@pytest.mark.parametrize(
    ("rule", "blocks"),
    [
        ("message.blocks.charts", [pie(segment())] * 3),
        ("message.blocks.cell_characters", [DATA_TABLE | {"rows": [[TEXT], [TEXT | {"text": "x" * 10_000}]]}]),
        ("message.blocks.block_id.unique", [section(block_id="a"), container(section(block_id="a"))]),
        ("message.blocks.one_table", [container({"type": "table", "rows": [[TEXT]]}) for _ in range(2)]),
    ],
)
def test_a_message_as_a_whole_breaks_its_rule(rule: str, blocks: list[Json]) -> None:
    assert {violation.rule for violation in check_blocks(blocks, "message")} == {rule}


_KEYS = st.sampled_from(
    ["type", "text", "elements", "element", "accessory", "options", "option_groups", "initial_option"]
) | st.sampled_from(["initial_options", "blocks", "block_id", "action_id", "title", "label", "value", "rows", "fields"])
_SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.text(max_size=3), st.sampled_from([*BLOCKS, *ELEMENTS, "modal"])
)
_ANY_JSON = st.recursive(
    _SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=5), max_leaves=20
)


@settings(max_examples=300, deadline=None)
@given(_ANY_JSON)
def test_no_payload_however_malformed_breaks_the_checker(payload: Any) -> None:
    check_view(payload)
    check_message({"blocks": payload, "attachments": payload})
