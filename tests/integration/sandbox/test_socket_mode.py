"""Bolt over Socket Mode, as it is: from a person's act to what the person sees."""

from __future__ import annotations

import threading
from typing import Any

from slack_bolt import App

from sandbox.testing import RunningWorkspace
from tests.integration.sandbox.apps import OPS
from tests.integration.sandbox.conftest import Listen
from tests.unit.sandbox.blocks import (
    OPTION_1,
    Json,
    actions,
    button,
    field,
    home,
    modal,
    options,
    plain,
    select,
    text_input,
)


def test_a_command_is_acknowledged_and_answered_in_the_channel(slack: RunningWorkspace, listen: Listen) -> None:
    def register(app: App) -> None:
        @app.command("/baseliner")
        def answer(ack: Any, command: Json, client: Any) -> None:
            ack()
            client.chat_postMessage(channel=command["channel_id"], text=f"You said {command['text']}")

    listen(register)
    seen = slack.person.command("olive", "#db-ops", "/baseliner", "hello")
    assert seen == {"ok": True, "acknowledged": True, "status": 200, "response": {}}
    message = slack.person.wait_for_message("db-ops")
    assert message["text"] == "You said hello"
    assert message["ephemeral"] is False


def test_an_acknowledgement_with_text_is_seen_by_the_person_alone(slack: RunningWorkspace, listen: Listen) -> None:
    def register(app: App) -> None:
        app.command("/baseliner")(lambda ack: ack("Here is help"))

    listen(register)
    slack.person.command("olive", "db-ops", "/baseliner")
    assert [message["text"] for message in slack.person.messages("db-ops", "olive")] == ["Here is help"]
    assert slack.person.messages("db-ops", "dana") == []
    assert slack.person.messages("db-ops") == []


def test_an_acknowledgement_in_the_channel_is_seen_by_all(slack: RunningWorkspace, listen: Listen) -> None:
    def register(app: App) -> None:
        app.command("/baseliner")(lambda ack: ack(text="Hello", response_type="in_channel"))

    listen(register)
    slack.person.command("olive", "db-ops", "/baseliner")
    assert slack.person.messages("db-ops", "dana")[0]["ephemeral"] is False


def test_a_command_without_acknowledgement_times_out_for_the_person(slack: RunningWorkspace, listen: Listen) -> None:
    def register(app: App) -> None:
        app.command("/baseliner")(lambda: None)

    listen(register)
    seen = slack.person.command("olive", "db-ops", "/baseliner")
    assert seen["error"] == "operation_timeout"
    assert not seen["acknowledged"]
    told = slack.person.messages("db-ops", "olive")[-1]
    assert told["text"] == '/baseliner failed with the error "operation_timeout"'
    assert told["ephemeral"] is True


def test_without_a_socket_a_command_cannot_be_dispatched(slack: RunningWorkspace) -> None:
    assert slack.person.command("olive", "db-ops", "/baseliner")["error"] == "dispatch_failed"


def test_a_button_carries_its_message_and_is_gone_after_the_update(slack: RunningWorkspace, listen: Listen) -> None:
    received: list[Json] = []

    def register(app: App) -> None:
        @app.action("approve")
        def approve(ack: Any, body: Json, client: Any) -> None:
            ack()
            received.append(body)
            client.chat_update(channel=body["channel"]["id"], ts=body["message"]["ts"], text="Approved")

    app = listen(register)
    ts = app.client.chat_postMessage(
        channel="#db-approvals", text="Approve?", blocks=[actions(button("approve", value="plan-1"))]
    )["ts"]
    assert slack.person.action("ada", "db-approvals", ts, "approve")["ok"]
    message = slack.person.wait_for_message("db-approvals", lambda message: message["text"] == "Approved")
    assert message["edited"]
    assert message["blocks"] == []
    body = received[0]
    assert (body["user"]["id"], body["container"]["message_ts"]) == ("U0APPROVER", ts)
    assert body["actions"][0]["value"] == "plan-1"
    assert body["message"]["blocks"][0]["elements"][0]["action_id"] == "approve"
    gone = slack.person.action("ada", "db-approvals", ts, "approve", check=False)
    assert (gone["error"], gone["action_ids"]) == ("action_not_found", [])


