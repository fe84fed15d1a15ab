"""Text from the app is text, in whichever field it comes: nothing runs, everything can be read."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from slack_bolt import Ack, App
from slack_sdk import WebClient

from sandbox.model import Json
from tests.e2e.page.conftest import Register, Workspace, send
from tests.integration.sandbox.test_files import png

pytestmark = pytest.mark.browser

SCRIPT = "</script><script>window.hacked=1</script>"
IMAGE = '<img src="x" onerror="window.hacked=2">'
TEMPLATE = "{{ window.hacked=3 }} ${window.hacked=4} `${window.hacked=5}`"
PROPS = '" :onclick="window.hacked=6" onmouseover=\'window.hacked=7\' v-html="x"'
EVIL = f"{IMAGE}{SCRIPT}{TEMPLATE}{PROPS}"
SHORT = "<svg onload=window.hacked=8>{{1+1}}"


def plain(text: str) -> Json:
    """A plain_text object."""
    return {"type": "plain_text", "text": text}


def mrkdwn(text: str) -> Json:
    """A mrkdwn object."""
    return {"type": "mrkdwn", "text": text}


def hostile_blocks() -> list[Json]:
    """Every field of a message's blocks with code in it."""
    rich = [
        {"type": "text", "text": EVIL, "style": {"code": True}},
        {"type": "text", "text": EVIL, "style": {"bold": True}},
        {"type": "link", "url": "javascript:window.hacked=9", "text": "rich link"},
        {"type": "date", "timestamp": 1768305600, "format": "{date}", "fallback": EVIL},
    ]
    option = {"text": plain(SHORT), "value": SHORT, "description": plain(SHORT)}
    confirm = {"title": plain(SHORT), "text": mrkdwn(EVIL), "confirm": plain(SHORT[:30]), "deny": plain(SHORT[:30])}
    elements = [
        {"type": "button", "action_id": "b", "text": plain(SHORT), "value": EVIL, "accessibility_label": SHORT},
        {"type": "button", "action_id": "c", "text": plain("ask"), "confirm": confirm},
        {"type": "static_select", "action_id": SHORT, "placeholder": plain(SHORT), "options": [option]},
        {"type": "overflow", "action_id": "o", "options": [option, option | {"value": "2"}]},
        {"type": "checkboxes", "action_id": "k", "options": [option]},
    ]
    return [
        {"type": "header", "text": plain(EVIL[:150])},
        {"type": "section", "block_id": SHORT, "text": mrkdwn(EVIL), "fields": [mrkdwn(EVIL), plain(EVIL)]},
        {"type": "section", "text": mrkdwn("<javascript:window.hacked=10|script link> <data:text/html,x|data link>")},
        {"type": "section", "text": mrkdwn(f"```{EVIL}``` `{IMAGE}`\n> {IMAGE}\n• {IMAGE}")},
        {"type": "section", "text": mrkdwn(f"<!date^1768305600^{{nope}} {SHORT.replace('<', '').replace('>', '')}|x>")},
        {"type": "context", "elements": [mrkdwn(EVIL), plain(EVIL)]},
        {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": rich}]},
        {"type": "actions", "elements": elements},
    ]


def hostile_newer_blocks(picture: str) -> list[list[Json]]:
    """Every field of the newer blocks with code in it, by message."""
    image = {"type": "image", "image_url": picture, "alt_text": EVIL}
    rich = {
        "type": "rich_text",
        "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": EVIL}]}],
    }
    button = {"type": "button", "action_id": SHORT, "text": plain(SHORT), "url": "javascript:window.hacked=12"}
    card = {
        "type": "card",
        "icon": image,
        "hero_image": {"type": "image", "image_url": "javascript:window.hacked=13", "alt_text": EVIL},
        "title": mrkdwn(EVIL[:150]),
        "subtitle": plain(EVIL[:150]),
        "body": mrkdwn(EVIL[:200]),
        "subtext": plain(EVIL[:200]),
    }
    source = {"type": "url", "url": "javascript:window.hacked=14", "text": EVIL}
    task = {"task_id": SHORT, "title": EVIL, "details": rich, "output": rich, "sources": [source]}
    video = {
        "type": "video",
        "title": plain(EVIL[:199]),
        "alt_text": EVIL,
        "video_url": "https://example.org/v\"onclick='window.hacked=15'",
        "thumbnail_url": "javascript:window.hacked=16",
        "description": plain(EVIL[:199]),
        "author_name": SHORT,
        "provider_name": EVIL,
        "provider_icon_url": "data:text/html,window.hacked=17",
    }
    thumb = {"text": plain(SHORT), "value": EVIL, "accessibility_label": SHORT}
    feedback = {"type": "feedback_buttons", "action_id": "f", "positive_button": thumb, "negative_button": thumb}
    erase = {"type": "icon_button", "action_id": "i", "icon": "trash", "text": plain(SHORT), "value": EVIL}
    cell = {"type": "raw_text", "text": EVIL}
    table = {"type": "data_table", "caption": EVIL, "rows": [[cell], *[[rich], [cell]] * 3]}
    name = SHORT[:20]
    points = {"name": name, "data": [{"label": name, "value": 1}]}
    axes = {"categories": [name], "x_label": SHORT, "y_label": SHORT}
    plot = {"type": "bar", "series": [points], "axis_config": axes}
    pie = {"type": "pie", "segments": [{"label": name, "value": 1}]}
    child = {"type": "section", "text": mrkdwn(EVIL)}
    box = {"type": "container", "title": plain(EVIL[:150]), "subtitle": mrkdwn(EVIL[:150]), "icon": image}
    return [
        [card, {"type": "carousel", "elements": [card | {"actions": [button]}]}],
        [box | {"child_blocks": [child], "is_collapsible": True}, video],
        [{"type": "plan", "title": EVIL, "tasks": [task]}, {"type": "task_card", **task}],
        [{"type": "data_visualization", "title": SHORT, "chart": chart} for chart in (plot, pie)],
        [table, {"type": "context_actions", "elements": [feedback, erase]}],
    ]


