"""Cards, tasks, alerts and videos. Source: docs, reference/block-kit/blocks."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from sandbox.model import Json
from sandbox.page.mrkdwn import is_safe_url
from sandbox.page.pen import Pen, link
from sandbox.page.picture import picture, web_address
from sandbox.page.rich_text import parse_rich_text
from sandbox.page.slack_icons import MATERIAL_ICONS
from sandbox.page.tree import Tree, icon, part

_ALERTS: Mapping[str, str] = MappingProxyType(
    {
        "default": "o_campaign",
        "info": "o_info",
        "warning": "o_warning_amber",
        "error": "error_outline",
        "success": "check_circle_outline",
    }
)
_STATUSES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "pending": ("radio_button_unchecked", "Pending"),
        "in_progress": ("autorenew", "In progress"),
        "complete": ("check_circle", "Complete"),
        "error": ("error", "Failed"),
    }
)


def alert(block: Json, pen: Pen) -> list[Tree]:
    """A notice in its colour."""
    level = str(block.get("level") or "default")
    mark = icon(_ALERTS.get(level, _ALERTS["default"]), "alert__icon")
    return [part("div", f"alert alert--{level}", mark, part("div", "mrkdwn", *pen.text_object(block["text"])))]


def card_words(card: Json, pen: Pen) -> Json:
    """Everything of a card but its buttons."""
    titles = [
        part("div", f"{name} mrkdwn", *pen.text_object(card[key]))
        for key, name in (("title", "card__title"), ("subtitle", "card__subtitle"))
        if key in card
    ]
    head: list[Tree] = [*_card_icon(card, pen), *([part("div", "card__titles", *titles)] if titles else [])]
    texts = [
        part("div", f"{name} mrkdwn", *pen.text_object(card[key]))
        for key, name in (("body", "card__body"), ("subtext", "card__subtext"))
        if key in card
    ]
    hero: list[Tree] = [picture(card["hero_image"], "card__hero", pen)] if "hero_image" in card else []
    return part("div", "card__words", *hero, *([part("div", "card__head", *head)] if head else []), *texts)


def _card_icon(card: Json, pen: Pen) -> list[Tree]:
    if "icon" in card:
        return [picture(card["icon"], "card__icon", pen)]
    if "slack_icon" in card:
        mark = icon(MATERIAL_ICONS.get(str(card["slack_icon"].get("name")), "help_outline"))
        return [part("span", "card__icon card__icon--sign", mark)]
    return []


def card(block: Json, pen: Pen) -> list[Tree]:
    """A card without buttons."""
    return [part("div", "card", card_words(block, pen))]


def plan(block: Json, pen: Pen) -> list[Tree]:
    """The tasks of a plan, and how many of them are done."""
    tasks = block.get("tasks") or ()
    done = sum(task.get("status") == "complete" for task in tasks)
    count = part("span", "plan__count", f"{done} of {len(tasks)} done") if tasks else ""
    head = part("div", "plan__head", part("span", "plan__title", str(block["title"])), count)
    return [part("div", "plan", head, *(_task(task, pen, "pending") for task in tasks))]


def task_card(block: Json, pen: Pen) -> list[Tree]:
    """A task that stands alone."""
    return [part("div", "plan", _task(block, pen, "in_progress"))]


def _task(task: Json, pen: Pen, unsaid: str) -> Json:
    status = str(task.get("status") or unsaid)
    sign, words = _STATUSES.get(status, _STATUSES["pending"])
    mark = part("span", f"task__status task__status--{status}", icon(sign), role="img", aria_label=words, title=words)
    rich = [
        part("div", f"task__{key} mrkdwn", *pen.blocks(parse_rich_text(task[key])))
        for key in ("details", "output")
        if key in task
    ]
    sources = [_source(source) for source in task.get("sources") or ()]
    listed = [part("div", "task__sources", *sources)] if sources else []
    return part(
        "div", "task", mark, part("div", "task__words", part("div", "task__title", task["title"]), *rich, *listed)
    )


def _source(source: Json) -> Tree:
    url, text = str(source.get("url") or ""), str(source.get("text") or "")
    return part("span", "task__source", link(url, text) if is_safe_url(url) else text)


def video(block: Json, pen: Pen) -> list[Tree]:
    """The picture of a video and what is known of it; pressing it opens the video itself."""
    watch = web_address(block.get("title_url")) or web_address(block.get("video_url"))
    provider = picture({"image_url": block.get("provider_icon_url"), "alt_text": ""}, "video__provider-icon", pen)
    names = [str(block[key]) for key in ("provider_name", "author_name") if block.get(key)]
    title: list[Tree] = pen.plain(block["title"])
    linked = link(watch, part("span", "", *title)) if watch else part("span", "", *title)
    parts: list[Tree] = []
    if names:
        shown = [provider] if block.get("provider_icon_url") else []
        parts.append(part("div", "video__provider", *shown, " · ".join(names)))
    parts.append(part("div", "video__title", linked))
    if "description" in block:
        parts.append(part("div", "video__description", *pen.plain(block["description"])))
    return [part("div", "video", *parts, _video_picture(block, watch, pen))]


def _video_picture(block: Json, watch: str, pen: Pen) -> Json:
    shown = picture({"image_url": block["thumbnail_url"], "alt_text": block["alt_text"]}, "video__thumbnail", pen)
    sign = icon("play_circle_filled", "video__play")
    if not watch:
        return part("span", "video__frame", shown, sign)
    given = {"href": watch, "target": "_blank", "rel": "noopener noreferrer nofollow"}
    return part("a", "video__frame", shown, sign, aria_label=f"Watch: {block['alt_text']}", **given)
