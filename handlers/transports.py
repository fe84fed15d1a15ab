"""How payloads arrive: Socket Mode, or signed HTTP."""

from __future__ import annotations

import logging
import threading
from contextlib import suppress

from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_bolt.adapter.starlette.handler import to_bolt_request, to_starlette_response
from slack_sdk.errors import SlackClientError
from slack_sdk.socket_mode import SocketModeClient
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

logger = logging.getLogger(__name__)
_WORKERS = 20
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
"""Seconds between two attempts to connect."""
_RECEIVER_LOOKS = 0.05


class SocketMode:
    """A connection that is made, and made again, in a thread of its own, until it is closed."""

    def __init__(self, app: App, app_token: str, *, ping_interval: float = 10.0) -> None:
        self._handler = SocketModeHandler(app, app_token, concurrency=_WORKERS, ping_interval=ping_interval)
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._connect, name="socket-mode", daemon=True)

    def start(self) -> None:
        """Returns at once."""
        self._thread.start()

    @property
    def connected(self) -> bool:
        return self._handler.client.is_connected()

    def close(self) -> None:
        """Envelopes that were not acknowledged are delivered again, to whoever connects next."""
        self._closing.set()
        self._thread.join()
        client = self._handler.client
        client.auto_reconnect_enabled = False
        client.current_session_state.terminated = True
        # slack_sdk's receiver may be closing the same connection at the same moment.
        with suppress(AttributeError):
            client.disconnect()
        _end_receiver(client)
        with suppress(AttributeError):
            client.close()

    def _connect(self) -> None:
        pause = FIRST_PAUSE
        while not self._closing.is_set():
            try:
                self._handler.client.connect()
                return
            except (SlackClientError, OSError) as error:
                logger.warning("no connection to Slack, next attempt in %.0f s: %s", pause, error)
            except Exception:
                logger.exception("no connection to Slack, next attempt in %.0f s", pause)
            self._closing.wait(pause)
            pause = min(pause * 2, LONGEST_PAUSE)


def _end_receiver(client: SocketModeClient) -> None:
    runner = client.current_session_runner
    runner.event.set()
    while runner.is_alive():
        # Again and again: as it begins, the SDK's receiver takes this back, and its close() would wait for ever.
        client.current_session_state.terminated = True
        runner.thread.join(_RECEIVER_LOOKS)


def socket_mode(app: App, app_token: str) -> SocketMode:
    """Connects without blocking; `close()` ends it."""
    connection = SocketMode(app, app_token)
    connection.start()
    return connection


def http_routes(app: App) -> list[Route]:
    """`POST /slack/events` for commands, actions, views and events alike; Bolt checks the signature."""

    async def events(request: Request) -> Response:
        # Bolt's own adapter would hold the event loop until the listener has acknowledged.
        bolt_request = to_bolt_request(request, await request.body())
        return to_starlette_response(await run_in_threadpool(app.dispatch, bolt_request))

    return [Route("/slack/events", events, methods=["POST"])]
