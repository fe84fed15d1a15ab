"""Modals and the home in a real browser, with a Bolt app that answers them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from slack_bolt import Ack, App
from slack_sdk import WebClient

from sandbox.model import Json
from tests.e2e.page.answering import field, opens
from tests.e2e.page.builders import modal, option, plain, rich_text, text_input
from tests.e2e.page.conftest import Register, Workspace, become, messages, send
from tests.support import eventually

pytestmark = pytest.mark.browser
Listen = Callable[[Register], None]


def test_a_modal_shows_errors_and_closes_when_it_is_right(page: Page, listen: Listen) -> None:
    submitted: list[Json] = []

    def register(app: App) -> None:
        opens(modal(text_input("name", "Name of the database"), text_input("reason", "Reason", multiline=True)))(app)

        @app.view("restore")
        def judge(ack: Ack, view: Json) -> None:
            values = view["state"]["values"]
            submitted.append(values)
            if values["name"]["name"]["value"] != "fleet":
                ack(response_action="errors", errors={"name": "This is not its name."})
            else:
                ack()

    listen(register)
    send(page, "/baseliner restore")
    dialog, submit = page.get_by_test_id("modal"), page.get_by_test_id("modal-submit")
    expect(dialog).to_contain_text("Restore")
    submit.click()
    expect(page.get_by_test_id("error-name")).to_have_text("Please complete this required field.")
    expect(page.get_by_test_id("error-reason")).to_be_visible()
    assert submitted == []
    field(page, "name").fill("flet")
    dialog.get_by_label("Reason").fill("a table was dropped")
    submit.click()
    expect(page.get_by_test_id("error-name")).to_have_text("This is not its name.")
    expect(page.get_by_test_id("error-reason")).to_be_hidden()
    expect(dialog.get_by_label("Reason")).to_have_value("a table was dropped")
    field(page, "name").fill("fleet")
    submit.click()
    expect(dialog).to_be_hidden()
    assert submitted[-1]["reason"]["reason"]["value"] == "a table was dropped"


def test_every_kind_of_input_reaches_the_app(page: Page, workspace: Workspace, listen: Listen) -> None:
    received: list[Json] = []
    ticks = [option("One", "1"), option("Two", "2")]

    def element(kind: str, **more: Any) -> Json:
        return {
            "type": "input",
            "block_id": kind,
            "label": plain(kind),
            "element": {"type": kind, "action_id": kind, **more},
        }

    view = modal(
        element("checkboxes", options=ticks),
        element("radio_buttons", options=ticks, initial_option=ticks[0]),
        element("multi_static_select", option_groups=[{"label": plain("Group"), "options": ticks}]),
        element("external_select", min_query_length=0),
        element("users_select"),
        element("number_input", is_decimal_allowed=False, min_value="2"),
        element("datetimepicker"),
        element("email_text_input"),
        element("url_text_input"),
        element("rich_text_input", initial_value=rich_text("preset")),
        element("datepicker"),
        element("timepicker"),
        element("channels_select"),
        element("conversations_select", placeholder=plain("Anywhere")),
        element("multi_users_select", max_selected_items=2),
    )

    def register(app: App) -> None:
        opens(view)(app)

        @app.options("external_select")
        def offer(ack: Ack, payload: Json) -> None:
            ack(options=[option(f"Ticket {payload['value'] or 'any'}", "t1")])

        @app.view("restore")
        def take(ack: Ack, view: Json) -> None:
            ack()
            received.append(view["state"]["values"])

    listen(register)
    send(page, "/baseliner all")
    page.get_by_label("Two").first.check()
    page.get_by_role("radio", name="Two").check()
    field(page, "multi_static_select").click()
    page.get_by_role("option", name="One").click()
    page.get_by_role("option", name="Two").click()
    page.keyboard.press("Escape")
    expect(page.get_by_role("option")).to_have_count(0)
    field(page, "external_select").click()
    field(page, "external_select").press_sequentially("17")
    page.get_by_role("option", name="Ticket 17").click()
    field(page, "users_select").click()
    page.get_by_role("option", name="Ada Approver").click()
    field(page, "number_input").fill("1")
    field(page, "datetimepicker").fill("2026-01-13T17:30")
    field(page, "email_text_input").fill("ada@example.org")
    fill_in_the_rest(page)
    page.get_by_test_id("modal-submit").click()
    expect(page.get_by_test_id("error-number_input")).to_have_text("At least 2.")
    field(page, "number_input").fill("3")
    page.get_by_test_id("modal-submit").click()
    expect(page.get_by_test_id("modal")).to_be_hidden()
    (values,) = received
    held = {kind: {key: value for key, value in state[kind].items() if key != "type"} for kind, state in values.items()}
    assert held == {
        "checkboxes": {"selected_options": [ticks[1]]},
        "radio_buttons": {"selected_option": ticks[1]},
        "multi_static_select": {"selected_options": ticks},
        "external_select": {"selected_option": option("Ticket 17", "t1")},
        "users_select": {"selected_user": workspace.user("ada")},
        "number_input": {"value": "3"},
        "datetimepicker": {"selected_date_time": 1768305600},
        "email_text_input": {"value": "ada@example.org"},
        "url_text_input": {"value": "https://example.org/a"},
        "rich_text_input": {"rich_text_value": rich_text("two\nlines")},
        "datepicker": {"selected_date": "2026-12-24"},
        "timepicker": {"selected_time": "07:05"},
        "channels_select": {"selected_channel": workspace.channel("db-alerts")},
        "conversations_select": {"selected_conversation": workspace.user("dana")},
        "multi_users_select": {"selected_users": [workspace.user("olive"), workspace.user("arjun")]},
    }


def fill_in_the_rest(page: Page) -> None:
    """The kinds of inputs that need no answer of the app."""
    field(page, "url_text_input").fill("https://example.org/a")
    expect(field(page, "rich_text_input")).to_have_value("preset")
    field(page, "rich_text_input").fill("two\nlines")
    field(page, "datepicker").fill("2026-12-24")
    field(page, "timepicker").fill("07:05")
    for kind, choice in (("channels_select", "#db-alerts"), ("conversations_select", "Dana Developer")):
        field(page, kind).click()
        page.get_by_role("option", name=choice).click()
        expect(page.get_by_role("option")).to_have_count(0)
    field(page, "multi_users_select").click()
    page.get_by_role("option", name="Olive Operator").click()
    page.get_by_role("option", name="Arjun Approver").click()
    page.keyboard.press("Escape")
    expect(page.get_by_role("option")).to_have_count(0)


def test_an_update_keeps_what_was_typed_and_a_push_lies_on_top(page: Page, listen: Listen) -> None:
    target = {"type": "static_select", "action_id": "target", "options": [option("fleet", "f")]}
    choose = {"type": "section", "block_id": "t", "text": plain("Target"), "accessory": target}
    more = {"type": "actions", "elements": [{"type": "button", "action_id": "more", "text": plain("More")}]}
    states: list[Json] = []

    def register(app: App) -> None:
        opens(modal(choose, text_input("reason", "Reason"), more))(app)

        @app.action("target")
        def update(ack: Ack, body: Json, client: WebClient) -> None:
            ack()
            states.append(body["view"]["state"]["values"])
            blocks = (choose, text_input("reason", "Reason"), text_input("extra", "For fleet only"), more)
            client.views_update(view_id=body["view"]["id"], view=modal(*blocks, title="Restore fleet"))

        @app.action("more")
        def push(ack: Ack, body: Json, client: WebClient) -> None:
            ack()
            client.views_push(trigger_id=body["trigger_id"], view=modal(text_input("deep", "Deeper"), title="On top"))

    listen(register)
    send(page, "/baseliner restore")
    field(page, "reason").fill("half a sen")
    field(page, "target").click()
    page.get_by_role("option", name="fleet").click()
    expect(page.get_by_test_id("modal-title")).to_have_text("Restore fleet")
    expect(page.get_by_test_id("action-extra")).to_be_visible()
    expect(field(page, "reason")).to_have_value("half a sen")
    assert states[0]["reason"]["reason"]["value"] == "half a sen"
    page.get_by_test_id("modal").get_by_role("button", name="More").click()
    expect(page.get_by_test_id("modal-title")).to_have_text("On top")
    page.get_by_test_id("modal-back").click()
    expect(page.get_by_test_id("modal-title")).to_have_text("Restore fleet")
    expect(field(page, "reason")).to_have_value("half a sen")


def test_escape_closes_the_menu_first_and_then_the_modal_and_tells_the_app(page: Page, listen: Listen) -> None:
    closed: list[Json] = []

    def register(app: App) -> None:
        target = {"type": "static_select", "action_id": "target", "options": [option("fleet", "f")]}
        block = {"type": "input", "block_id": "t", "label": plain("Target"), "element": target}
        opens(modal(block, notify_on_close=True))(app)

        @app.view_closed("restore")
        def hear(ack: Ack, body: Json) -> None:
            ack()
            closed.append(body)

    listen(register)
    send(page, "/baseliner restore")
    field(page, "target").click()
    expect(page.get_by_role("option")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(page.get_by_role("option")).to_have_count(0)
    expect(page.get_by_test_id("modal")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("modal")).to_be_hidden()
    eventually(lambda: closed)


def test_a_modal_belongs_to_one_person(page: Page, listen: Listen) -> None:
    listen(opens(modal(text_input("reason", "Reason"))))
    send(page, "/baseliner restore")
    expect(page.get_by_test_id("modal")).to_be_visible()
    other = page.context.new_page()
    other.goto(page.url.replace("olive", "ada"))
    expect(other.get_by_test_id("composer")).to_be_visible()
    expect(other.get_by_test_id("modal")).to_be_hidden()
    other.goto(page.url)
    expect(other.get_by_test_id("modal")).to_be_visible()


def test_the_home_is_each_persons_own(page: Page, listen: Listen) -> None:
    def register(app: App) -> None:
        @app.event("app_home_opened")
        def publish(event: Json, client: WebClient) -> None:
            section = {"type": "section", "text": {"type": "mrkdwn", "text": f"Hello <@{event['user']}>"}}
            client.views_publish(user_id=event["user"], view={"type": "home", "blocks": [section]})

    listen(register)
    page.get_by_test_id("app-home").click()
    expect(page.get_by_test_id("home")).to_contain_text("Hello @Olive Operator")
    become(page, "ada")
    expect(page.get_by_test_id("home")).to_contain_text("Hello @Ada Approver")
    page.get_by_test_id("tab-messages").click()
    send(page, "hi there")
    expect(messages(page, "hi there")).to_contain_text("Ada Approver")