def test_menus_say_what_was_chosen(slack: RunningWorkspace, listen: Listen) -> None:
    chosen: list[tuple[str, Any]] = []

    def register(app: App) -> None:
        @app.action({"block_id": "menus"})
        def choose(ack: Any, action: Json, body: Json) -> None:
            ack()
            chosen.append((action["selected_option"]["value"], body["state"]["values"]))

    app = listen(register)
    menu = {"type": "overflow", "action_id": "more", "options": options(2)}
    posted = app.client.chat_postMessage(
        channel="C0DBOPS001", text="Menus", blocks=[actions(select(), menu, block_id="menus")]
    )
    slack.person.action("olive", "db-ops", posted["ts"], "choose", "Option 1")
    slack.person.action("olive", "db-ops", posted["ts"], "more", "v0")
    state = {"menus": {"choose": {"type": "static_select", "selected_option": OPTION_1}}}
    assert chosen == [("v1", state), ("v0", state)]
    refused = slack.person.action("olive", "db-ops", posted["ts"], "choose", "v9", check=False)
    assert refused["error"] == "invalid_value"
    assert "v0, v1" in refused["detail"]


def test_a_modal_select_keeps_its_state_and_may_update_the_view(slack: RunningWorkspace, listen: Listen) -> None:
    hashes: list[str] = []

    def register(app: App) -> None:
        @app.command("/baseliner")
        def show(ack: Any, body: Json, client: Any) -> None:
            ack()
            view = modal(actions(select(), block_id="menu"), field(text_input()))
            client.views_open(trigger_id=body["trigger_id"], view=view)

        @app.action("choose")
        def chosen(ack: Any, body: Json, client: Any) -> None:
            ack()
            hashes.append(body["view"]["hash"])
            blocks = [*body["view"]["blocks"], {"type": "divider"}]
            client.views_update(view_id=body["view"]["id"], hash=hashes[0], view=modal(*blocks))

    listen(register)
    slack.person.command("olive", "db-ops", "/baseliner")
    view = slack.person.wait_for_view("olive")
    assert slack.person.view_action("olive", view["id"], "choose", "v1")["ok"]
    updated = slack.person.wait_for_view("olive", lambda view: len(view["blocks"]) == 3)
    assert updated["state"]["values"]["menu"]["choose"]["selected_option"]["value"] == "v1"
    assert updated["hash"] != hashes[0]


def test_external_selects_ask_the_app_for_options(slack: RunningWorkspace, listen: Listen) -> None:
    chosen = threading.Event()
    queries: list[str] = []

    def register(app: App) -> None:
        @app.options("backup")
        def suggest(ack: Any, payload: Json) -> None:
            queries.append(payload["value"])
            ack(options=options(3))

        @app.action("backup")
        def choose(ack: Any, action: Json) -> None:
            ack()
            if action["selected_option"]["value"] == "v2":
                chosen.set()

    app = listen(register)
    menu = {"type": "external_select", "action_id": "backup", "min_query_length": 0}
    ts = app.client.chat_postMessage(channel="C0DBOPS001", text="Which?", blocks=[actions(menu)])["ts"]
    assert slack.person.action("olive", "db-ops", ts, "backup", "v2")["ok"]
    assert chosen.wait(5)
    assert queries == ["v2"]


def test_the_home_tab_is_published_when_opened(slack: RunningWorkspace, listen: Listen) -> None:
    def register(app: App) -> None:
        @app.event("app_home_opened")
        def opened(event: Json, client: Any) -> None:
            client.views_publish(user_id=event["user"], view=home({"type": "header", "text": plain("Health")}))

    listen(register)
    assert slack.person.home("olive")["ok"]
    slack.person.wait_for(lambda: slack.person.home_view("olive"))
    assert slack.person.home_view("dana") is None


def test_a_mention_reaches_the_app_in_its_thread(slack: RunningWorkspace, listen: Listen) -> None:
    def register(app: App) -> None:
        @app.event("app_mention")
        def mentioned(event: Json, say: Any) -> None:
            say(text="Yes?", thread_ts=event["ts"])

        @app.event("message")
        def heard() -> None:
            pass

    listen(register)
    said = slack.person.say("olive", "db-ops", "@App are you there?")["message"]
    reply = slack.person.wait_for_message("db-ops", lambda message: message["text"] == "Yes?")
    assert reply["thread_ts"] == said["ts"]
    parent = slack.person.messages("db-ops")[0]
    assert (parent["reply_count"], parent["text"]) == (1, "<@U0SANDBOXBOT> are you there?")


