"""Deliveries that go wrong on demand, as an app meets them: a plain endpoint, plain sockets, and Bolt."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from slack_bolt import App
from slack_bolt.adapter.starlette import SlackRequestHandler
from slack_sdk import WebClient
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from sandbox.delivery.faulty import OTHER_TEAM
from sandbox.delivery.signed_http import sign
from sandbox.person import wait_until
from sandbox.testing import RunningWorkspace
from tests.integration.sandbox.apps import CREDENTIALS, workspace_for
from tests.integration.sandbox.conftest import Listen
from tests.integration.sandbox.test_sockets import acknowledge, open_url, receive
from tests.unit.sandbox.blocks import Json


class Endpoint:
    """Acknowledges everything, and remembers what came."""

    def __init__(self) -> None:
        self.forms: list[Json] = []
        self.ages: list[float] = []
        self.signed: list[bool] = []

    async def __call__(self, request: Request) -> Response:
        body = await request.body()
        stamp = request.headers["x-slack-request-timestamp"]
        self.forms.append(dict(await request.form()))
        self.ages.append(time.time() - float(stamp))
        self.signed.append(request.headers["x-slack-signature"] == sign(CREDENTIALS.signing_secret, stamp, body))
        return PlainTextResponse("")


@contextmanager
def recorded(**options: Any) -> Iterator[tuple[RunningWorkspace, Endpoint]]:
    endpoint = Endpoint()

    async def answer(request: Request) -> Response:
        return await endpoint(request)

    with workspace_for(answer, **options) as slack:
        yield slack, endpoint


def type_command(slack: RunningWorkspace) -> Json:
    return slack.person.command("olive", "db-ops", "/baseliner")


def test_without_a_fault_a_payload_comes_once_signed_and_fresh() -> None:
    with recorded() as (slack, endpoint):
        assert type_command(slack)["ok"]
    assert (len(endpoint.forms), endpoint.signed) == (1, [True])
    assert abs(endpoint.ages[0]) < 10


def test_a_payload_comes_twice() -> None:
    with recorded() as (slack, endpoint):
        slack.person.fault("duplicate", method="/baseliner", count=1)
        assert type_command(slack)["ok"]
        wait_until(lambda: len(endpoint.forms) == 2 or None, 5, lambda: endpoint.forms)
        type_command(slack)
    first, second, third = endpoint.forms
    assert first == second
    assert third["trigger_id"] != first["trigger_id"]


def test_a_payload_comes_late_while_the_person_waits_no_longer_than_usual() -> None:
    with recorded(acknowledge_seconds=0.2) as (slack, endpoint):
        slack.person.fault("late", method="slash_commands", seconds=0.6)
        assert type_command(slack)["error"] == "operation_timeout"
        assert endpoint.forms == []
        wait_until(lambda: endpoint.forms or None, 5, lambda: endpoint.forms)


def test_a_signature_is_forged() -> None:
    with recorded() as (slack, endpoint):
        slack.person.fault("forged_signature")
        type_command(slack)
    assert endpoint.signed == [False]


def test_a_timestamp_is_stale_though_rightly_signed() -> None:
    with recorded() as (slack, endpoint):
        slack.person.fault("stale_timestamp")
        type_command(slack)
    assert endpoint.signed == [True]
    assert endpoint.ages[0] > 5 * 60


def test_a_payload_is_another_workspaces() -> None:
    with recorded() as (slack, endpoint):
        slack.person.fault("wrong_team")
        type_command(slack)
    assert endpoint.forms[0]["team_id"] == OTHER_TEAM


@pytest.mark.parametrize("kind", ["forged_signature", "stale_timestamp"])
def test_bolt_refuses_what_is_not_slacks(kind: str) -> None:
    heard: list[str] = []
    handlers: list[SlackRequestHandler] = []

    async def answer(request: Request) -> Response:
        return await handlers[0].handle(request)

    with workspace_for(answer) as slack:
        client = WebClient(token=CREDENTIALS.bot_token, base_url=slack.api_url)
        app = App(client=client, signing_secret=CREDENTIALS.signing_secret)

        @app.command("/baseliner")
        def hear(ack: Any, command: Json) -> None:
            ack()
            heard.append(command["text"])

        handlers.append(SlackRequestHandler(app))
        slack.person.fault(kind, count=1)
        seen = type_command(slack)
        assert (seen["error"], seen["status"]) == ("dispatch_failed", 401)
        assert heard == []
        assert type_command(slack)["ok"]
        assert heard == [""]


def test_a_moved_workspace_clock_leaves_signatures_valid() -> None:
    with recorded() as (slack, endpoint):
        slack.person.advance_clock(3600)
        type_command(slack)
    assert abs(endpoint.ages[0]) < 10


def test_a_socket_drops_after_the_envelope_and_another_gets_it(slack: RunningWorkspace) -> None:
    with connect(open_url(slack)) as first, connect(open_url(slack)) as second, ThreadPoolExecutor(1) as background:
        receive(first)
        receive(second)
        slack.person.fault("dropped_socket", count=1)
        typed = background.submit(type_command, slack)
        dropped = receive(first)
        with pytest.raises(ConnectionClosed):
            first.recv(timeout=30)
        again = receive(second)
        assert again == dropped
        acknowledge(second, again)
        assert typed.result(5)["ok"]
        assert slack.sandbox.sockets.connections == 1


def test_bolt_comes_back_after_a_dropped_socket(slack: RunningWorkspace, listen: Listen) -> None:
    heard: list[str] = []

    def register(app: App) -> None:
        @app.command("/baseliner")
        def hear(ack: Any, command: Json) -> None:
            ack()
            heard.append(command["trigger_id"])

    listen(register)
    slack.person.fault("dropped_socket", count=1)
    slack.person.command("olive", "db-ops", "/baseliner")
    wait_until(lambda: slack.person.command("olive", "db-ops", "/baseliner")["ok"] or None, 15, lambda: heard)
    assert heard


def test_an_envelope_comes_twice_on_sockets(slack: RunningWorkspace) -> None:
    with connect(open_url(slack)) as connection, ThreadPoolExecutor(1) as background:
        receive(connection)
        slack.person.fault("duplicate")
        typed = background.submit(type_command, slack)
        first, second = receive(connection), receive(connection)
        assert first["payload"] == second["payload"]
        acknowledge(connection, first)
        acknowledge(connection, second)
        assert typed.result(5)["ok"]
