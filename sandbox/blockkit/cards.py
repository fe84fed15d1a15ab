"""Cards, tasks and other blocks for showing things. Source: docs, reference/block-kit/blocks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sandbox.blockkit.elements import BUTTON, IMAGE_ELEMENT, URL_SOURCE
from sandbox.blockkit.objects import SLACK_ICON, plain_text, text
from sandbox.blockkit.rich_text import RICH_TEXT
from sandbox.blockkit.rules import (
    Place,
    Rule,
    anything,
    array,
    at_least_one,
    at_most_one,
    block,
    one_of,
    string,
    typed,
)
from sandbox.blockkit.violation import Violation

_MEASURED = "measured: TightknitAI/slack-block-kit-validator and others, on live workspaces"
_HTTPS = r"https://\S+"

ALERT = block(
    "alert",
    {"text": text(200), "level": one_of("default", "info", "warning", "error", "success")},
    "text",
)

CARD = block(
    "card",
    {
        "hero_image": typed("card.hero_image", {"image": IMAGE_ELEMENT}),
        "icon": typed("card.icon", {"image": IMAGE_ELEMENT}),
        "slack_icon": SLACK_ICON,
        "title": text(150),
        "subtitle": text(150),
        "body": text(200),
        "subtext": text(200),
        "actions": array(typed("card.actions", {"button": BUTTON}), max_items=3),
    },
    across=(at_least_one("hero_image", "title", "actions", "body"), at_most_one("icon", "slack_icon")),
)

CAROUSEL = block("carousel", {"elements": array(typed("carousel.elements", {"card": CARD}), max_items=10)}, "elements")

_STATUSES = ("in_progress", "complete", "error")
_TASK: dict[str, Rule] = {
    "task_id": string(),
    "title": string(),
    "details": typed("task_card.details", {"rich_text": RICH_TEXT}),
    "output": typed("task_card.output", {"rich_text": RICH_TEXT}),
    "sources": array(typed("task_card.sources", {"url": URL_SOURCE})),
}

TASK_CARD = block("task_card", {**_TASK, "status": one_of(*_STATUSES)}, "task_id title", source=_MEASURED)
"""A task that stands alone, which cannot be pending."""

_PLANNED = block("task_card", {**_TASK, "status": one_of("pending", *_STATUSES)}, "task_id title")


def _planned_task(value: Any, place: Place) -> Iterator[Violation]:
    """A task of a plan, which may leave its type out."""
    if isinstance(value, dict):
        value = {"type": "task_card", **value}
    yield from typed("plan.tasks", {"task_card": _PLANNED})(value, place)


PLAN = block("plan", {"title": string(), "tasks": array(_planned_task, min_items=0, max_items=50)}, "title")

VIDEO = block(
    "video",
    {
        "alt_text": string(),
        "title": plain_text(199),
        "title_url": string(3000, pattern=_HTTPS, example="https://example.org/watch"),
        "video_url": string(3000, pattern=_HTTPS, example="https://example.org/embed"),
        "thumbnail_url": string(3000),
        "description": plain_text(199),
        "author_name": string(49),
        "provider_name": string(),
        "provider_icon_url": string(3000),
    },
    "alt_text title thumbnail_url video_url",
)


def not_to_be_sent(_value: Any, place: Place) -> Iterator[Violation]:
    """A block that Slack shows and no app may send."""
    yield place.field("type").broken("inbound", "this block cannot be added by an app, it only shows up in history")


FILE = block("file", {"external_id": anything, "source": anything}, across=(not_to_be_sent,))
