"""Reactions and pins: who marked what, and what the app hears of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
from slack_sdk import WebClient
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from sandbox.manifest import Manifest
from sandbox.person import wait_until
from sandbox.testing import RunningWorkspace, running_workspace
from sandbox.workspace import Workspace
from tests.integration.sandbox.apps import CREDENTIALS, OPS, served
from tests.integration.sandbox.conftest import web_client
from tests.unit.sandbox.blocks import Json

MARKS = ("reaction_added", "reaction_removed", "pin_added", "pin_removed")


@contextmanager
def hearing(*subscriptions: str) -> Iterator[tuple[RunningWorkspace, list[Json]]]:
    """A workspace, and the events that an app with these subscriptions hears."""
    events: list[Json] = []

    async def answer(request: Request) -> Response:
        events.append((await request.json())["event"])
        return PlainTextResponse("")

    workspace = Workspace(manifest=Manifest(bot_events=frozenset(subscriptions)), credentials=CREDENTIALS)
    with served(answer) as url, running_workspace(workspace, events_url=url) as slack:
        yield slack, events


def mark_everything(slack: RunningWorkspace) -> str:
    """React and pin, as a person and as the app, and take all of it back. Returns the message's ts."""
    client = web_client(slack)
    ts = str(client.chat_postMessage(channel=OPS, text="Done")["ts"])
    for _ in ("react", "take back"):
        slack.person.react("ada", "db-ops", ts, "eyes")
    client.reactions_add(channel=OPS, timestamp=ts, name="tada")
    client.pins_add(channel=OPS, timestamp=ts)
    client.pins_remove(channel=OPS, timestamp=ts)
    return ts


def test_an_app_that_subscribed_hears_of_reactions_and_pins() -> None:
    with hearing(*MARKS) as (slack, events):
        ts = mark_everything(slack)
        wait_until(lambda: len(events) >= 5 or None, 10, lambda: events)
        ada, app = "U0APPROVER", slack.workspace.app.bot_user_id
    by_kind = {kind: [event for event in events if event["type"] == kind] for kind in MARKS}
    added = sorted((event["reaction"], event["user"]) for event in by_kind["reaction_added"])
    assert added == [("eyes", ada), ("tada", app)]
    (removed,) = by_kind["reaction_removed"]
    assert (removed["reaction"], removed["user"], removed["item_user"]) == ("eyes", ada, app)
    assert removed["item"] == {"type": "message", "channel": OPS, "ts": ts}
    (pinned,), (unpinned,) = by_kind["pin_added"], by_kind["pin_removed"]
    assert (pinned["channel_id"], pinned["user"], pinned["pin_count"]) == (OPS, app, 1)
    assert pinned["item"]["message"]["ts"] == ts
    assert unpinned["has_pins"] is False


def test_an_app_that_did_not_subscribe_hears_nothing_of_them() -> None:
    with hearing("reaction_removed") as (slack, events):
        mark_everything(slack)
        wait_until(lambda: events or None, 10, lambda: events)
    assert [event["type"] for event in events] == ["reaction_removed"]


def test_a_person_reacts_and_takes_it_back(slack: RunningWorkspace, client: WebClient) -> None:
    ts = str(client.chat_postMessage(channel=OPS, text="Done")["ts"])
    assert slack.person.react("ada", "db-ops", ts, ":eyes:")["message"]["reactions"][0]["name"] == "eyes"
    slack.person.react("olive", "db-ops", ts, "eyes")
    slack.person.react("ada", "db-ops", ts, "eyes")
    (reaction,) = slack.person.messages("db-ops")[0]["reactions"]
    assert reaction == {"name": "eyes", "users": ["U0OPERATOR"], "count": 1}
    with pytest.raises(httpx.HTTPStatusError, match="that can be reacted to"):
        slack.person.react("ada", "db-ops", "1.000001", "eyes")
    with pytest.raises(httpx.HTTPStatusError, match="no emoji"):
        slack.person.react("ada", "db-ops", ts, "<b>")
