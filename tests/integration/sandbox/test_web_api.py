"""The Web API's answers and refusals, called as an app calls it."""

from __future__ import annotations

import json
from collections.abc import Iterator

import httpx
import pytest
from slack_sdk import WebClient

from sandbox.clock import MovableClock
from sandbox.manifest import parse_manifest
from sandbox.testing import RunningWorkspace, running_workspace
from sandbox.wire import Exchange
from sandbox.workspace import Workspace
from tests.integration.sandbox.apps import OPS, refusal
from tests.integration.sandbox.conftest import web_client
from tests.unit.sandbox.blocks import Json, button, home, modal, mrkdwn, section

BAD_CALLS = [
    ("chat.postMessage", {"channel": OPS}, "no_text"),
    ("chat.postMessage", {"channel": "C0NOWHERE1", "text": "x"}, "channel_not_found"),
    ("chat.postMessage", {"channel": "#nowhere", "text": "x"}, "channel_not_found"),
    ("chat.postMessage", {"text": "x"}, "invalid_arguments"),
    ("chat.postMessage", {"channel": OPS, "text": ["x"]}, "invalid_arguments"),
    ("chat.postMessage", {"channel": OPS, "text": "x", "blocks": "no json"}, "invalid_blocks_format"),
    ("chat.postMessage", {"channel": OPS, "blocks": [section(text=mrkdwn("x" * 2700))] * 5}, "msg_blocks_too_long"),
    ("chat.postMessage", {"channel": OPS, "text": "x", "thread_ts": "1.000001"}, "thread_not_found"),
    ("chat.postMessage", {"channel": OPS, "text": "x", "metadata": {"event_type": 1}}, "invalid_metadata_format"),
    ("chat.update", {"channel": OPS, "ts": "1.000001", "text": "x"}, "message_not_found"),
    ("chat.update", {"channel": "#db-ops", "ts": "1.000001", "text": "x"}, "channel_not_found"),
    ("chat.delete", {"channel": OPS, "ts": "1.000001"}, "message_not_found"),
    ("chat.getPermalink", {"channel": OPS, "message_ts": "1.000001"}, "message_not_found"),
    ("chat.postEphemeral", {"channel": OPS, "user": "U0NOBODY01", "text": "x"}, "user_not_in_channel"),
    ("chat.postEphemeral", {"channel": OPS, "user": "U0OPERATOR"}, "no_text"),
    ("conversations.info", {"channel": "C0NOWHERE1"}, "channel_not_found"),
    ("conversations.list", {"types": "secret_channel"}, "invalid_types"),
    ("conversations.members", {"channel": OPS, "cursor": "abc"}, "invalid_cursor"),
    ("conversations.replies", {"channel": OPS, "ts": "1.000001"}, "thread_not_found"),
    ("conversations.history", {"channel": OPS, "oldest": "noon"}, "invalid_ts_oldest"),
    ("conversations.open", {"users": "U0NOBODY01"}, "user_not_found"),
    ("users.info", {"user": "U0NOBODY01"}, "user_not_found"),
    ("usergroups.users.list", {"usergroup": "S0NOBODY01"}, "no_such_subteam"),
    ("reactions.add", {"channel": OPS, "timestamp": "1.000001", "name": "eyes"}, "message_not_found"),
    ("reactions.add", {"channel": OPS, "timestamp": "1.000001", "name": "no such"}, "invalid_name"),
    ("files.completeUploadExternal", {"files": [{"id": "F0NOTHING1"}]}, "file_not_found"),
    ("files.completeUploadExternal", {}, "invalid_arguments"),
    ("files.getUploadURLExternal", {"filename": "a.txt", "length": 0}, "invalid_arguments"),
    ("views.open", {"trigger_id": "1.2.abc", "view": modal()}, "invalid_trigger_id"),
    ("views.open", {"trigger_id": "1.2.abc"}, "invalid_arguments"),
    ("views.open", {"trigger_id": "1.2.abc", "view": home()}, "invalid_arguments"),
    ("views.update", {"view_id": "V0NOTHING1", "view": modal()}, "not_found"),
    ("views.update", {"view": modal()}, "invalid_arguments"),
    ("views.publish", {"user_id": "U0NOBODY01", "view": home()}, "user_not_found"),
    ("views.publish", {"user_id": "U0OPERATOR", "view": modal()}, "invalid_arguments"),
    ("chat.meMessage", {}, "unknown_method"),
    ("api.test", {"error": "my_error"}, "my_error"),
    ("apps.connections.open", {}, "not_allowed_token_type"),
]


