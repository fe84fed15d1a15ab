"""Bad elements, one per rule, and good ones."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.blockkit import check_blocks
from tests.unit.sandbox.blocks import (
    accessory,
    button,
    confirm,
    field,
    mrkdwn,
    option,
    options,
    plain,
    select,
    text_input,
    without,
)

GROUP = {"label": plain("Group"), "options": options(2)}


def element(kind: str, **more: Any) -> dict[str, Any]:
    return {"type": kind, "action_id": "use", **more}


BAD = [
    ("button.text.required", "", without(button(), "text")),
    ("button.text.max_length", "/text/text", button(text=plain("x" * 76))),
    ("button.text.kind", "/text", button(text=mrkdwn())),
    ("button.value.max_length", "/value", button(value="x" * 2001)),
    ("button.url.max_length", "/url", button(url="x" * 3001)),
    ("button.style.value", "/style", button(style="warning")),
    ("button.accessibility_label.max_length", "/accessibility_label", button(accessibility_label="x" * 76)),
    ("button.action_id.max_length", "/action_id", button("x" * 256)),
    ("button.action_id.min_length", "/action_id", button("")),
    ("button.action_id.type", "/action_id", button() | {"action_id": 7}),
    ("button.additional_property", "", button(colour="red")),
    ("confirm.title.required", "/confirm", button(confirm=without(confirm(), "title"))),
    ("confirm.text.required", "/confirm", button(confirm=without(confirm(), "text"))),
    ("confirm.confirm.required", "/confirm", button(confirm=without(confirm(), "confirm"))),
    ("confirm.deny.required", "/confirm", button(confirm=without(confirm(), "deny"))),
    ("confirm.title.max_length", "/confirm/title/text", button(confirm=confirm(title=plain("x" * 101)))),
    ("confirm.text.max_length", "/confirm/text/text", button(confirm=confirm(text=mrkdwn("x" * 301)))),
    ("confirm.confirm.max_length", "/confirm/confirm/text", button(confirm=confirm(confirm=plain("x" * 31)))),
    ("confirm.deny.max_length", "/confirm/deny/text", button(confirm=confirm(deny=plain("x" * 31)))),
    ("confirm.title.kind", "/confirm/title", button(confirm=confirm(title=mrkdwn()))),
    ("confirm.style.value", "/confirm/style", button(confirm=confirm(style="red"))),
    ("static_select.exclusive", "", without(select(), "options")),
    ("static_select.exclusive", "", select(option_groups=[GROUP])),
    ("static_select.options.min_items", "/options", select(options=[])),
    ("static_select.options.max_items", "/options", select(options=options(101))),
    (
        "static_select.option_groups.max_items",
        "/option_groups",
        without(select(option_groups=[GROUP] * 101), "options"),
    ),
    ("static_select.placeholder.max_length", "/placeholder/text", select(placeholder=plain("x" * 151))),
    ("static_select.placeholder.kind", "/placeholder", select(placeholder=mrkdwn())),
    ("static_select.initial_option.among", "/initial_option", select(initial_option=option("other"))),
    ("static_select.focus_on_load.type", "/focus_on_load", select(focus_on_load="yes")),
    ("option.text.required", "/options/0", select(options=[{"value": "a"}])),
    ("option.value.required", "/options/0", select(options=[{"text": plain()}])),
    ("option.text.max_length", "/options/0/text/text", select(options=[option(text="x" * 76)])),
    ("option.text.kind", "/options/0/text", select(options=[{"text": mrkdwn(), "value": "a"}])),
    ("option.value.max_length", "/options/0/value", select(options=[option("x" * 151)])),
    (
        "option.description.max_length",
        "/options/0/description/text",
        select(options=[option(description=plain("x" * 76))]),
    ),
    ("option.additional_property", "/options/0", select(options=[option(url="https://example.org")])),
    (
        "option_group.label.required",
        "/option_groups/0",
        without(select(option_groups=[without(GROUP, "label")]), "options"),
    ),
    (
        "option_group.label.max_length",
        "/option_groups/0/label/text",
        without(select(option_groups=[GROUP | {"label": plain("x" * 76)}]), "options"),
    ),
    (
        "option_group.options.max_items",
        "/option_groups/0/options",
        without(select(option_groups=[GROUP | {"options": options(101)}]), "options"),
    ),
    (
        "external_select.min_query_length.minimum",
        "/min_query_length",
        element("external_select", min_query_length=-1),
    ),
    ("users_select.initial_user.type", "/initial_user", element("users_select", initial_user=1)),
    ("channels_select.initial_channel.type", "/initial_channel", element("channels_select", initial_channel=1)),
    ("filter.any", "/filter", element("conversations_select", filter={})),
    ("filter.include.value", "/filter/include/0", element("conversations_select", filter={"include": ["all"]})),
    (
        "multi_static_select.initial_options.among",
        "/initial_options",
        element("multi_static_select", options=options(2), initial_options=[option("other")]),
    ),
    (
        "multi_static_select.max_selected_items.minimum",
        "/max_selected_items",
        element("multi_static_select", options=options(2), max_selected_items=0),
    ),
    (
        "conversations_select.default_to_current_conversation.type",
        "/default_to_current_conversation",
        element("conversations_select", default_to_current_conversation="yes"),
    ),
    (
        "multi_external_select.min_query_length.minimum",
        "/min_query_length",
        element("multi_external_select", min_query_length=-1),
    ),
    (
        "multi_conversations_select.initial_conversations.type",
        "/initial_conversations",
        element("multi_conversations_select", initial_conversations="C1"),
    ),
    (
        "multi_channels_select.initial_channels.type",
        "/initial_channels/0",
        element("multi_channels_select", initial_channels=[1]),
    ),
    ("multi_users_select.initial_users.type", "/initial_users", element("multi_users_select", initial_users="U1")),
    ("overflow.options.required", "", element("overflow")),
    ("overflow.options.max_items", "/options", element("overflow", options=options(6))),
    (
        "option.url.max_length",
        "/options/0/url",
        element("overflow", options=[option(url="x" * 3001)]),
    ),
    ("checkboxes.options.required", "", element("checkboxes")),
    ("checkboxes.options.max_items", "/options", element("checkboxes", options=options(11))),
    (
        "checkboxes.initial_options.among",
        "/initial_options",
        element("checkboxes", options=options(2), initial_options=[option("other")]),
    ),
    ("checkboxes.additional_property", "", element("checkboxes", options=options(1), placeholder=plain())),
    ("radio_buttons.options.max_items", "/options", element("radio_buttons", options=options(11))),
    (
        "radio_buttons.initial_option.among",
        "/initial_option",
        element("radio_buttons", options=options(2), initial_option=option("other")),
    ),
    ("datepicker.initial_date.format", "/initial_date", element("datepicker", initial_date="30.11.2026")),
    ("timepicker.initial_time.format", "/initial_time", element("timepicker", initial_time="25:00")),
]

BAD_INPUTS = [
    (
        "datetimepicker.initial_date_time.minimum",
        "/initial_date_time",
        element("datetimepicker", initial_date_time=999),
    ),
    (
        "datetimepicker.initial_date_time.type",
        "/initial_date_time",
        element("datetimepicker", initial_date_time="1769000000"),
    ),
    ("plain_text_input.min_length.maximum", "/min_length", text_input(min_length=3001)),
    ("plain_text_input.max_length.minimum", "/max_length", text_input(max_length=0)),
    ("plain_text_input.max_length.maximum", "/max_length", text_input(max_length=3001)),
    ("plain_text_input.min_length.order", "/min_length", text_input(min_length=9, max_length=3)),
    (
        "plain_text_input.initial_value.max_length",
        "/initial_value",
        text_input(initial_value="long", max_length=3),
    ),
    ("plain_text_input.multiline.type", "/multiline", text_input(multiline="yes")),
    ("plain_text_input.placeholder.max_length", "/placeholder/text", text_input(placeholder=plain("x" * 151))),
    (
        "dispatch_action_config.trigger_actions_on.value",
        "/dispatch_action_config/trigger_actions_on/0",
        text_input(dispatch_action_config={"trigger_actions_on": ["on_blur"]}),
    ),
    ("number_input.is_decimal_allowed.required", "", element("number_input")),
    (
        "number_input.min_value.type",
        "/min_value",
        element("number_input", is_decimal_allowed=False, min_value=1),
    ),
    (
        "number_input.initial_value.format",
        "/initial_value",
        element("number_input", is_decimal_allowed=True, initial_value="many"),
    ),
    (
        "number_input.min_value.order",
        "/min_value",
        element("number_input", is_decimal_allowed=False, min_value="9", max_value="3"),
    ),
    ("email_text_input.initial_value.type", "/initial_value", element("email_text_input", initial_value=1)),
    ("url_text_input.additional_property", "", element("url_text_input", multiline=True)),
    ("rich_text.elements.required", "/initial_value", element("rich_text_input", initial_value={"type": "x"})),
    ("rich_text_input.max_lines.maximum", "/max_lines", element("rich_text_input", max_lines=101)),
    ("file_input.max_files.maximum", "/max_files", element("file_input", max_files=11)),
    ("file_input.filetypes.type", "/filetypes", element("file_input", filetypes="csv")),
]

GOOD = [
    button(value="x" * 2000, url="https://example.org", confirm=confirm(style="danger")),
    select(options=options(100), initial_option=options(100)[7], placeholder=plain()),
    without(select(option_groups=[GROUP], initial_option=GROUP["options"][1]), "options"),  # type: ignore[index]
    element("external_select", min_query_length=0),
    element("users_select", initial_user="U1"),
    element("conversations_select", default_to_current_conversation=True, filter={"include": ["public"]}),
    element("channels_select", initial_channel="C1"),
    element("multi_static_select", options=options(3), initial_options=options(2), max_selected_items=2),
    element("multi_external_select", min_query_length=3),
    element("multi_users_select", initial_users=["U1"]),
    element("multi_conversations_select", initial_conversations=[]),
    element("multi_channels_select", initial_channels=["C1"]),
    element("overflow", options=[option(url="https://example.org")]),
    element("checkboxes", options=[{"text": mrkdwn(), "value": "a", "description": mrkdwn()}]),
    element("radio_buttons", options=options(10), initial_option=options(1)[0]),
    element("datepicker", initial_date="2026-11-30"),
    element("timepicker", initial_time="23:59", timezone="Europe/Berlin"),
]

GOOD_INPUTS = [
    element("datetimepicker", initial_date_time=1769000000),
    text_input(multiline=True, min_length=0, max_length=3000, initial_value="", focus_on_load=True),
    text_input(dispatch_action_config={"trigger_actions_on": ["on_enter_pressed"]}),
    element("number_input", is_decimal_allowed=True, min_value="-1.5", max_value="2", initial_value="0"),
    element("email_text_input", initial_value="a@example.org"),
    element("url_text_input", placeholder=plain()),
    element("rich_text_input", initial_value={"type": "rich_text", "elements": []}, min_lines=1, max_lines=100),
    element("file_input", filetypes=["csv"], max_files=10),
]


@pytest.mark.parametrize(("rule", "pointer", "bad"), BAD)
def test_a_bad_element_breaks_its_rule_only(rule: str, pointer: str, bad: dict[str, Any]) -> None:
    found = check_blocks([accessory(bad)], "message")
    assert [(violation.rule, violation.pointer) for violation in found] == [(rule, f"/blocks/0/accessory{pointer}")]


@pytest.mark.parametrize(("rule", "pointer", "bad"), BAD_INPUTS)
def test_a_bad_input_breaks_its_rule_only(rule: str, pointer: str, bad: dict[str, Any]) -> None:
    found = check_blocks([field(bad)], "modal")
    assert [(violation.rule, violation.pointer) for violation in found] == [(rule, f"/blocks/0/element{pointer}")]


@pytest.mark.parametrize("good", GOOD)
def test_a_good_element_breaks_none(good: dict[str, Any]) -> None:
    assert check_blocks([accessory(good)], "message") == []


@pytest.mark.parametrize("good", GOOD_INPUTS)
def test_a_good_input_breaks_none(good: dict[str, Any]) -> None:
    assert check_blocks([field(good)], "modal") == []
