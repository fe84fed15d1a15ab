"""Bad blocks, one per rule, and good ones."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.blockkit import check_blocks
from tests.unit.sandbox.blocks import (
    accessory,
    actions,
    button,
    field,
    mrkdwn,
    plain,
    section,
    select,
    text_input,
    without,
)

IMAGE = {"type": "image", "image_url": "https://example.org/a.png", "alt_text": "A picture"}
CELL = {"type": "raw_text", "text": "cell"}


def rich(*elements: Any) -> dict[str, Any]:
    return {"type": "rich_text", "elements": list(elements)}


def rich_section(*elements: Any) -> dict[str, Any]:
    return {"type": "rich_text_section", "elements": list(elements)}


BAD = [
    ("message.blocks.type", "/blocks/0", "not an object"),
    ("block.unsupported", "/blocks/0/type", {"type": "banner"}),
    ("block.unsupported", "/blocks/0/type", {}),
    ("section.any", "/blocks/0", {"type": "section"}),
    ("section.text.min_length", "/blocks/0/text/text", section(text=mrkdwn(""))),
    ("section.text.max_length", "/blocks/0/text/text", section(text=mrkdwn("x" * 3001))),
    ("section.text.type", "/blocks/0/text", section(text="words")),
    ("section.text.kind", "/blocks/0/text", section(text={"type": "markdown", "text": "x"})),
    ("section.text.text.required", "/blocks/0/text/text", section(text={"type": "mrkdwn"})),
    ("section.text.additional_property", "/blocks/0/text", section(text=mrkdwn() | {"emoji": True})),
    ("section.text.additional_property", "/blocks/0/text", section(text=plain() | {"verbatim": True})),
    ("section.text.emoji.type", "/blocks/0/text/emoji", section(text=plain() | {"emoji": "yes"})),
    ("section.fields.min_items", "/blocks/0/fields", section(fields=[])),
    ("section.fields.max_items", "/blocks/0/fields", section(fields=[mrkdwn()] * 11)),
    ("section.fields.max_length", "/blocks/0/fields/1/text", section(fields=[mrkdwn(), mrkdwn("x" * 2001)])),
    ("section.accessory.unsupported", "/blocks/0/accessory/type", accessory(text_input())),
    ("section.expand.type", "/blocks/0/expand", section(expand=1)),
    ("section.additional_property", "/blocks/0", section(colour="red")),
    ("section.block_id.max_length", "/blocks/0/block_id", section(block_id="x" * 256)),
    ("section.block_id.min_length", "/blocks/0/block_id", section(block_id="")),
    ("header.text.required", "/blocks/0", {"type": "header"}),
    ("header.text.max_length", "/blocks/0/text/text", {"type": "header", "text": plain("x" * 151)}),
    ("header.text.kind", "/blocks/0/text", {"type": "header", "text": mrkdwn()}),
    ("context.elements.required", "/blocks/0", {"type": "context"}),
    ("context.elements.min_items", "/blocks/0/elements", {"type": "context", "elements": []}),
    ("context.elements.max_items", "/blocks/0/elements", {"type": "context", "elements": [mrkdwn()] * 11}),
    ("context.elements.unsupported", "/blocks/0/elements/0/type", {"type": "context", "elements": [button()]}),
    ("context.elements.type", "/blocks/0/elements/0", {"type": "context", "elements": ["text"]}),
    ("divider.additional_property", "/blocks/0", {"type": "divider", "text": plain()}),
    ("actions.elements.required", "/blocks/0", {"type": "actions"}),
    ("actions.elements.min_items", "/blocks/0/elements", actions()),
    (
        "actions.elements.max_items",
        "/blocks/0/elements",
        actions(*(button(f"b{number}") for number in range(26))),
    ),
    ("actions.elements.unsupported", "/blocks/0/elements/0/type", actions(text_input())),
    ("actions.elements.type", "/blocks/0/elements", {"type": "actions", "elements": "button"}),
    ("message.blocks.elements.action_id.unique", "/blocks/0/elements", actions(button("same"), button("same"))),
    ("input.label.required", "/blocks/0", without(field(text_input()), "label")),
    ("input.element.required", "/blocks/0", without(field(text_input()), "element")),
    ("input.label.kind", "/blocks/0/label", field(text_input(), label=mrkdwn())),
    ("input.label.max_length", "/blocks/0/label/text", field(text_input(), label=plain("x" * 2001))),
    ("input.hint.max_length", "/blocks/0/hint/text", field(text_input(), hint=plain("x" * 2001))),
    ("input.optional.type", "/blocks/0/optional", field(text_input(), optional="yes")),
    ("input.dispatch_action.type", "/blocks/0/dispatch_action", field(text_input(), dispatch_action=1)),
    ("input.element.unsupported", "/blocks/0/element/type", field(button())),
    ("image.alt_text.required", "/blocks/0", without(IMAGE, "alt_text")),
    ("image.alt_text.max_length", "/blocks/0/alt_text", IMAGE | {"alt_text": "x" * 2001}),
    ("image.image_url.max_length", "/blocks/0/image_url", IMAGE | {"image_url": "https://" + "x" * 3000}),
    ("image.title.max_length", "/blocks/0/title/text", IMAGE | {"title": plain("x" * 2001)}),
    ("image.exclusive", "/blocks/0", without(IMAGE, "image_url")),
    ("image.exclusive", "/blocks/0", IMAGE | {"slack_file": {"id": "F1"}}),
    (
        "slack_file.exclusive",
        "/blocks/0/slack_file",
        without(IMAGE, "image_url") | {"slack_file": {"id": "F1", "url": "https://example.org"}},
    ),
    (
        "image_element.alt_text.required",
        "/blocks/0/accessory",
        accessory({"type": "image", "image_url": "https://example.org/a.png"}),
    ),
    ("image_element.exclusive", "/blocks/0/accessory", accessory({"type": "image", "alt_text": "A"})),
    ("markdown.text.required", "/blocks/0", {"type": "markdown"}),
    ("markdown.text.min_length", "/blocks/0/text", {"type": "markdown", "text": ""}),
    (
        "rich_text.preformatted.unsupported",
        "/blocks/0/elements/0/elements/0/type",
        rich({"type": "rich_text_preformatted", "elements": [{"type": "emoji", "name": "wave"}]}),
    ),
    ("rich_text.team.team_id.required", "/blocks/0/elements/0/elements/0", rich(rich_section({"type": "team"}))),
    ("message.blocks.markdown_characters", "/blocks", {"type": "markdown", "text": "x" * 12_001}),
    ("table.rows.max_items", "/blocks/0/rows", {"type": "table", "rows": [[CELL]] * 101}),
    ("table.rows.max_items", "/blocks/0/rows/0", {"type": "table", "rows": [[CELL] * 21]}),
    ("table.cell.unsupported", "/blocks/0/rows/0/0/type", {"type": "table", "rows": [[mrkdwn()]]}),
    (
        "table.column.align.value",
        "/blocks/0/column_settings/0/align",
        {"type": "table", "rows": [[CELL]], "column_settings": [{"align": "top"}]},
    ),
    ("rich_text.elements.required", "/blocks/0", {"type": "rich_text"}),
    ("rich_text.unsupported", "/blocks/0/elements/0/type", rich({"type": "text", "text": "x"})),
    (
        "rich_text.inline.unsupported",
        "/blocks/0/elements/0/elements/0/type",
        rich(rich_section({"type": "bold", "text": "x"})),
    ),
    (
        "rich_text.text.text.required",
        "/blocks/0/elements/0/elements/0",
        rich(rich_section({"type": "text"})),
    ),
    (
        "rich_text.style.bold.type",
        "/blocks/0/elements/0/elements/0/style/bold",
        rich(rich_section({"type": "text", "text": "x", "style": {"bold": 1}})),
    ),
    (
        "rich_text.link.url.required",
        "/blocks/0/elements/0/elements/0",
        rich(rich_section({"type": "link", "text": "x"})),
    ),
    (
        "rich_text_list.style.required",
        "/blocks/0/elements/0",
        rich({"type": "rich_text_list", "elements": [rich_section()]}),
    ),
    (
        "rich_text_list.style.value",
        "/blocks/0/elements/0/style",
        rich({"type": "rich_text_list", "style": "dashes", "elements": [rich_section()]}),
    ),
]

GOOD = [
    section(),
    section(text=plain("x" * 3000), fields=[mrkdwn("x" * 2000)] * 10),
    without(section(fields=[plain()]), "text"),
    section(text=plain() | {"emoji": True}),
    section(text=mrkdwn() | {"verbatim": False}, expand=True, block_id="x" * 255),
    accessory(button(style="danger")),
    accessory(select()),
    accessory(IMAGE),
    {"type": "header", "text": plain("x" * 150)},
    {"type": "context", "elements": [mrkdwn(), plain(), IMAGE]},
    {"type": "divider", "block_id": "line"},
    actions(*(button(f"b{number}") for number in range(25))),
    field(text_input(), hint=plain(), optional=True, dispatch_action=True),
    IMAGE | {"title": plain()},
    without(IMAGE, "image_url") | {"slack_file": {"id": "F012345678"}},
    {"type": "markdown", "text": "# Title"},
    {"type": "table", "rows": [[CELL] * 20] * 100, "column_settings": [{"align": "right", "is_wrapped": True}]},
    rich(
        rich_section(
            {"type": "text", "text": "x", "style": {"bold": True}},
            {"type": "link", "url": "https://example.org"},
            {"type": "emoji", "name": "wave"},
            {"type": "user", "user_id": "U1"},
            {"type": "broadcast", "range": "here"},
            {"type": "date", "timestamp": 1720710212, "format": "{date_num}"},
        ),
        {"type": "rich_text_list", "style": "bullet", "indent": 1, "elements": [rich_section()]},
        {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": "x"}], "border": 1},
        {"type": "rich_text_quote", "elements": []},
    ),
]


@pytest.mark.parametrize(("rule", "pointer", "block"), BAD)
def test_a_bad_block_breaks_its_rule_only(rule: str, pointer: str, block: Any) -> None:
    found = check_blocks([block], "message")
    assert [(violation.rule, violation.pointer) for violation in found] == [(rule, pointer)]
    assert found[0].message
    assert found[0].source


@pytest.mark.parametrize("block", GOOD)
def test_a_good_block_breaks_none(block: Any) -> None:
    assert check_blocks([block], "message") == []
