"""Slash commands on their way to the bot, with as little work of our own as can be: it shares the bot's two cores."""

from __future__ import annotations

import asyncio
from urllib.parse import urlencode

from bench.load import Send
from sandbox.delivery.signed_http import sign
from sandbox.delivery.transport import ACKNOWLEDGE_SECONDS
from sandbox.interactions import Interactions
from sandbox.people import DB_OPS, OPERATOR
from sandbox.processes import HOST
from sandbox.testing import RunningWorkspace

COMMAND = "/baseliner"
EVENTS_PATH = "/slack/events"


def over_socket(slack: RunningWorkspace) -> Send:
    """Through the workspace itself, as a person types them."""

    async def send(text: str) -> bool:
        outcome = await slack.sandbox.acts.command(OPERATOR.id, DB_OPS.id, COMMAND, text)
        return outcome.acknowledged

    return send


def over_http(slack: RunningWorkspace, port: int) -> Send:
    """The workspace's payload and signature, posted to a port of this machine, each on a connection of its own.

    Not by the workspace's own HTTP client: with a hundred requests under way that takes more of a processor than the
    bot does.
    """
    workspace = slack.workspace
    interactions = Interactions(workspace, slack.url)
    secret = workspace.credentials.signing_secret

    async def send(text: str) -> bool:
        payload = interactions.slash_command(OPERATOR, DB_OPS, COMMAND, text)
        body = urlencode(payload).encode()
        timestamp = str(int(workspace.clock()))
        try:
            async with asyncio.timeout(ACKNOWLEDGE_SECONDS):
                return await _post(port, timestamp, sign(secret, timestamp, body), body) == 200
        except (OSError, TimeoutError):
            return False

    return send


async def _post(port: int, timestamp: str, signature: str, body: bytes) -> int:
    """The HTTP status of the answer. Raises OSError."""
    head = (
        f"POST {EVENTS_PATH} HTTP/1.1\r\nHost: {HOST}:{port}\r\nConnection: close\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n"
        f"X-Slack-Request-Timestamp: {timestamp}\r\nX-Slack-Signature: {signature}\r\n\r\n"
    )
    reader, writer = await asyncio.open_connection(HOST, port)
    try:
        writer.write(head.encode() + body)
        status_line = (await reader.read()).partition(b"\r\n")[0].split()
    finally:
        writer.close()
    if len(status_line) < 2:
        raise ConnectionResetError("the bot closed the connection without an answer")
    return int(status_line[1])