@pytest.fixture(scope="module")
def shared() -> Iterator[RunningWorkspace]:
    """One workspace for calls that change nothing."""
    with running_workspace(Workspace(rates=False), strict=False) as running:
        yield running


def last_call(slack: RunningWorkspace) -> Exchange:
    """The app's last call as it was on the wire, events that it raised aside."""
    return [exchange for exchange in slack.workspace.wire.exchanges if exchange.sender == "app"][-1]


@pytest.mark.parametrize(("method", "arguments", "error"), BAD_CALLS)
def test_a_bad_call_is_refused_with_slacks_error(
    shared: RunningWorkspace, method: str, arguments: Json, error: str
) -> None:
    assert refusal(web_client(shared), method, **arguments)["error"] == error


@pytest.mark.parametrize(
    ("token", "error"), [("", "not_authed"), ("xoxb-wrong", "invalid_auth"), ("xapp", "not_allowed_token_type")]
)
def test_a_call_needs_the_right_token(shared: RunningWorkspace, token: str, error: str) -> None:
    token = shared.workspace.credentials.app_token if token == "xapp" else token
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    reply = httpx.post(f"{shared.api_url}auth.test", headers=headers)
    assert reply.status_code == 200
    assert reply.json() == {"ok": False, "error": error}


@pytest.mark.parametrize("form", ["json", "data", "files", "params"])
def test_every_kind_of_body_is_understood(shared: RunningWorkspace, form: str) -> None:
    token = shared.workspace.credentials.bot_token
    arguments = {"channel": OPS, "text": form, "blocks": json.dumps([section()])}
    if form == "json":
        reply = httpx.post(
            f"{shared.api_url}chat.postMessage", json=arguments, headers={"Authorization": f"Bearer {token}"}
        )
    elif form == "files":
        parts = {key: (None, value) for key, value in (arguments | {"token": token}).items()}
        reply = httpx.post(f"{shared.api_url}chat.postMessage", files=parts)
    elif form == "data":
        reply = httpx.post(f"{shared.api_url}chat.postMessage", data=arguments | {"token": token})
    else:
        reply = httpx.post(f"{shared.api_url}chat.postMessage", params=arguments | {"token": token})
    assert reply.json()["message"]["text"] == form
    assert reply.json()["message"]["blocks"][0]["block_id"]
    assert token not in last_call(shared).request


def test_a_broken_json_body_is_refused(shared: RunningWorkspace) -> None:
    reply = httpx.post(f"{shared.api_url}auth.test", content="{", headers={"Content-Type": "application/json"})
    assert reply.json()["error"] == "invalid_json"


def test_invalid_blocks_are_named_by_pointer_and_remembered(slack: RunningWorkspace, client: WebClient) -> None:
    body = refusal(client, "chat.postMessage", channel=OPS, text="x", blocks=[section(text=mrkdwn(""))])
    assert body["error"] == "invalid_blocks"
    assert body["response_metadata"]["messages"] == [
        "[ERROR] must be more than 0 characters [json-pointer:/blocks/0/text/text]"
    ]
    assert [violation.rule for violation in slack.take_violations()] == ["section.text.min_length"]
    assert slack.person.messages("db-ops") == []


def test_blocks_can_be_validated_without_posting(slack: RunningWorkspace, client: WebClient) -> None:
    assert client.api_call("blocks.validate", json={"blocks": [section()]})["ok"]
    assert client.api_call("blocks.validate", data={"view": json.dumps(modal())})["ok"]
    assert client.api_call("blocks.validate", json={"message": {"blocks": [section()]}})["ok"]
    body = refusal(client, "blocks.validate", blocks=[section(text={"type": "markdown", "text": "x"})])
    assert body["error"] == "invalid_blocks"
    assert (body["errors"][0]["pointer"], body["errors"][0]["code"]) == ("/0/text", "failed_constraint")
    assert refusal(client, "blocks.validate", view={"type": "sheet"})["error"] == "invalid_view"
    assert refusal(client, "blocks.validate", message={"blocks": [{"type": "x"}]})["error"] == "invalid_message"
    assert refusal(client, "blocks.validate", blocks=[section()], view=modal())["error"] == "invalid_arguments"
    slack.assert_no_violations()