def assert_unharmed(page: Page) -> None:
    """Nothing ran, and no element was made from text."""
    assert page.evaluate("() => window.hacked") is None
    assert page.evaluate("() => document.querySelectorAll('img[onerror], svg[onload], [onmouseover]').length") == 0
    links = page.evaluate("() => [...document.querySelectorAll('a')].map(a => a.getAttribute('href'))")
    assert [link for link in links if link and link.lower().startswith(("javascript", "data"))] == []


def test_nothing_in_a_message_runs(page: Page, workspace: Workspace) -> None:
    attachment = {
        "color": "red;background:url(x)",
        "title": EVIL,
        "title_link": "javascript:window.hacked=11",
        "text": EVIL,
    }
    workspace.post(EVIL)
    workspace.post(EVIL, blocks=hostile_blocks(), attachments=[attachment])
    rows = page.get_by_test_id("message")
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text(IMAGE)
    expect(rows.first).to_contain_text("</script><script>window.hacked=1</script>")
    for words in (IMAGE, "{{ window.hacked=3 }}", "rich link", "script link", "window.hacked=6"):
        expect(rows.last).to_contain_text(words)
    for button in rows.last.get_by_role("button").all():
        button.hover()
    assert_unharmed(page)
    page.get_by_role("button", name="ask").click()
    expect(page.get_by_test_id("confirm")).to_contain_text(IMAGE)
    page.get_by_test_id("confirm-deny").click()
    rows.last.locator("input").first.click()
    expect(page.get_by_role("option")).to_contain_text(SHORT)
    assert_unharmed(page)


