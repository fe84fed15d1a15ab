"""Buttons and menus of messages in a real browser, with a Bolt app that answers them."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event

import pytest
from playwright.sync_api import Page, expect
from slack_bolt import Ack, App

from sandbox.model import Json
from tests.e2e.page.answering import field, heard
from tests.e2e.page.builders import option, plain
from tests.e2e.page.conftest import Register, Workspace
from tests.support import eventually

pytestmark = pytest.mark.browser
Listen = Callable[[Register], None]


def test_a_button_with_a_question_acts_only_after_yes(page: Page, workspace: Workspace, listen: Listen) -> None:
    payloads: dict[str, list[Json]] = {}
    listen(lambda app: payloads.update(drop=heard(app, "drop")))
    confirm = {
        "title": plain("Sure?"),
        "text": plain("It is gone then."),
        "confirm": plain("Drop"),
        "deny": plain("No"),
    }
    button = {"type": "button", "action_id": "drop", "text": plain("Drop it"), "style": "danger", "confirm": confirm}
    workspace.post("old", blocks=[{"type": "actions", "elements": [button]}])
    pressed = page.get_by_role("button", name="Drop it")
    pressed.click()
    expect(page.get_by_test_id("confirm")).to_contain_text("It is gone then.")
    page.get_by_test_id("confirm-deny").click()
    expect(page.get_by_test_id("confirm")).to_be_hidden()
    assert payloads["drop"] == []
    pressed.click()
    page.get_by_test_id("confirm-yes").click()
    eventually(lambda: payloads["drop"])
    assert payloads["drop"][0]["user"]["id"] == workspace.user("olive")


def test_a_button_that_nobody_answers_says_so(page: Page, workspace: Workspace, listen: Listen) -> None:
    listen(lambda _app: None)
    button = {"type": "button", "action_id": "lost", "text": plain("Try")}
    workspace.post("x", blocks=[{"type": "actions", "elements": [button]}])
    page.get_by_role("button", name="Try").click()
    expect(page.get_by_role("alert").filter(has_text="operation_timeout")).to_be_visible()


def test_menus_of_a_message_send_what_was_chosen(page: Page, workspace: Workspace, listen: Listen) -> None:
    payloads: dict[str, list[Json]] = {}
    names = ("target", "more", "day", "clock")
    listen(lambda app: payloads.update({name: heard(app, name) for name in names}))
    targets = [option("fleet", "f", "PostgreSQL 16"), option("billing", "b")]
    elements = [
        {"type": "static_select", "action_id": "target", "placeholder": plain("Target"), "options": targets},
        {"type": "overflow", "action_id": "more", "options": [option("Copy", "c"), option("Move", "m")]},
        {"type": "datepicker", "action_id": "day", "initial_date": "2026-11-23"},
        {"type": "timepicker", "action_id": "clock"},
    ]
    workspace.post("x", blocks=[{"type": "actions", "elements": elements}])
    field(page, "target").click()
    expect(page.get_by_role("option", name="fleet")).to_contain_text("PostgreSQL 16")
    field(page, "target").press_sequentially("bil")
    expect(page.get_by_role("option")).to_have_count(1)
    page.get_by_role("option", name="billing").click()
    eventually(lambda: payloads["target"])
    assert payloads["target"][0]["actions"][0]["selected_option"]["value"] == "b"
    page.get_by_role("button", name="More actions").click()
    page.get_by_role("menuitem", name="Move").click()
    eventually(lambda: payloads["more"])
    assert payloads["more"][0]["actions"][0]["selected_option"]["value"] == "m"
    field(page, "day").fill("2026-12-24")
    eventually(lambda: payloads["day"])
    assert payloads["day"][0]["actions"][0]["selected_date"] == "2026-12-24"
    field(page, "clock").fill("17:30")
    eventually(lambda: payloads["clock"])
    assert payloads["clock"][0]["actions"][0]["selected_time"] == "17:30"


def test_options_for_what_was_typed_before_come_too_late(page: Page, workspace: Workspace, listen: Listen) -> None:
    payloads: dict[str, list[Json]] = {}
    asked: list[str] = []
    answered: list[str] = []
    overtaken = Event()

    def register(app: App) -> None:
        @app.options("ticket")
        def offer(ack: Ack, payload: Json) -> None:
            asked.append(payload["value"])
            if payload["value"] == "1":
                overtaken.wait(4)
            ack(options=[option(f"Ticket {payload['value']}", payload["value"] or "any")])
            answered.append(payload["value"])

        payloads["ticket"] = heard(app, "ticket")

    listen(register)
    select = {"type": "external_select", "action_id": "ticket", "min_query_length": 1}
    workspace.post("x", blocks=[{"type": "actions", "elements": [select]}])
    field(page, "ticket").press_sequentially("1")
    eventually(lambda: "1" in asked)
    field(page, "ticket").press_sequentially("7")
    expect(page.get_by_role("option", name="Ticket 17")).to_be_visible()
    overtaken.set()
    eventually(lambda: "1" in answered)
    page.get_by_role("option", name="Ticket 17").click()
    eventually(lambda: payloads["ticket"])
    assert payloads["ticket"][0]["actions"][0]["selected_option"]["value"] == "17"