def test_a_message_is_posted_updated_threaded_and_deleted(slack: RunningWorkspace, client: WebClient) -> None:
    posted = client.chat_postMessage(channel="db-ops", text="One", blocks=[section()])
    client.chat_postMessage(channel=OPS, text="Reply", thread_ts=posted["ts"])
    client.chat_update(channel=OPS, ts=posted["ts"], text="Two")
    history = client.conversations_history(channel=OPS)["messages"]
    assert [message["text"] for message in history] == ["Two"]
    assert history[0]["reply_count"] == 1
    assert "blocks" not in history[0]
    replies = client.conversations_replies(channel=OPS, ts=posted["ts"])["messages"]
    assert [message["text"] for message in replies] == ["Two", "Reply"]
    assert posted["ts"].replace(".", "") in client.chat_getPermalink(channel=OPS, message_ts=posted["ts"])["permalink"]
    client.chat_delete(channel=OPS, ts=replies[1]["ts"])
    assert client.conversations_history(channel=OPS)["messages"][0].get("reply_count") is None


def test_an_update_takes_less_text_than_a_post(slack: RunningWorkspace, client: WebClient) -> None:
    posted = client.chat_postMessage(channel=OPS, text="x" * 40_000)
    body = refusal(client, "chat.update", channel=OPS, ts=posted["ts"], text="x" * 4_001)
    assert body["error"] == "msg_too_long"


def test_messages_of_people_and_ephemeral_ones_cannot_be_changed(slack: RunningWorkspace, client: WebClient) -> None:
    said = slack.person.say("olive", "db-ops", "Hello")["message"]["ts"]
    assert refusal(client, "chat.update", channel=OPS, ts=said, text="x")["error"] == "cant_update_message"
    assert refusal(client, "chat.delete", channel=OPS, ts=said)["error"] == "cant_delete_message"
    hidden = client.chat_postEphemeral(channel=OPS, user="U0OPERATOR", text="Psst")["message_ts"]
    assert refusal(client, "chat.update", channel=OPS, ts=hidden, text="x")["error"] == "message_not_found"
    assert [m["text"] for m in client.conversations_history(channel=OPS)["messages"]] == ["Hello"]


def test_timestamps_are_unique_while_the_clock_stands(slack: RunningWorkspace) -> None:
    with running_workspace(Workspace(clock=MovableClock(1769000000.0001), rates=False)) as still:
        client = web_client(still)
        stamps = [client.chat_postMessage(channel=OPS, text="x")["ts"] for _ in range(3)]
    assert stamps == ["1769000000.000100", "1769000000.000101", "1769000000.000102"]


def test_people_groups_and_channels_are_listed(slack: RunningWorkspace, client: WebClient) -> None:
    assert client.users_info(user="U0APPROVER")["user"]["profile"]["title"] == "Approver"
    assert len(client.users_list()["members"]) == 5
    first = client.users_list(limit=2)
    assert first["response_metadata"]["next_cursor"] == "2"
    group = client.usergroups_list(include_users=True)["usergroups"][0]
    assert client.usergroups_users_list(usergroup=group["id"])["users"] == group["users"]
    assert [c["name"] for c in client.conversations_list()["channels"]] == ["db-ops", "db-alerts", "db-approvals"]
    assert "U0SANDBOXBOT" in client.conversations_members(channel=OPS)["members"]
    assert client.auth_test()["user_id"] == "U0SANDBOXBOT"


def test_a_person_can_be_written_to_directly(slack: RunningWorkspace, client: WebClient) -> None:
    channel = client.conversations_open(users="U0OPERATOR")["channel"]["id"]
    assert client.chat_postMessage(channel="U0OPERATOR", text="Psst")["channel"] == channel
    assert client.conversations_list()["channels"][-1]["name"] == "db-approvals"
    assert slack.person.messages(channel, "olive")[0]["text"] == "Psst"