def test_nothing_runs_when_the_page_is_opened_with_it(page: Page, workspace: Workspace) -> None:
    picture = workspace.person.upload("olive", f"{SHORT}.png", png(8, 8))
    workspace.post(EVIL, blocks=hostile_blocks())
    newer = hostile_newer_blocks(f"{workspace.url}/files/{picture['id']}")
    for blocks in newer:
        workspace.post(EVIL, blocks=blocks, attachments=[{"blocks": blocks[:1], "footer": EVIL, "pretext": EVIL}])
    script = "<svg xmlns='http://www.w3.org/2000/svg' onload='window.hacked=18'/>"
    uploads: list[Json] = [
        {"content": png(8, 8), "filename": "x.png", "title": EVIL},
        {"content": script, "filename": "x.svg", "title": SHORT},
        {"content": f"<script>{SCRIPT}</script>", "filename": "x.html", "title": SHORT},
    ]
    workspace.client.files_upload_v2(channel=workspace.channel("db-ops"), file_uploads=uploads, initial_comment=EVIL)
    page.reload()
    rows = page.get_by_test_id("message")
    expect(rows).to_have_count(len(newer) + 2)
    for row in rows.all()[:-2]:
        expect(row).to_contain_text("window.")
    expect(page.locator(".unknown")).to_have_count(0)
    page.get_by_role("button", name="Next page").first.click()
    for button in page.locator(".card__actions, .feedback").get_by_role("button").all():
        button.hover()
    assert_unharmed(page)


def test_nothing_in_a_modal_runs(page: Page, listen: Callable[[Register], None]) -> None:
    def register(app: App) -> None:
        @app.command("/baseliner")
        def open_view(ack: Ack, body: Json, client: WebClient) -> None:
            ack()
            element = {
                "type": "plain_text_input",
                "action_id": "a",
                "initial_value": EVIL,
                "placeholder": plain(SHORT),
            }
            block = {"type": "input", "block_id": "i", "label": plain(EVIL), "hint": plain(EVIL), "element": element}
            picker = {"type": "file_input", "action_id": "f", "filetypes": ["png", SHORT]}
            files = {"type": "input", "label": plain(EVIL), "optional": True, "element": picker}
            view = {
                "type": "modal",
                "callback_id": "v",
                "title": plain("<b>{{1+1}}</b>"),
                "submit": plain("<i>{{1+1}}</i>"),
                "close": plain("<u>${1+1}</u>"),
                "blocks": [{"type": "alert", "level": "error", "text": mrkdwn(EVIL[:200])}, block, files],
            }
            client.views_open(trigger_id=body["trigger_id"], view=view)

        @app.view("v")
        def refuse(ack: Ack) -> None:
            ack(response_action="errors", errors={"i": EVIL})

    listen(register)
    send(page, "/baseliner x")
    expect(page.get_by_test_id("modal-title")).to_have_text("<b>{{1+1}}</b>")
    expect(page.get_by_test_id("modal-close")).to_have_text("<u>${1+1}</u>")
    expect(page.get_by_test_id("action-a").locator("input")).to_have_value(EVIL)
    expect(page.get_by_test_id("modal")).to_contain_text(f"png, {SHORT}")
    chooser = page.get_by_test_id("action-f").locator("input")
    chooser.set_input_files({"name": f"{SHORT}.exe", "mimeType": "image/png", "buffer": b"x"})
    expect(page.get_by_text(f"{SHORT}.exe is none of")).to_be_visible()
    chooser.set_input_files({"name": f"{SHORT}.png", "mimeType": "image/png", "buffer": png(4, 4)})
    expect(page.get_by_test_id("picked-file")).to_contain_text(f"{SHORT}.png")
    page.get_by_test_id("modal-submit").click()
    expect(page.get_by_test_id("error-i")).to_have_text(EVIL)
    assert_unharmed(page)


def test_what_people_write_is_text_too(page: Page) -> None:
    send(page, EVIL)
    expect(page.get_by_test_id("message")).to_contain_text(IMAGE)
    page.get_by_test_id("composer").press("ArrowUp")
    expect(page.get_by_test_id("composer")).to_have_value(EVIL)
    assert_unharmed(page)
