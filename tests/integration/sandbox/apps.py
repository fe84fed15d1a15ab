"""The app's side of a test: its endpoint, its calls and what Slack refuses it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import uvicorn
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route

from sandbox.identifiers import Credentials
from sandbox.person import wait_until
from sandbox.testing import RunningWorkspace, running_workspace
from sandbox.workspace import Workspace
from tests.unit.sandbox.blocks import Json

OPS = "C0DBOPS001"
CREDENTIALS = Credentials(bot_token="xoxb-1", app_token="xapp-1", signing_secret="8f742231b10e8888abcd99yyyzzz85a5")
Answer = Callable[[Request], Any]


@contextmanager
def served(answer: Answer) -> Iterator[str]:
    """An HTTP server with one endpoint, at the URL that is yielded."""
    listener = socket.create_server(("127.0.0.1", 0))
    app = Starlette(routes=[Route("/slack/events", answer, methods=["POST"])])
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", ws="none", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    wait_until(lambda: server.started or None, 10, lambda: "not started")
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/slack/events"
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()


@contextmanager
def workspace_for(answer: Answer, **options: Any) -> Iterator[RunningWorkspace]:
    """A workspace that delivers to this endpoint."""
    workspace = Workspace(credentials=CREDENTIALS)
    with served(answer) as url, running_workspace(workspace, events_url=url, **options) as running:
        yield running


def refusal(client: WebClient, method: str, **arguments: Any) -> Json:
    """The body of a call that Slack refuses."""
    with pytest.raises(SlackApiError) as caught:
        client.api_call(method, json=arguments)
    body: Json = caught.value.response.data
    return body


def trigger(slack: RunningWorkspace, view_id: str | None = None) -> str:
    """A trigger id as a payload carries it."""
    return slack.run(lambda: slack.workspace.triggers.issue("U0OPERATOR", view_id))