def test_a_reaction_is_added_once_and_taken_back(slack: RunningWorkspace, client: WebClient) -> None:
    ts = client.chat_postMessage(channel=OPS, text="x")["ts"]
    client.reactions_add(channel=OPS, timestamp=ts, name="eyes")
    reaction = {"name": "eyes", "users": ["U0SANDBOXBOT"], "count": 1}
    assert slack.person.messages("db-ops")[0]["reactions"] == [reaction]
    again = refusal(client, "reactions.add", channel=OPS, timestamp=ts, name="eyes")
    assert again["error"] == "already_reacted"
    client.reactions_remove(channel=OPS, timestamp=ts, name="eyes")
    assert "reactions" not in slack.person.messages("db-ops")[0]


def test_a_file_is_uploaded_in_three_steps(slack: RunningWorkspace, client: WebClient) -> None:
    client.files_upload_v2(channel=OPS, content="a,b\n1,2\n", filename="a.csv", initial_comment="Rows")
    message = slack.person.wait_for_message("db-ops")
    assert (message["text"], message["files"][0]["name"]) == ("Rows", "a.csv")
    reply = httpx.get(message["files"][0]["url_private"])
    assert reply.content == b"a,b\n1,2\n"
    assert reply.headers["content-disposition"] == "attachment; filename*=utf-8''a.csv"
    started = client.files_getUploadURLExternal(filename="b.txt", length=3)
    unfinished = refusal(client, "files.completeUploadExternal", files=[{"id": started["file_id"]}])
    assert unfinished["error"] == "file_upload_not_complete"
    assert httpx.post(started["upload_url"], content=b"four").status_code == 400


def test_missing_scopes_are_named() -> None:
    manifest = parse_manifest({"oauth_config": {"scopes": {"bot": ["commands", "chat:write"]}}})
    with running_workspace(Workspace(manifest=manifest)) as slack:
        body = refusal(web_client(slack), "users.info", user="U0OPERATOR")
        posted = web_client(slack).chat_postMessage(channel=OPS, text="x")
    assert (body["error"], body["needed"], body["provided"]) == (
        "missing_scope",
        "users:read",
        "chat:write,commands",
    )
    assert posted.headers["x-oauth-scopes"] == "chat:write,commands"


def test_each_type_of_conversation_needs_a_scope_of_its_own() -> None:
    manifest = parse_manifest({"oauth_config": {"scopes": {"bot": ["channels:read", "im:history"]}}})
    with running_workspace(Workspace(manifest=manifest)) as slack:
        client = web_client(slack)
        assert client.conversations_list()["ok"]
        assert client.conversations_members(channel=OPS)["ok"]
        private = refusal(client, "conversations.list", types="public_channel,private_channel")
        history = refusal(client, "conversations.history", channel=OPS)
        direct = slack.run(lambda: slack.workspace.direct_channel("U0OPERATOR"))
        assert client.conversations_history(channel=direct.id)["ok"]
        info = refusal(client, "conversations.info", channel=direct.id)
    assert [body["needed"] for body in (private, history, info)] == ["groups:read", "channels:history", "im:read"]


def test_a_channel_without_the_app_needs_the_public_scope() -> None:
    manifest = parse_manifest({"oauth_config": {"scopes": {"bot": ["chat:write"]}}})
    workspace = Workspace(manifest=manifest)
    workspace.members[OPS].discard(workspace.app.bot_user_id)
    with running_workspace(workspace) as slack:
        assert refusal(web_client(slack), "chat.postMessage", channel=OPS, text="x")["error"] == "not_in_channel"


def test_the_wire_log_shows_call_and_answer(slack: RunningWorkspace, client: WebClient) -> None:
    client.chat_postMessage(channel=OPS, text="On the wire", blocks=[section(accessory=button())])
    exchange = last_call(slack)
    assert (exchange.name, exchange.status) == ("chat.postMessage", 200)
    assert json.loads(exchange.request)["text"] == "On the wire"
    assert json.loads(exchange.reply)["ok"] is True
