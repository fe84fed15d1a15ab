"""Messages that are posted at their time, by the workspace's clock."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from slack_sdk import WebClient

from sandbox.clock import MovableClock
from sandbox.testing import RunningWorkspace, running_workspace
from sandbox.workspace import Workspace
from tests.integration.sandbox.apps import OPS, refusal
from tests.integration.sandbox.conftest import web_client
from tests.unit.sandbox.blocks import section

NOW = 1769000000
DAY = 86_400


@pytest.fixture
def still() -> Iterator[RunningWorkspace]:
    """A workspace whose time stands still until it is moved."""
    with running_workspace(Workspace(clock=MovableClock(NOW), rates=False)) as running:
        yield running


@pytest.fixture
def client(still: RunningWorkspace) -> WebClient:
    return web_client(still)


def texts(slack: RunningWorkspace) -> list[str]:
    return [message["text"] for message in slack.person.messages("db-ops")]


def test_messages_are_posted_in_the_order_of_their_times(still: RunningWorkspace, client: WebClient) -> None:
    later = client.chat_scheduleMessage(channel="#db-ops", text="Later", post_at=NOW + 120, blocks=[section()])
    client.chat_scheduleMessage(channel=OPS, text="Soon", post_at=NOW + 60)
    assert later["scheduled_message_id"].startswith("Q")
    assert (later["channel"], later["post_at"]) == (OPS, NOW + 120)
    assert later["message"]["type"] == "delayed_message"
    assert texts(still) == []
    assert still.person.advance_clock(60) == NOW + 60
    assert texts(still) == ["Soon"]
    still.person.advance_clock(3600)
    assert texts(still) == ["Soon", "Later"]
    posted = still.person.messages("db-ops")[-1]
    assert posted["ts"].startswith(str(NOW + 3660))
    assert posted["blocks"][0]["block_id"]


def test_nobody_needs_to_ask_for_them(still: RunningWorkspace, client: WebClient) -> None:
    client.chat_scheduleMessage(channel=OPS, text="Soon", post_at=NOW + 60)
    clock = still.workspace.clock
    assert isinstance(clock, MovableClock)
    clock.advance(61)
    assert still.person.wait_for_message("db-ops")["text"] == "Soon"


@pytest.mark.parametrize(
    ("post_at", "error"),
    [
        (NOW, "time_in_past"),
        (NOW - 60, "time_in_past"),
        (NOW + 120 * DAY + 1, "time_too_far"),
        ("tomorrow", "invalid_time"),
        (None, "invalid_arguments"),
    ],
)
def test_the_time_is_judged(client: WebClient, post_at: int | str | None, error: str) -> None:
    assert refusal(client, "chat.scheduleMessage", channel=OPS, text="x", post_at=post_at)["error"] == error


def test_the_last_possible_moment_is_taken(client: WebClient) -> None:
    assert client.chat_scheduleMessage(channel=OPS, text="x", post_at=NOW + 120 * DAY)["ok"]


def test_a_channel_takes_thirty_in_any_five_minutes(client: WebClient) -> None:
    for number in range(30):
        client.chat_scheduleMessage(channel=OPS, text="x", post_at=NOW + 1000 + 10 * number)
    for crowded in (NOW + 999, NOW + 1150, NOW + 1299):
        body = refusal(client, "chat.scheduleMessage", channel=OPS, text="x", post_at=crowded)
        assert body["error"] == "restricted_too_many"
    assert client.chat_scheduleMessage(channel="C0DBALERTS", text="x", post_at=NOW + 1150)["ok"]
    assert client.chat_scheduleMessage(channel=OPS, text="x", post_at=NOW + 1300)["ok"]


def test_a_waiting_message_can_be_deleted(still: RunningWorkspace, client: WebClient) -> None:
    scheduled = client.chat_scheduleMessage(channel=OPS, text="Never", post_at=NOW + 100)["scheduled_message_id"]
    elsewhere = refusal(client, "chat.deleteScheduledMessage", channel="C0DBALERTS", scheduled_message_id=scheduled)
    assert elsewhere["error"] == "invalid_scheduled_message_id"
    assert client.chat_deleteScheduledMessage(channel=OPS, scheduled_message_id=scheduled)["ok"]
    again = refusal(client, "chat.deleteScheduledMessage", channel=OPS, scheduled_message_id=scheduled)
    assert again["error"] == "invalid_scheduled_message_id"
    still.person.advance_clock(200)
    assert texts(still) == []


def test_waiting_messages_are_listed_by_channel_and_time(still: RunningWorkspace, client: WebClient) -> None:
    for minutes in (3, 1, 2):
        client.chat_scheduleMessage(channel=OPS, text=f"In {minutes}", post_at=NOW + 60 * minutes)
    client.chat_scheduleMessage(channel="C0DBALERTS", text="Elsewhere", post_at=NOW + 95)

    def listed(**arguments: Any) -> list[str]:
        return [entry["text"] for entry in client.chat_scheduledMessages_list(**arguments)["scheduled_messages"]]

    assert listed() == ["In 1", "Elsewhere", "In 2", "In 3"]
    assert listed(channel=OPS, oldest=str(NOW + 120)) == ["In 2", "In 3"]
    assert listed(channel=OPS, latest=str(NOW + 120)) == ["In 1", "In 2"]
    first = client.chat_scheduledMessages_list(limit=3)
    entry, cursor = first["scheduled_messages"][0], first["response_metadata"]["next_cursor"]
    assert (entry["channel_id"], entry["post_at"], entry["date_created"]) == (OPS, NOW + 60, NOW)
    assert listed(limit=3, cursor=cursor) == ["In 3"]
    client.chat_deleteScheduledMessage(channel="C0DBALERTS", scheduled_message_id=first["scheduled_messages"][1]["id"])
    still.person.advance_clock(120)
    assert listed() == ["In 3"]
    for wrong in ({"channel": "C404"}, {"oldest": "soon"}, {"oldest": "2", "latest": "1"}):
        error = "invalid_channel" if "channel" in wrong else "invalid_time"
        assert refusal(client, "chat.scheduledMessages.list", **wrong)["error"] == error


def test_a_message_due_within_a_minute_can_not(still: RunningWorkspace, client: WebClient) -> None:
    scheduled = client.chat_scheduleMessage(channel=OPS, text="Soon", post_at=NOW + 60)["scheduled_message_id"]
    body = refusal(client, "chat.deleteScheduledMessage", channel=OPS, scheduled_message_id=scheduled)
    assert body["error"] == "invalid_scheduled_message_id"


def test_metadata_keeps_a_message_from_ever_being_posted(still: RunningWorkspace, client: WebClient) -> None:
    metadata = {"event_type": "backup", "event_payload": {"id": 1}}
    assert client.chat_scheduleMessage(channel=OPS, text="x", post_at=NOW + 60, metadata=metadata)["ok"]
    still.person.advance_clock(3600)
    assert texts(still) == []
    assert [violation.rule for violation in still.take_violations()] == ["scheduled_message.metadata"]


def test_time_can_be_asked_and_does_not_run_back(still: RunningWorkspace) -> None:
    assert httpx.get(f"{still.url}/person/clock").json()["now"] == NOW
    reply = httpx.post(f"{still.url}/person/clock", json={"advance_seconds": -1})
    assert (reply.status_code, reply.json()["error"]) == (400, "invalid_arguments")


def test_a_clock_of_ones_own_may_be_immovable() -> None:
    with running_workspace(Workspace(clock=lambda: NOW)) as slack:
        reply = httpx.post(f"{slack.url}/person/clock", json={"advance_seconds": 1})
    assert (reply.status_code, reply.json()["error"]) == (409, "clock_not_movable")


def test_the_default_clock_runs_and_can_be_moved(slack: RunningWorkspace) -> None:
    before = httpx.get(f"{slack.url}/person/clock").json()["now"]
    assert slack.person.advance_clock(1800) >= before + 1800
