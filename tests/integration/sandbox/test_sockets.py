"""Socket Mode below the SDK: tickets, turns, redelivery."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from sandbox.testing import RunningWorkspace, running_workspace

Json = dict[str, Any]


def open_url(slack: RunningWorkspace) -> str:
    """A fresh WebSocket address."""
    client = WebClient(base_url=slack.api_url)
    return str(client.apps_connections_open(app_token=slack.workspace.credentials.app_token)["url"])


def receive(connection: ClientConnection) -> Json:
    """The next message, parsed."""
    message: Json = json.loads(connection.recv(timeout=30))
    return message


def acknowledge(connection: ClientConnection, envelope: Json) -> None:
    connection.send(json.dumps({"envelope_id": envelope["envelope_id"]}))


@pytest.fixture
def background() -> Iterator[ThreadPoolExecutor]:
    """People act here while the test plays the app."""
    with ThreadPoolExecutor(max_workers=2) as pool:
        yield pool


def type_command(background: ThreadPoolExecutor, slack: RunningWorkspace) -> Future[Json]:
    return background.submit(slack.person.command, "olive", "db-ops", "/baseliner")


def test_hello_names_the_app_and_counts_connections(slack: RunningWorkspace) -> None:
    with connect(open_url(slack)) as first, connect(open_url(slack)) as second:
        hello = receive(first)
        assert (hello["type"], hello["num_connections"]) == ("hello", 1)
        assert hello["connection_info"]["app_id"] == slack.workspace.app.app_id
        assert receive(second)["num_connections"] == 2


def test_a_ticket_opens_one_socket(slack: RunningWorkspace) -> None:
    url = open_url(slack)
    with connect(url):
        for used in (url, url.replace("ticket=", "ticket=x")):
            with pytest.raises(InvalidStatus), connect(used):
                pass


def test_payloads_go_to_each_socket_in_turn(slack: RunningWorkspace, background: ThreadPoolExecutor) -> None:
    with connect(open_url(slack)) as first, connect(open_url(slack)) as second:
        receive(first)
        receive(second)
        for connection in (first, second, first):
            typed = type_command(background, slack)
            envelope = receive(connection)
            assert (envelope["type"], envelope["accepts_response_payload"]) == ("slash_commands", True)
            acknowledge(connection, envelope)
            assert typed.result(5)["ok"]


def test_an_envelope_goes_to_another_socket_when_its_own_drops(
    slack: RunningWorkspace, background: ThreadPoolExecutor
) -> None:
    with connect(open_url(slack)) as second:
        receive(second)
        with connect(open_url(slack)) as first:
            receive(first)
            acknowledge_next = type_command(background, slack)
            acknowledge(second, receive(second))
            assert acknowledge_next.result(5)["ok"]
            typed = type_command(background, slack)
            dropped = receive(first)
        again = receive(second)
        assert again == dropped
        acknowledge(second, again)
        assert typed.result(5)["ok"]


def test_an_envelope_waits_for_a_socket_that_comes_back(
    slack: RunningWorkspace, background: ThreadPoolExecutor
) -> None:
    with connect(open_url(slack)) as first:
        receive(first)
        typed = type_command(background, slack)
        dropped = receive(first)
    with connect(open_url(slack)) as second:
        receive(second)
        acknowledge(second, receive(second) | {"envelope_id": dropped["envelope_id"]})
        assert typed.result(5)["ok"]


def test_an_app_has_at_most_ten_sockets() -> None:
    with running_workspace() as slack, ExitStack() as connections:
        for _ in range(10):
            connections.enter_context(connect(open_url(slack)))
        with pytest.raises(SlackApiError, match="too_many_websockets"):
            open_url(slack)


def test_an_unacknowledged_event_comes_again_and_says_why() -> None:
    options: Json = {"acknowledge_seconds": 0.5, "retry_delays": (0.0, 0.0, 0.0)}
    with running_workspace(**options) as slack, connect(open_url(slack)) as connection:
        receive(connection)
        slack.person.say("olive", "db-ops", "Hello")
        first, second = receive(connection), receive(connection)
        acknowledge(connection, second)
        with pytest.raises(TimeoutError):
            connection.recv(timeout=1)
    assert first["payload"] == second["payload"]
    assert (first["retry_attempt"], first["retry_reason"]) == (0, "")
    assert (second["retry_attempt"], second["retry_reason"]) == (1, "timeout")


def test_a_refresh_says_disconnect_and_closes(slack: RunningWorkspace) -> None:
    with connect(open_url(slack)) as connection:
        receive(connection)
        slack.refresh_sockets()
        assert receive(connection)["type"] == "disconnect"
        with pytest.raises(ConnectionClosed):
            connection.recv(timeout=30)
