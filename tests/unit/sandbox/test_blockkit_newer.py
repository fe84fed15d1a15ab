"""Bad and good blocks of the newer kinds: cards, tasks, charts, data tables, containers, videos, feedback."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.blockkit import check_blocks
from tests.unit.sandbox.blocks import accessory, button, confirm, field, mrkdwn, plain, section, text_input, without

Json = dict[str, Any]

RICH = {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": "x"}]}]}
PICTURE = {"type": "image", "image_url": "https://example.org/a.png", "alt_text": "A picture"}
CARD = {"type": "card", "title": mrkdwn()}
TASK = {"type": "task_card", "task_id": "t1", "title": "Dump", "status": "in_progress"}
VIDEO = {
    "type": "video",
    "title": plain(),
    "alt_text": "A film",
    "video_url": "https://example.org/v",
    "thumbnail_url": "https://example.org/t.png",
}
TEXT = {"type": "raw_text", "text": "x"}
NUMBER = {"type": "raw_number", "value": 1.5, "text": "1.5"}
DATA_TABLE: Json = {"type": "data_table", "caption": "Rows", "rows": [[TEXT, TEXT], [TEXT, NUMBER]]}
FEEDBACK_BUTTON = {"text": plain(), "value": "v"}
FEEDBACK: Json = {
    "type": "feedback_buttons",
    "action_id": "rate",
    "positive_button": FEEDBACK_BUTTON,
    "negative_button": FEEDBACK_BUTTON,
}
ICON: Json = {"type": "icon_button", "icon": "trash", "text": plain(), "action_id": "drop"}
WORKFLOW: Json = {
    "type": "workflow_button",
    "text": plain(),
    "action_id": "run",
    "workflow": {"trigger": {"url": "https://example.org"}},
}


def context_actions(*elements: Json) -> Json:
    return {"type": "context_actions", "elements": list(elements)}


def carousel(*cards: Json) -> Json:
    return {"type": "carousel", "elements": list(cards)}


def container(*children: Any, **more: Any) -> Json:
    return {"type": "container", "title": plain(), "child_blocks": list(children), **more}


def plan(*tasks: Json, **more: Any) -> Json:
    return {"type": "plan", "title": "Restore", "tasks": list(tasks), **more}


def pie(*segments: Json) -> Json:
    return {"type": "data_visualization", "title": "Sizes", "chart": {"type": "pie", "segments": list(segments)}}


def segment(label: str = "a", value: float = 1) -> Json:
    return {"label": label, "value": value}


def series(name: str = "s", *labels: str) -> Json:
    return {"name": name, "data": [segment(label) for label in labels or ("Mon", "Tue")]}


def bar(*entries: Json, **axes: Any) -> Json:
    chart = {"type": "bar", "series": list(entries), "axis_config": {"categories": ["Mon", "Tue"], **axes}}
    return {"type": "data_visualization", "title": "Sizes", "chart": chart}


BAD = [
    ("card.any", "", {"type": "card", "subtitle": mrkdwn()}),
    ("card.title.type", "/title", CARD | {"title": "words"}),
    ("card.title.max_length", "/title/text", CARD | {"title": mrkdwn("x" * 151)}),
    ("card.subtitle.max_length", "/subtitle/text", CARD | {"subtitle": mrkdwn("x" * 151)}),
    ("card.body.max_length", "/body/text", CARD | {"body": mrkdwn("x" * 201)}),
    ("card.subtext.max_length", "/subtext/text", CARD | {"subtext": mrkdwn("x" * 201)}),
    ("card.actions.max_items", "/actions", CARD | {"actions": [button(f"b{n}") for n in range(4)]}),
    ("card.actions.min_items", "/actions", CARD | {"actions": []}),
    ("card.actions.unsupported", "/actions/0/type", CARD | {"actions": [text_input()]}),
    ("message.blocks.actions.action_id.unique", "/actions", CARD | {"actions": [button("same"), button("same")]}),
    ("card.icon.unsupported", "/icon/type", CARD | {"icon": {"type": "icon", "name": "bug"}}),
    ("card.hero_image.type", "/hero_image", CARD | {"hero_image": "https://example.org/a.png"}),
    ("card.exclusive", "", CARD | {"icon": PICTURE, "slack_icon": {"type": "icon", "name": "bug"}}),
    ("slack_icon.name.value", "/slack_icon/name", CARD | {"slack_icon": {"type": "icon", "name": "elephant"}}),
    ("slack_icon.type.value", "/slack_icon/type", CARD | {"slack_icon": {"type": "slack_icon", "name": "bug"}}),
    ("carousel.elements.min_items", "/elements", carousel()),
    ("carousel.elements.max_items", "/elements", carousel(*[CARD] * 11)),
    ("carousel.elements.unsupported", "/elements/0/type", carousel(section())),
    ("container.child_blocks.required", "", without(container(), "child_blocks")),
    ("container.child_blocks.min_items", "/child_blocks", container()),
    ("container.child_blocks.max_items", "/child_blocks", container(*[{"type": "divider"}] * 11)),
    ("container.child_blocks.unsupported", "/child_blocks/0/type", container(CARD)),
    ("section.any", "/child_blocks/0", container({"type": "section"})),
    ("container.any", "", without(container(section()), "title")),
    ("container.title.kind", "/title", container(section(), title=mrkdwn())),
    ("container.title.max_length", "/title/text", container(section(), title=plain("x" * 151))),
    ("container.subtitle.max_length", "/subtitle/text", container(section(), subtitle=mrkdwn("x" * 151))),
    ("container.width.value", "/width", container(section(), width="huge")),
    ("container.default_collapsed.collapsible", "/default_collapsed", container(section(), default_collapsed=True)),
    (
        "container.rich_text_title.unsupported",
        "/rich_text_title/type",
        container(section(), rich_text_title=plain()),
    ),
    ("context_actions.elements.min_items", "/elements", context_actions()),
    (
        "context_actions.elements.max_items",
        "/elements",
        context_actions(*(ICON | {"action_id": f"i{number}"} for number in range(6))),
    ),
    ("context_actions.elements.unsupported", "/elements/0/type", context_actions(button())),
    ("message.blocks.elements.action_id.unique", "/elements", context_actions(ICON, ICON)),
    (
        "feedback_buttons.negative_button.required",
        "/elements/0",
        context_actions(without(FEEDBACK, "negative_button")),
    ),
    (
        "feedback_button.value.required",
        "/elements/0/positive_button",
        context_actions(FEEDBACK | {"positive_button": {"text": plain()}}),
    ),
    (
        "feedback_button.text.max_length",
        "/elements/0/positive_button/text/text",
        context_actions(FEEDBACK | {"positive_button": FEEDBACK_BUTTON | {"text": plain("x" * 76)}}),
    ),
    (
        "feedback_button.value.max_length",
        "/elements/0/positive_button/value",
        context_actions(FEEDBACK | {"positive_button": FEEDBACK_BUTTON | {"value": "x" * 2001}}),
    ),
    (
        "feedback_button.accessibility_label.max_length",
        "/elements/0/positive_button/accessibility_label",
        context_actions(FEEDBACK | {"positive_button": FEEDBACK_BUTTON | {"accessibility_label": "x" * 76}}),
    ),
    ("icon_button.icon.value", "/elements/0/icon", context_actions(ICON | {"icon": "bin"})),
    ("icon_button.text.required", "/elements/0", context_actions(without(ICON, "text"))),
    ("icon_button.value.max_length", "/elements/0/value", context_actions(ICON | {"value": "x" * 2001})),
    (
        "icon_button.visible_to_user_ids.type",
        "/elements/0/visible_to_user_ids",
        context_actions(ICON | {"visible_to_user_ids": "U1"}),
    ),
    ("confirm.title.required", "/elements/0/confirm", context_actions(ICON | {"confirm": without(confirm(), "title")})),
    ("workflow_button.workflow.required", "/accessory", accessory(without(WORKFLOW, "workflow"))),
    ("workflow_button.action_id.required", "/accessory", accessory(without(WORKFLOW, "action_id"))),
    ("workflow.trigger.required", "/accessory/workflow", accessory(WORKFLOW | {"workflow": {}})),
    ("trigger.url.required", "/accessory/workflow/trigger", accessory(WORKFLOW | {"workflow": {"trigger": {}}})),
    ("task_card.task_id.required", "", without(TASK, "task_id")),
    ("task_card.title.required", "", without(TASK, "title")),
    ("task_card.title.type", "/title", TASK | {"title": plain()}),
    ("task_card.status.value", "/status", TASK | {"status": "pending"}),
    ("task_card.details.unsupported", "/details/type", TASK | {"details": section()}),
    ("task_card.output.type", "/output", TASK | {"output": "done"}),
    ("task_card.sources.unsupported", "/sources/0/type", TASK | {"sources": [{"type": "link"}]}),
    ("url_source.text.required", "/sources/0", TASK | {"sources": [{"type": "url", "url": "https://example.org"}]}),
    ("plan.title.required", "", without(plan(), "title")),
    ("plan.title.type", "/title", plan(title=plain())),
    ("plan.tasks.max_items", "/tasks", plan(*[TASK] * 51)),
    ("plan.tasks.unsupported", "/tasks/0/type", plan(section())),
    ("plan.additional_property", "", plan(status="pending")),
    ("task_card.status.value", "/tasks/0/status", plan(TASK | {"status": "done"})),
    ("video.title.required", "", without(VIDEO, "title")),
    ("video.alt_text.required", "", without(VIDEO, "alt_text")),
    ("video.thumbnail_url.required", "", without(VIDEO, "thumbnail_url")),
    ("video.video_url.required", "", without(VIDEO, "video_url")),
    ("video.video_url.format", "/video_url", VIDEO | {"video_url": "http://example.org/v"}),
    ("video.title_url.format", "/title_url", VIDEO | {"title_url": "http://example.org"}),
    ("video.title.max_length", "/title/text", VIDEO | {"title": plain("x" * 200)}),
    ("video.description.max_length", "/description/text", VIDEO | {"description": plain("x" * 200)}),
    ("video.author_name.max_length", "/author_name", VIDEO | {"author_name": "x" * 50}),
    ("data_table.caption.required", "", without(DATA_TABLE, "caption")),
    ("data_table.rows.min_items", "/rows", DATA_TABLE | {"rows": [[TEXT]]}),
    ("data_table.rows.max_items", "/rows", DATA_TABLE | {"rows": [[TEXT]] * 102}),
    ("data_table.rows.max_items", "/rows/0", DATA_TABLE | {"rows": [[TEXT] * 21, [TEXT] * 21]}, 2),
    ("data_table.rows.alike", "/rows", DATA_TABLE | {"rows": [[TEXT], [TEXT, TEXT]]}),
    ("data_table.rows.header", "/rows/0", DATA_TABLE | {"rows": [[RICH], [TEXT]]}),
    ("data_table.page_size.maximum", "/page_size", DATA_TABLE | {"page_size": 101}),
    ("data_table.page_size.minimum", "/page_size", DATA_TABLE | {"page_size": 0}),
    (
        "data_table.row_header_column_index.maximum",
        "/row_header_column_index",
        DATA_TABLE | {"row_header_column_index": 2},
    ),
    ("raw_text.text.min_length", "/rows/1/0/text", DATA_TABLE | {"rows": [[TEXT], [TEXT | {"text": ""}]]}),
    ("raw_number.value.required", "/rows/1/0", DATA_TABLE | {"rows": [[TEXT], [without(NUMBER, "value")]]}),
    ("raw_number.value.type", "/rows/1/0/value", DATA_TABLE | {"rows": [[TEXT], [NUMBER | {"value": "1"}]]}),
    ("data_visualization.title.max_length", "/title", pie(segment()) | {"title": "x" * 51}),
    ("data_visualization.chart.required", "", without(pie(segment()), "chart")),
    ("chart.unsupported", "/chart/type", pie() | {"chart": {"type": "donut"}}),
    ("pie_chart.segments.min_items", "/chart/segments", pie()),
    ("pie_chart.segments.max_items", "/chart/segments", pie(*[segment()] * 7)),
    ("segment.label.max_length", "/chart/segments/0/label", pie(segment("x" * 21))),
    ("segment.value.minimum", "/chart/segments/0/value", pie(segment(value=0))),
    ("bar_chart.axis_config.required", "/chart", pie() | {"chart": {"type": "bar", "series": [series("s")]}}, 2),
    ("bar_chart.series.max_items", "/chart/series", bar(*(series(f"s{number}") for number in range(7)))),
    ("bar_chart.series.unique", "/chart/series", bar(series("s"), series("s"))),
    ("bar_chart.series.data.categories", "/chart/series/0/data", bar(series("s", "Mon"))),
    ("series.name.max_length", "/chart/series/0/name", bar(series("x" * 21))),
    ("axis_config.x_label.max_length", "/chart/axis_config/x_label", bar(series(), x_label="x" * 51)),
    ("axis_config.y_label.max_length", "/chart/axis_config/y_label", bar(series(), y_label="x" * 51)),
    ("header.level.maximum", "/level", {"type": "header", "text": plain(), "level": 5}),
    ("file.type.inbound", "/type", {"type": "file", "external_id": "A", "source": "remote"}),
    (
        "input.dispatch_action.file_input",
        "/dispatch_action",
        field({"type": "file_input", "action_id": "f"}, dispatch_action=True),
        2,
    ),
]

BAD_ALERTS = [
    ("alert.text.required", "", {"type": "alert"}),
    ("alert.text.max_length", "/text/text", {"type": "alert", "text": plain("x" * 201)}),
    ("alert.level.value", "/level", {"type": "alert", "text": plain(), "level": "fatal"}),
]

GOOD: list[Json] = [
    CARD,
    CARD | {"icon": PICTURE, "hero_image": PICTURE, "subtitle": plain("x" * 150), "body": mrkdwn("x" * 200)},
    CARD | {"slack_icon": {"type": "icon", "name": "rocket"}, "subtext": mrkdwn()},
    {"type": "card", "actions": [button(f"b{number}") for number in range(3)]},
    carousel(*[CARD] * 10),
    container(section(), {"type": "divider"}, is_collapsible=True, default_collapsed=True, width="full"),
    container({"type": "divider"}, rich_text_title=RICH, icon=PICTURE, has_header_divider=True),
    context_actions(FEEDBACK, ICON | {"visible_to_user_ids": ["U1"], "confirm": confirm()}),
    accessory(WORKFLOW),
    TASK | {"details": RICH, "output": RICH, "sources": [{"type": "url", "url": "https://example.org", "text": "x"}]},
    without(TASK, "status"),
    plan(TASK, without(TASK, "type"), TASK | {"status": "pending"}),
    plan(*[TASK] * 50),
    without(plan(), "tasks"),
    VIDEO | {"title_url": "https://example.org", "description": plain(), "author_name": "x" * 49},
    DATA_TABLE | {"page_size": 100, "row_header_column_index": 1},
    DATA_TABLE | {"rows": [[TEXT]] * 101},
    DATA_TABLE | {"rows": [[TEXT], [RICH]]},
    {"type": "table", "rows": [[TEXT, NUMBER, RICH]], "column_settings": [None, {"align": "center"}]},
    pie(*(segment(f"s{number}", 0.5) for number in range(6))),
    bar(series("a"), series("b"), x_label="Day", y_label="GB"),
    {"type": "header", "text": plain(), "level": 1},
]


@pytest.mark.parametrize("case", BAD, ids=lambda case: case[0])
def test_a_bad_block_breaks_its_rule(case: Any) -> None:
    rule, pointer, block, *count = case
    found = check_blocks([block], "message")
    assert (rule, f"/blocks/0{pointer}") in [(violation.rule, violation.pointer) for violation in found]
    assert len(found) == (count or [1])[0]
    assert all(violation.message and violation.source for violation in found)


@pytest.mark.parametrize("block", GOOD)
def test_a_good_block_breaks_none(block: Json) -> None:
    assert check_blocks([block], "message") == []


@pytest.mark.parametrize(("rule", "pointer", "alert"), BAD_ALERTS)
def test_a_bad_alert_breaks_its_rule(rule: str, pointer: str, alert: Json) -> None:
    found = check_blocks([alert], "modal")
    assert [(violation.rule, violation.pointer) for violation in found] == [(rule, f"/blocks/0{pointer}")]
