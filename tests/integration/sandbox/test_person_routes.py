"""The `/person` routes as a test from outside uses them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from slack_bolt import App

from sandbox.manifest import parse_manifest
from sandbox.person import PersonClient
from sandbox.testing import RunningWorkspace, running_workspace
from sandbox.workspace import Workspace
from tests.integration.sandbox.apps import OPS
from tests.integration.sandbox.conftest import Listen, web_client
from tests.unit.sandbox.blocks import Json, actions, button, field, modal, option, select, text_input


def test_the_workspace_tells_what_an_app_and_a_test_need(slack: RunningWorkspace) -> None:
    described = slack.person.workspace()
    assert {"team_id", "bot_token", "app_token", "signing_secret"} <= set(described)
    assert [user["role"] for user in described["users"]] == ["Operator", "Approver", "Approver", "Developer"]
    assert [channel["name"] for channel in described["channels"]] == ["db-ops", "db-alerts", "db-approvals"]


@pytest.mark.parametrize("user", ["U0OPERATOR", "olive", "@olive", "Olive Operator", "Operator", "operator"])
@pytest.mark.parametrize("channel", ["C0DBOPS001", "db-ops", "#db-ops"])
def test_people_and_channels_go_by_id_or_name(shared: RunningWorkspace, user: str, channel: str) -> None:
    said = shared.person.say(user, channel, "Hello")["message"]
    assert said["user"] == "U0OPERATOR"
    assert shared.person.messages(channel)[-1]["ts"] == said["ts"]


@pytest.fixture(scope="module")
def shared() -> Iterator[RunningWorkspace]:
    """One workspace for acts that do not disturb each other."""
    with running_workspace() as running:
        yield running


WRONG = [
    ("commands", {"user": "nobody", "channel": "db-ops", "command": "/x"}, 404, "user_not_found"),
    ("commands", {"user": "olive", "channel": "nowhere", "command": "/x"}, 404, "channel_not_found"),
    ("commands", {"user": "olive"}, 400, "invalid_arguments"),
    ("actions", {"user": "olive", "action_id": "x"}, 400, "invalid_arguments"),
    ("actions", {"user": "olive", "channel": "db-ops", "ts": "1.1", "action_id": "x"}, 404, "message_not_found"),
    ("actions", {"user": "olive", "view_id": "V1", "action_id": "x"}, 404, "view_not_found"),
    ("views", {"user": "olive", "view_id": "V1", "values": {}}, 404, "view_not_found"),
    ("views", {"user": "olive", "view_id": "V1", "submit": False}, 404, "view_not_found"),
    ("messages", {"user": "olive", "channel": "db-ops", "text": "x", "thread_ts": "1.1"}, 404, "thread_not_found"),
]


@pytest.mark.parametrize(("path", "body", "status", "error"), WRONG)
def test_what_a_person_cannot_do_is_said(
    shared: RunningWorkspace, path: str, body: Json, status: int, error: str
) -> None:
    reply = httpx.post(f"{shared.url}/person/{path}", json=body)
    assert (reply.status_code, reply.json()["error"]) == (status, error)
    assert reply.json()["detail"]


def test_a_body_that_is_no_json_is_refused(shared: RunningWorkspace) -> None:
    assert httpx.post(f"{shared.url}/person/home", content="{").json()["error"] == "invalid_json"


def test_an_unknown_action_is_answered_with_those_there_are(slack: RunningWorkspace) -> None:
    posted = web_client(slack).chat_postMessage(
        channel="db-ops", text="x", blocks=[actions(button("yes"), button("no"))]
    )
    with pytest.raises(httpx.HTTPStatusError, match="there are: yes, no"):
        slack.person.action("olive", "db-ops", posted["ts"], "maybe")


def test_a_command_that_the_manifest_does_not_know_is_refused_as_in_slack() -> None:
    manifest = parse_manifest({"features": {"slash_commands": [{"command": "/baseliner"}]}})
    with running_workspace(Workspace(manifest=manifest)) as slack:
        assert slack.person.command("olive", "db-ops", "/other")["error"] == "unknown_command"
        assert "not a valid command" in slack.person.messages("db-ops", "olive")[0]["text"]


def test_an_input_that_does_not_notify_only_keeps_what_was_entered(slack: RunningWorkspace) -> None:
    content = modal(field(text_input(), block_id="reason"), actions(select(), block_id="menu"))
    trigger_id = slack.run(lambda: slack.workspace.triggers.issue("U0OPERATOR"))
    view = web_client(slack).views_open(trigger_id=trigger_id, view=content)["view"]
    assert slack.person.view_action("olive", view["id"], "write", "Because")["ok"]
    kept = slack.person.views("olive")[0]["state"]["values"]
    assert kept["reason"]["write"]["value"] == "Because"
    assert slack.person.view_action("olive", view["id"], "choose", "v0")["error"] == "dispatch_failed"


def test_only_the_topmost_modal_can_be_used(slack: RunningWorkspace) -> None:
    client = web_client(slack)
    first = client.views_open(trigger_id=slack.run(lambda: slack.workspace.triggers.issue("U0OPERATOR")), view=modal())[
        "view"
    ]
    second = client.views_push(
        trigger_id=slack.run(lambda: slack.workspace.triggers.issue("U0OPERATOR", first["id"])), view=modal()
    )["view"]
    assert slack.person.submit("olive", first["id"], check=False)["error"] == "view_not_found"
    assert slack.person.submit("dana", second["id"], check=False)["error"] == "view_not_found"
    assert slack.person.close("olive", second["id"])["view"]["id"] == first["id"]
    assert slack.person.close("olive", first["id"], clear=True).get("view") is None


def test_waiting_says_what_was_there_instead(slack: RunningWorkspace) -> None:
    slack.person.say("olive", "db-ops", "Something else")
    with pytest.raises(TimeoutError, match="Something else"):
        slack.person.wait_for_message("db-ops", lambda message: message["text"] == "Done", timeout=0.1)


def test_what_people_write_is_escaped_as_slack_does(slack: RunningWorkspace) -> None:
    assert slack.person.say("olive", "db-ops", "<b> & @App")["message"]["text"] == "&lt;b&gt; &amp; <@U0SANDBOXBOT>"


def test_two_workspaces_in_one_process_do_not_meet() -> None:
    with running_workspace() as one, running_workspace() as other:
        one.person.say("olive", "db-ops", "Only here")
        assert other.person.messages("db-ops") == []
        assert one.workspace.credentials.bot_token != other.workspace.credentials.bot_token
        with PersonClient(other.url) as person:
            assert person.workspace()["signing_secret"] == other.workspace.credentials.signing_secret


def test_an_option_can_be_chosen_though_more_was_typed_since(slack: RunningWorkspace, listen: Listen) -> None:
    chosen: list[str] = []

    def register(app: App) -> None:
        app.options("ticket")(lambda ack, payload: ack(options=[option(payload["value"], "T")]))

        @app.action("ticket")
        def hear(ack: Any, action: Json) -> None:
            ack()
            chosen.append(action["selected_option"]["value"])

    app = listen(register)
    menu = {"type": "external_select", "action_id": "ticket"}
    ts = app.client.chat_postMessage(channel=OPS, text="Which?", blocks=[actions(menu)])["ts"]
    where = {"user": "olive", "channel": "db-ops", "ts": ts, "action_id": "ticket"}
    for query in ("17", "171"):
        reply = httpx.post(f"{slack.url}/person/suggestions", json={**where, "query": query}, timeout=20)
        assert reply.json()["options"][0]["value"] == query
    assert slack.person.action("olive", "db-ops", ts, "ticket", "17")["ok"]
    slack.person.wait_for(lambda: chosen or None)
    assert chosen == ["17"]
