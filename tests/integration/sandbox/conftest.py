"""A served workspace, and real Bolt apps on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import pytest
from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient

from sandbox.person import wait_until
from sandbox.testing import RunningWorkspace, running_workspace

Listen = Callable[[Callable[[App], None]], App]


@pytest.fixture
def slack() -> Iterator[RunningWorkspace]:
    """A workspace of its own for each test, patient with a busy machine."""
    with running_workspace(acknowledge_seconds=10.0) as running:
        yield running


@pytest.fixture
def client(slack: RunningWorkspace) -> WebClient:
    """The app's Web API client."""
    return web_client(slack)


@pytest.fixture
def listen(slack: RunningWorkspace) -> Iterator[Listen]:
    """Starts a Bolt app over Socket Mode after its listeners were registered."""
    with ExitStack() as stack:

        def start(register: Callable[[App], None]) -> App:
            return stack.enter_context(bolt_over_socket(slack, register))

        yield start


def web_client(slack: RunningWorkspace) -> WebClient:
    """A client with the bot's token."""
    return WebClient(token=slack.workspace.credentials.bot_token, base_url=slack.api_url)


@contextmanager
def bolt_over_socket(slack: RunningWorkspace, register: Callable[[App], None]) -> Iterator[App]:
    """A Bolt app that is connected by Socket Mode."""
    app = App(client=web_client(slack), signing_secret=slack.workspace.credentials.signing_secret)
    register(app)
    handler = SocketModeHandler(app, slack.workspace.credentials.app_token, ping_interval=1)
    before = slack.sandbox.sockets.connections
    handler.connect()  # type: ignore[no-untyped-call]
    try:
        wait_until(lambda: True if slack.sandbox.sockets.connections > before else None, 10, lambda: "no socket")
        yield app
    finally:
        handler.client.auto_reconnect_enabled = False
        slack.drop_sockets()  # else the SDK waits for its receive timeout of 3 s
        wait_until(lambda: None if handler.client.is_connected() else True, 5, lambda: "still connected")
        handler.close()  # type: ignore[no-untyped-call]
