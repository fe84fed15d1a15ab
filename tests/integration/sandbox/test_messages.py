"""chat.*, pins.* and the events that messages raise, beyond the first post."""

from __future__ import annotations

from typing import Any

import pytest
from slack_sdk import WebClient
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from sandbox.manifest import Manifest
from sandbox.person import wait_until
from sandbox.testing import RunningWorkspace, running_workspace
from sandbox.workspace import Workspace
from tests.integration.sandbox.apps import CREDENTIALS, OPS, refusal, served
from tests.integration.sandbox.conftest import web_client
from tests.unit.sandbox.blocks import Json, actions, button, mrkdwn, plain, section


def test_a_text_is_cut_at_forty_thousand_characters(slack: RunningWorkspace, client: WebClient) -> None:
    posted = client.chat_postMessage(channel=OPS, text="x" * 40_001)
    assert len(posted["message"]["text"]) == 40_000
    body = refusal(client, "chat.update", channel=OPS, ts=posted["ts"], text="x" * 4_001)
    assert body["error"] == "msg_too_long"


def test_text_objects_come_back_complete(slack: RunningWorkspace, client: WebClient) -> None:
    blocks = [section(text=plain("A")), section(text=mrkdwn("B") | {"verbatim": True}), actions(button())]
    stored = client.chat_postMessage(channel=OPS, text="x", blocks=blocks)["message"]["blocks"]
    assert stored[0]["text"] == {"type": "plain_text", "text": "A", "emoji": True}
    assert stored[1]["text"] == {"type": "mrkdwn", "text": "B", "verbatim": True}
    assert stored[2]["elements"][0]["text"]["emoji"] is True


def test_markdown_stands_alone(slack: RunningWorkspace, client: WebClient) -> None:
    posted = client.chat_postMessage(channel=OPS, markdown_text="**Bold**")
    assert posted["message"]["blocks"][0]["text"] == "**Bold**"
    both = refusal(client, "chat.postMessage", channel=OPS, markdown_text="x", text="y")
    assert both["error"] == "markdown_text_conflict"
    long = refusal(client, "chat.postMessage", channel=OPS, markdown_text="x" * 12_001)
    assert long["error"] == "msg_too_long"


def test_a_broadcast_reply_is_in_the_history(slack: RunningWorkspace, client: WebClient) -> None:
    ts = client.chat_postMessage(channel=OPS, text="One")["ts"]
    client.chat_postMessage(channel=OPS, text="Two", thread_ts=ts)
    client.chat_postMessage(channel=OPS, text="Three", thread_ts=ts, reply_broadcast=True)
    history = client.conversations_history(channel=OPS)["messages"]
    assert [message["text"] for message in history] == ["Three", "One"]


def test_a_message_is_pinned_once_and_unpinned(slack: RunningWorkspace, client: WebClient) -> None:
    ts = client.chat_postMessage(channel=OPS, text="Keep")["ts"]
    client.pins_add(channel=OPS, timestamp=ts)
    assert slack.person.messages("db-ops")[0]["pinned_to"] == [OPS]
    assert refusal(client, "pins.add", channel=OPS, timestamp=ts)["error"] == "already_pinned"
    client.pins_remove(channel=OPS, timestamp=ts)
    assert "pinned_to" not in slack.person.messages("db-ops")[0]
    assert refusal(client, "pins.remove", channel=OPS, timestamp=ts)["error"] == "no_pin"
    assert refusal(client, "pins.add", channel=OPS)["error"] == "no_item_specified"
    assert refusal(client, "pins.add", channel=OPS, timestamp="1.000001")["error"] == "message_not_found"


def test_a_channels_topic_changes(slack: RunningWorkspace, client: WebClient) -> None:
    assert client.conversations_setTopic(channel=OPS, topic="Quiet")["channel"]["topic"]["value"] == "Quiet"
    assert client.conversations_info(channel=OPS)["channel"]["topic"]["value"] == "Quiet"
    assert refusal(client, "conversations.setTopic", channel=OPS, topic="x" * 251)["error"] == "too_long"


