"""Bolt over Socket Mode, as it is: from a person's act to what the person sees."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from slack_bolt import App

from sandbox.testing import RunningWorkspace
from tests.integration.sandbox.conftest import Listen
from tests.unit.sandbox.blocks import Json, actions, button, field, home, modal, options, plain, select, text_input

OPTION = {"text": plain("Option 1") | {"emoji": True}, "value": "v1"}
"""An option as Slack sends it back."""


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
    state = {"menus": {"choose": {"type": "static_select", "selected_option": OPTION}}}
    assert chosen == [("v1", state), ("v0", state)]
    refused = slack.person.action("olive", "db-ops", posted["ts"], "choose", "v9", check=False)
    assert refused["error"] == "invalid_value"
    assert "v0, v1" in refused["detail"]


class Submissions:
    """Opens a modal by command, answers its submission as told, and remembers what arrived."""

    def __init__(self, slack: RunningWorkspace, listen: Listen, *blocks: Json, **more: Any) -> None:
        self.answer: Json = {}
        self.received: list[Json] = []
        self.slack = slack
        listen(lambda app: self._register(app, modal(*blocks, callback_id="form", **more)))
        slack.person.command("olive", "db-ops", "/baseliner", "restore")
        self.view = slack.person.wait_for_view("olive")

    def _register(self, app: App, view: Json) -> None:
        @app.command("/baseliner")
        def show(ack: Any, body: Json, client: Any) -> None:
            ack()
            client.views_open(trigger_id=body["trigger_id"], view=view)

        @app.view("form")
        def submitted(ack: Any, body: Json) -> None:
            self.received.append(body)
            ack(**self.answer)

        @app.view_closed("form")
        def closed(ack: Any, body: Json) -> None:
            ack()
            self.received.append(body)

    def submit(self, values: Json, **options: Any) -> Json:
        return self.slack.person.submit("olive", self.view["id"], values, **options)


REASON = field(text_input(action_id="text", max_length=10), block_id="reason")
TARGET = field(select(action_id="pick"), block_id="target", optional=True)


@pytest.mark.parametrize(
    "values",
    [
        {"reason": {"text": "Because"}, "target": {"pick": "v1"}},
        {"text": "Because", "pick": "Option 1"},
        {"reason": "Because", "target": options(2)[1]},
        {"reason": {"type": "plain_text_input", "value": "Because"}, "target": {"selected_option": options(2)[1]}},
    ],
)
def test_a_submission_carries_the_state_and_closes_the_modal(
    slack: RunningWorkspace, listen: Listen, values: Json
) -> None:
    form = Submissions(slack, listen, REASON, TARGET, private_metadata="meta")
    seen = form.submit(values)
    assert seen["ok"]
    assert "view" not in seen
    assert slack.person.views("olive") == []
    view = form.received[0]["view"]
    assert view["private_metadata"] == "meta"
    assert view["state"]["values"] == {
        "reason": {"text": {"type": "plain_text_input", "value": "Because"}},
        "target": {"pick": {"type": "static_select", "selected_option": OPTION}},
    }


def test_errors_stay_on_the_open_modal(slack: RunningWorkspace, listen: Listen) -> None:
    form = Submissions(slack, listen, REASON)
    form.answer = {"response_action": "errors", "errors": {"reason": "Say more"}}
    assert form.submit({"reason": "x"})["errors"] == {"reason": "Say more"}
    shown = slack.person.views("olive")[0]
    assert shown["errors"] == {"reason": "Say more"}
    assert shown["state"]["values"]["reason"]["text"]["value"] == "x"


def test_errors_for_no_input_are_a_violation(slack: RunningWorkspace, listen: Listen) -> None:
    form = Submissions(slack, listen, REASON)
    form.answer = {"response_action": "errors", "errors": {"elsewhere": "No"}}
    assert form.submit({"reason": "x"})["error"] == "invalid_response"
    assert [violation.pointer for violation in slack.workspace.violations] == ["/errors/elsewhere"]
    with pytest.raises(AssertionError, match="is no input block here"):
        slack.assert_no_violations()
    slack.take_violations()


def test_update_and_push_and_clear_change_the_stack(slack: RunningWorkspace, listen: Listen) -> None:
    form = Submissions(slack, listen, REASON)
    form.answer = {"response_action": "update", "view": modal(callback_id="form", title=plain("Second"))}
    assert form.submit({"reason": "x"})["view"]["title"]["text"] == "Second"
    form.answer = {"response_action": "push", "view": modal(callback_id="form", title=plain("Third"))}
    pushed = form.submit({})["view"]
    assert pushed["previous_view_id"] == pushed["root_view_id"] == form.view["id"]
    assert [view["title"]["text"] for view in slack.person.views("olive")] == ["Second", "Third"]
    form.view = pushed
    form.answer = {"response_action": "clear"}
    form.submit({})
    assert slack.person.views("olive") == []
    slack.assert_no_violations()


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({}, "missing_input"),
        ({"reason": ""}, "missing_input"),
        ({"reason": "more than ten"}, "invalid_value"),
        ({"reason": "x", "target": "v9"}, "invalid_value"),
        ({"reason": "x", "else": "y"}, "no_such_input"),
    ],
)
def test_what_the_form_does_not_take_is_refused_before_it_is_sent(
    slack: RunningWorkspace, listen: Listen, values: Json, error: str
) -> None:
    form = Submissions(slack, listen, REASON, TARGET)
    assert form.submit(values, check=False)["error"] == error
    assert form.received == []
    assert len(slack.person.views("olive")) == 1


def test_closing_tells_the_app_that_asked(slack: RunningWorkspace, listen: Listen) -> None:
    form = Submissions(slack, listen, REASON, notify_on_close=True)
    assert slack.person.close("olive", form.view["id"])["ok"]
    assert slack.person.views("olive") == []
    assert (form.received[0]["type"], form.received[0]["is_cleared"]) == ("view_closed", False)


def test_an_invalid_next_view_is_refused_and_recorded(slack: RunningWorkspace, listen: Listen) -> None:
    form = Submissions(slack, listen, REASON)
    form.answer = {"response_action": "update", "view": modal(title=plain("x" * 25))}
    assert form.submit({"reason": "x"})["error"] == "invalid_response"
    assert [violation.rule for violation in slack.take_violations()] == ["modal.title.max_length"]


def test_a_modal_select_keeps_its_state_and_may_update_the_view(slack: RunningWorkspace, listen: Listen) -> None:
    hashes: list[str] = []

    def register(app: App) -> None:
        @app.command("/baseliner")
        def show(ack: Any, body: Json, client: Any) -> None:
            ack()
            view = modal(actions(select(), block_id="menu"), REASON)
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