def test_bolt_connects_anew_when_asked_to(slack: RunningWorkspace, listen: Listen) -> None:
    def register(app: App) -> None:
        app.command("/baseliner")(lambda ack: ack())

    listen(register)
    opened = [exchange for exchange in slack.workspace.wire.exchanges if exchange.name == "apps.connections.open"]
    slack.refresh_sockets()
    slack.person.wait_for(lambda: slack.person.command("olive", "db-ops", "/baseliner")["ok"] or None)
    again = [exchange for exchange in slack.workspace.wire.exchanges if exchange.name == "apps.connections.open"]
    assert len(again) > len(opened)


def test_respond_replaces_deletes_and_adds(slack: RunningWorkspace, listen: Listen) -> None:
    statuses: list[int] = []

    def register(app: App) -> None:
        app.command("/baseliner")(
            lambda ack: ack(text="Pick", blocks=[actions(button("replace"), button("delete"), button("add"))])
        )

        @app.action("replace")
        def replace(ack: Any, respond: Any) -> None:
            ack()
            blocks = [actions(button("delete"))]
            statuses.append(respond(text="Replaced", blocks=blocks, replace_original=True).status_code)

        @app.action("delete")
        def delete(ack: Any, respond: Any) -> None:
            ack()
            statuses.append(respond(delete_original=True).status_code)

        @app.action("add")
        def add(ack: Any, respond: Any) -> None:
            ack()
            for number in range(6):
                statuses.append(respond(text=f"More {number}", response_type="in_channel").status_code)

    listen(register)
    slack.person.command("olive", "db-ops", "/baseliner")
    picked = slack.person.wait_for_message("db-ops", user="olive")
    slack.person.action("olive", "db-ops", picked["ts"], "add")
    slack.person.wait_for_message("db-ops", lambda message: message["text"] == "More 4")
    slack.person.wait_for(lambda: statuses if len(statuses) == 6 else None)
    assert statuses == [200] * 5 + [404]
    slack.person.action("olive", "db-ops", picked["ts"], "replace")
    slack.person.wait_for_message("db-ops", lambda message: message["text"] == "Replaced", user="olive")
    slack.person.action("olive", "db-ops", picked["ts"], "delete")
    slack.person.wait_for(
        lambda: all(m["text"].startswith("More") for m in slack.person.messages("db-ops", "olive")) or None
    )


def test_an_ephemeral_message_cannot_be_used_by_someone_else(slack: RunningWorkspace, listen: Listen) -> None:
    app = listen(lambda app: None)
    posted = app.client.chat_postEphemeral(
        channel="C0DBOPS001", user="U0OPERATOR", text="Yours", blocks=[actions(button())]
    )
    seen = slack.person.action("dana", "db-ops", posted["message_ts"], "press", check=False)
    assert seen["error"] == "message_not_found"


def test_a_button_in_an_attachment_says_which_attachment(slack: RunningWorkspace, listen: Listen) -> None:
    received: list[Json] = []

    def register(app: App) -> None:
        @app.action("press")
        def pressed(ack: Any, body: Json, client: Any) -> None:
            ack()
            received.append(body)
            attachments = [{"text": "Pressed", "blocks": [actions(button("again"))]}]
            client.chat_update(channel=OPS, ts=body["message"]["ts"], text="x", attachments=attachments)

    app = listen(register)
    attachments: list[Json] = [{"text": "One"}, {"color": "#00ff00", "blocks": [actions(button(), select())]}]
    ts = app.client.chat_postMessage(channel=OPS, text="x", attachments=attachments)["ts"]
    slack.person.action("olive", "db-ops", ts, "choose", "v1")
    assert slack.person.action("olive", "db-ops", ts, "press")["ok"]
    (body,) = received
    assert body["container"]["type"] == "message_attachment"
    assert (body["container"]["attachment_id"], body["container"]["is_app_unfurl"]) == (2, False)
    block_id = body["message"]["attachments"][1]["blocks"][0]["block_id"]
    assert body["state"]["values"][block_id]["choose"]["selected_option"] == OPTION_1
    message = slack.person.wait_for_message("db-ops", lambda message: message["attachments"][0]["text"] == "Pressed")
    assert message["attachments"][0]["blocks"][0]["elements"][0]["action_id"] == "again"
