"""How often an app may call, over the wire."""

from __future__ import annotations

import pytest
from slack_sdk.errors import SlackApiError

from sandbox.api.router import METHODS
from sandbox.clock import MovableClock
from sandbox.rates import Tier
from sandbox.testing import running_workspace
from sandbox.workspace import Workspace
from tests.integration.sandbox.apps import OPS
from tests.integration.sandbox.conftest import web_client

TIERS = {
    Tier.TWO: """apps.connections.open conversations.list conversations.setTopic pins.add pins.remove reactions.remove
        usergroups.list usergroups.users.list users.list""",
    Tier.THREE: """chat.delete chat.deleteScheduledMessage chat.scheduleMessage chat.scheduledMessages.list chat.update
        conversations.history conversations.info conversations.open conversations.replies reactions.add""",
    Tier.FOUR: """api.test blocks.validate chat.postEphemeral conversations.members files.completeUploadExternal
        files.getUploadURLExternal users.info views.open views.publish views.push views.update""",
    Tier.SPECIAL: "auth.test chat.getPermalink chat.postMessage",
}


def test_every_method_has_the_tier_of_its_page() -> None:
    assert {name: method.tier for name, method in METHODS.items()} == {
        name: tier for tier, names in TIERS.items() for name in names.split()
    }


def test_posting_faster_than_one_a_second_is_held_back() -> None:
    clock = MovableClock(1769000000)
    with running_workspace(Workspace(clock=clock)) as slack:
        client = web_client(slack)
        for _ in range(5):
            client.chat_postMessage(channel=OPS, text="x")
        with pytest.raises(SlackApiError) as caught:
            client.chat_postMessage(channel=OPS, text="x")
        assert caught.value.response.status_code == 429
        assert caught.value.response.headers["Retry-After"] == "1"
        client.chat_postMessage(channel="C0DBALERTS", text="x")
        clock.advance(1)
        client.chat_postMessage(channel=OPS, text="x")


def test_a_method_is_held_back_by_its_tier() -> None:
    clock = MovableClock(1769000000)
    with running_workspace(Workspace(clock=clock)) as slack:
        client = web_client(slack)
        for _ in range(20):
            client.usergroups_list()
        clock.advance(20)
        with pytest.raises(SlackApiError) as caught:
            client.usergroups_list()
        assert caught.value.response["error"] == "ratelimited"
        assert caught.value.response.headers["Retry-After"] == "40"
        clock.advance(40)
        assert client.usergroups_list()["ok"]


def test_rates_can_be_switched_off() -> None:
    with running_workspace(Workspace(rates=False)) as slack:
        client = web_client(slack)
        assert all(client.chat_postMessage(channel=OPS, text="x")["ok"] for _ in range(30))