@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("conversations.history", {}),
        ("conversations.setTopic", {"topic": "x"}),
        ("pins.add", {"timestamp": "1.000001"}),
    ],
)
def test_a_channel_without_the_app_is_closed_to_it(method: str, arguments: Json) -> None:
    workspace = Workspace()
    workspace.members[OPS].discard(workspace.app.bot_user_id)
    with running_workspace(workspace) as slack:
        assert refusal(web_client(slack), method, channel=OPS, **arguments)["error"] == "not_in_channel"


def test_blocks_need_the_scopes_of_the_manifest() -> None:
    video = {
        "type": "video",
        "title": plain(),
        "alt_text": "A film",
        "video_url": "https://example.org/v",
        "thumbnail_url": "https://example.org/t.png",
    }
    manifest = Manifest(bot_scopes=frozenset({"chat:write"}))
    with running_workspace(Workspace(manifest=manifest)) as slack:
        body = refusal(web_client(slack), "chat.postMessage", channel=OPS, text="x", blocks=[video])
        assert body["error"] == "invalid_blocks"
        assert [violation.rule for violation in slack.take_violations()] == ["video.scope"]


def heard(subscriptions: set[str] | None) -> list[Json]:
    """The events that an app with these subscriptions hears of the same few things."""
    events: list[Json] = []

    async def answer(request: Request) -> Response:
        events.append((await request.json())["event"])
        return PlainTextResponse("")

    bot_events = None if subscriptions is None else frozenset({*subscriptions, "app_home_opened"})
    workspace = Workspace(manifest=Manifest(bot_events=bot_events), credentials=CREDENTIALS)
    with served(answer) as url, running_workspace(workspace, events_url=url) as slack:
        client = web_client(slack)
        ts = client.chat_postMessage(channel=OPS, text="Posted")["ts"]
        client.chat_update(channel=OPS, ts=ts, text="Updated")
        client.chat_postMessage(channel=OPS, text="Reply", thread_ts=ts)
        client.chat_postEphemeral(channel=OPS, user="U0OPERATOR", text="Hidden")
        client.chat_delete(channel=OPS, ts=ts)
        slack.person.say("olive", "db-ops", "@App hello")
        client.chat_postMessage(channel="U0OPERATOR", text="Direct")
        slack.person.home("olive")  # the last event: those before it were sent, if at all
        wanted = 8 if subscriptions is None else len(subscriptions) + 1
        wait_until(lambda: len(events) >= wanted or None, 5, lambda: events)
    return [event for event in events if event["type"] != "app_home_opened"]


def brief(event: Json) -> tuple[Any, ...]:
    return event["type"], event.get("subtype"), event.get("text"), event.get("channel_type")


def test_the_apps_own_messages_raise_events_too() -> None:
    events = heard(None)
    assert sorted(map(str, map(brief, events))) == sorted(
        map(
            str,
            [
                ("message", None, "Posted", "channel"),
                ("message", "message_changed", None, "channel"),
                ("message", None, "Reply", "channel"),
                ("message", "message_deleted", None, "channel"),
                ("message", None, "<@U0SANDBOXBOT> hello", "channel"),
                ("app_mention", None, "<@U0SANDBOXBOT> hello", None),
                ("message", None, "Direct", "im"),
            ],
        )
    )
    by_subtype = {event.get("subtype"): event for event in events}
    changed, deleted = by_subtype["message_changed"], by_subtype["message_deleted"]
    assert (changed["previous_message"]["text"], changed["message"]["text"]) == ("Posted", "Updated")
    assert (deleted["deleted_ts"], deleted["hidden"]) == (changed["message"]["ts"], True)
    assert next(event for event in events if event.get("text") == "Posted")["bot_id"] == "B0SANDBOX1"


def test_an_app_hears_only_what_it_subscribed_to() -> None:
    assert [brief(event)[0] for event in heard({"app_mention"})] == ["app_mention"]
    assert [brief(event)[3] for event in heard({"message.im"})] == ["im"]
