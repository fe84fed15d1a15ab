"""Cards, containers, charts, data tables and what else the checker takes, in a real browser."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from sandbox.model import Json
from tests.e2e.page.answering import heard
from tests.e2e.page.builders import plain
from tests.e2e.page.conftest import Register, Workspace, messages
from tests.integration.sandbox.test_files import png
from tests.support import eventually
from tests.unit.sandbox.blocks import accessory, actions, button, mrkdwn, section, select
from tests.unit.sandbox.test_blockkit_newer import (
    CARD,
    DATA_TABLE,
    FEEDBACK,
    GOOD,
    ICON,
    TEXT,
    carousel,
    container,
    context_actions,
)

pytestmark = pytest.mark.browser
Listen = Callable[[Register], None]


def with_own_pictures(blocks: list[Json], workspace: Workspace) -> list[Json]:
    """The blocks with a file of the workspace for every picture, as the page must ask nobody else for one."""
    file = workspace.person.upload("olive", "a.png", png(60, 40))
    text = json.dumps(blocks)
    for name in ("a.png", "t.png"):
        text = text.replace(f"https://example.org/{name}", f"{workspace.url}/files/{file['id']}")
    found: list[Json] = json.loads(text)
    return found


def test_every_newer_block_that_is_taken_is_drawn(page: Page, workspace: Workspace) -> None:
    for number, block in enumerate(with_own_pictures(GOOD, workspace)):
        workspace.post(str(number), blocks=[block])
    rows = page.get_by_test_id("messages").get_by_test_id("message")
    expect(rows).to_have_count(len(GOOD))
    expect(page.locator(".chart__pie path")).to_have_count(6)
    expect(page.locator(".chart__plot rect")).to_have_count(4)
    expect(page.locator(".unknown")).to_have_count(0)
    empty = [row.get_attribute("data-ts") for row in rows.all() if not row.locator(".message__body > *").count()]
    assert empty == []
    page.set_viewport_size({"width": 400, "height": 800})
    eventually(lambda: page.evaluate("() => document.documentElement.scrollWidth") == 400)
    wide = "rows => rows.filter(row => row.scrollWidth > row.clientWidth).map(row => row.innerText)"
    assert rows.evaluate_all(wide) == []


def test_buttons_wherever_they_stand_reach_the_app(page: Page, workspace: Workspace, listen: Listen) -> None:
    payloads: dict[str, list[Json]] = {}
    names = ("inner", "rate", "drop", "attached", "choose")
    listen(lambda app: payloads.update({name: heard(app, name) for name in names}))
    inner = button("inner", text=plain("In a card"))
    cards = carousel(CARD | {"block_id": "first"}, CARD | {"block_id": "second", "actions": [inner]})
    attached = actions(button("attached", text=plain("In an attachment")), select(), block_id="attached")
    workspace.post("cards", blocks=[cards, container(accessory(button("kept", text=plain("In a box"))))])
    workspace.post("rate me", blocks=[section(), context_actions(FEEDBACK, ICON | {"text": plain("Drop it")})])
    workspace.post("attached", attachments=[{"text": "One"}, {"color": "good", "blocks": [attached]}])
    page.get_by_role("button", name="In a card").click()
    eventually(lambda: payloads["inner"])
    assert payloads["inner"][0]["actions"][0]["block_id"] == "second"
    expect(page.get_by_role("button", name="In a box")).to_be_visible()
    thumbs = page.get_by_role("group", name="Feedback").get_by_role("button")
    thumbs.last.click()
    eventually(lambda: payloads["rate"])
    assert payloads["rate"][0]["actions"][0]["value"] == FEEDBACK["negative_button"]["value"]
    expect(thumbs.last).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="Drop it").click()
    eventually(lambda: payloads["drop"])
    page.get_by_role("button", name="In an attachment").click()
    eventually(lambda: payloads["attached"])
    assert payloads["attached"][0]["container"]["attachment_id"] == 2
    page.get_by_test_id("action-choose").locator("input").click()
    page.get_by_role("option", name="Option 1").click()
    eventually(lambda: payloads["choose"])
    assert payloads["choose"][0]["state"]["values"]["attached"]["choose"]["selected_option"]["value"] == "v1"


def test_boxes_open_and_tables_turn_their_pages(page: Page, workspace: Workspace) -> None:
    hidden = section(text=mrkdwn("hidden at first"), block_id="hidden")
    closed = container(hidden, is_collapsible=True, default_collapsed=True, block_id="box")
    rows = [[TEXT | {"text": "head"}], *([TEXT | {"text": f"row {number}."}] for number in range(8))]
    blocks = [closed | {"title": plain("A box")}, DATA_TABLE | {"rows": rows}]
    ts = workspace.post("box", blocks=blocks)
    expect(page.get_by_text("hidden at first")).to_be_hidden()
    page.get_by_text("A box").click()
    expect(page.get_by_text("hidden at first")).to_be_visible()
    table = page.get_by_role("table")
    expect(table).to_contain_text("row 4.")
    expect(page.get_by_role("button", name="Previous page")).to_be_disabled()
    page.get_by_role("button", name="Next page").click()
    expect(table).to_contain_text("row 7.")
    expect(table).not_to_contain_text("row 4.")
    page.get_by_role("button", name="Previous page").click()
    expect(table).to_contain_text("row 4.")
    rows[1] = [TEXT | {"text": "changed"}]
    workspace.client.chat_update(
        channel=workspace.channel("db-ops"), ts=ts, text="box", blocks=[blocks[0], DATA_TABLE | {"rows": rows}]
    )
    expect(table).to_contain_text("changed")
    expect(page.get_by_text("hidden at first")).to_be_visible()


def test_plain_text_keeps_its_lines(page: Page, workspace: Workspace) -> None:
    lines = plain("first line\nsecond line")
    blocks: list[Json] = [
        {"type": "header", "text": lines},
        section(text=lines, fields=[lines]),
        {"type": "context", "elements": [lines]},
        CARD | {"title": lines},
    ]
    workspace.post("lines", blocks=blocks)
    body = messages(page, "second line").locator(".message__body")
    expect(body).to_be_visible()
    assert body.inner_text().count("first line\nsecond line") == len(blocks) + 1


def test_pins_and_reactions_are_shown_and_a_person_reacts(page: Page, workspace: Workspace) -> None:
    ts, channel = workspace.post("Done"), workspace.channel("db-ops")
    row = messages(page, "Done")
    workspace.client.pins_add(channel=channel, timestamp=ts)
    expect(row).to_contain_text("Pinned")
    workspace.client.reactions_add(channel=channel, timestamp=ts, name="tada")
    reaction = row.locator(".message__reactions").get_by_role("button")
    expect(reaction).to_have_attribute("title", "Baseliner reacted with :tada:")
    reaction.click()
    expect(reaction).to_contain_text("2")
    expect(reaction).to_have_attribute("aria-pressed", "true")
    row.hover()
    row.get_by_role("button", name="React with :eyes:").click()
    expect(reaction).to_have_count(2)
    names = [(entry["name"], entry["count"]) for entry in workspace.person.messages("db-ops")[0]["reactions"]]
    assert names == [("tada", 2), ("eyes", 1)]
    reaction.last.click()
    expect(reaction).to_have_count(1)
    workspace.client.pins_remove(channel=channel, timestamp=ts)
    expect(row).not_to_contain_text("Pinned")
