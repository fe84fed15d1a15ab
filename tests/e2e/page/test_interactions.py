"""Buttons, menus and modals in a real browser, with a Bolt app that answers them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect
from slack_bolt import Ack, App
from slack_sdk import WebClient

from sandbox.model import Json
from tests.e2e.page.conftest import Register, Workspace, become, messages, send
from tests.support import eventually

pytestmark = pytest.mark.browser
Listen = Callable[[Register], None]


def plain(text: str) -> Json:
    """A plain_text object, with what the workspace fills in."""
    return {"type": "plain_text", "text": text, "emoji": True}


def option(text: str, value: str, description: str | None = None) -> Json:
    """An option object."""
    entry: Json = {"text": plain(text), "value": value}
    return entry if description is None else {**entry, "description": plain(description)}


def text_input(block_id: str, label: str, **more: Any) -> Json:
    """An input block with a plain_text_input; `block_*` arguments go to the block."""
    block = {key.removeprefix("block_"): more.pop(key) for key in list(more) if key.startswith("block_")}
    element = {"type": "plain_text_input", "action_id": block_id, **more}
    return {"type": "input", "block_id": block_id, "label": plain(label), "element": element, **block}


def modal(*blocks: Json, title: str = "Restore", **more: Any) -> Json:
    """A modal view."""
    return {
        "type": "modal",
        "callback_id": "restore",
        "title": plain(title),
        "submit": plain("Ask"),
        "blocks": list(blocks),
        **more,
    }


def opens(view: Json) -> Callable[[App], None]:
    """Registers /baseliner, which opens the view."""

    def register(app: App) -> None:
        @app.command("/baseliner")
        def open_view(ack: Ack, body: Json, client: WebClient) -> None:
            ack()
            client.views_open(trigger_id=body["trigger_id"], view=view)

    return register


def heard(app: App, action_id: str) -> list[Json]:
    """The payloads of this action, as they come."""
    payloads: list[Json] = []

    @app.action(action_id)
    def hear(ack: Ack, body: Json) -> None:
        ack()
        payloads.append(body)

    return payloads


def field(page: Page, action_id: str) -> Locator:
    """The native input of an element."""
    return page.get_by_test_id(f"action-{action_id}").locator("input, textarea").first


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
    }


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
