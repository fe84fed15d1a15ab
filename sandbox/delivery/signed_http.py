"""Signed HTTP delivery. Source: docs, authentication/verifying-requests-from-slack."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from typing import Any
from urllib.parse import urlencode

import httpx

from sandbox.clock import Clock
from sandbox.delivery.transport import (
    ACKNOWLEDGE_SECONDS,
    Acknowledgement,
    Delivery,
    DispatchFailed,
    NotAcknowledged,
)
from sandbox.faults import FaultKind
from sandbox.wire import Exchange
from sandbox.workspace import Workspace

_FORM = "application/x-www-form-urlencoded"
_STALE_SECONDS = 600
# With as many requests waiting as there are connections, httpx looks through all of both for each of them.
_LIMITS = httpx.Limits(max_connections=1000, max_keepalive_connections=100)


def sign(secret: str, timestamp: str, body: bytes) -> str:
    """The `X-Slack-Signature` of a body: HMAC-SHA256 over version, timestamp and raw body."""
    base = b"v0:" + timestamp.encode() + b":" + body
    return "v0=" + hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()


class HttpTransport:
    """Posts each payload to the app's URL: `events_url` for all, or those of the manifest when it is None."""

    def __init__(
        self,
        workspace: Workspace,
        events_url: str | None = None,
        acknowledge_seconds: float = ACKNOWLEDGE_SECONDS,
        signing_clock: Clock = time.time,
    ) -> None:
        """`signing_clock` is the app's own time, whatever the workspace's clock says."""
        self._workspace = workspace
        self._events_url = events_url
        self._signing_clock = signing_clock
        self._client = httpx.AsyncClient(timeout=acknowledge_seconds, limits=_LIMITS, trust_env=False)

    async def deliver(self, delivery: Delivery) -> Acknowledgement:
        """Post the payload and wait for the answer. Raises NotAcknowledged or DispatchFailed."""
        url = self._url(delivery)
        if url is None:
            raise DispatchFailed(f"the manifest has no URL for {delivery.name}")
        body, content_type = _encode(delivery)
        started = self._workspace.clock()
        try:
            response = await self._client.post(url, content=body, headers=self._headers(delivery, body, content_type))
        except httpx.TimeoutException:
            self._record(delivery, body, started, None, "")
            raise NotAcknowledged from None
        except httpx.HTTPError as error:
            self._record(delivery, body, started, None, str(error))
            raise DispatchFailed(str(error)) from error
        self._record(delivery, body, started, response.status_code, response.text)
        if response.status_code != httpx.codes.OK:
            raise DispatchFailed(f"the app answered {response.status_code}", response.status_code)
        return Acknowledgement(status=response.status_code, body=_decode(response))

    async def verify_url(self) -> bool:
        """Ask the events URL to prove itself by echoing a challenge."""
        challenge = f"{self._workspace.random.getrandbits(128):032x}"
        payload = {"type": "url_verification", "token": "", "challenge": challenge}
        body = json.dumps(payload).encode()
        delivery = Delivery(kind="events_api", payload={"event": payload})
        url = self._url(delivery)
        if url is None:
            return False
        headers = self._headers(delivery, body, "application/json")
        try:
            response = await self._client.post(url, content=body, headers=headers)
        except httpx.HTTPError:
            return False
        return response.status_code == httpx.codes.OK and challenge in response.text

    async def close(self) -> None:
        """Give back connections."""
        await self._client.aclose()

    def _url(self, delivery: Delivery) -> str | None:
        if self._events_url is not None:
            return self._events_url
        manifest = self._workspace.manifest
        if delivery.kind == "slash_commands":
            command = manifest.command(delivery.payload["command"])
            return None if command is None else command.url
        if delivery.kind == "events_api":
            return manifest.events_url
        if delivery.payload["type"] == "block_suggestion":
            return manifest.options_url or manifest.interactivity_url
        return manifest.interactivity_url

    def _headers(self, delivery: Delivery, body: bytes, content_type: str) -> dict[str, str]:
        timestamp = str(
            int(self._signing_clock()) - (_STALE_SECONDS if FaultKind.STALE_TIMESTAMP in delivery.faults else 0)
        )
        secret = self._workspace.credentials.signing_secret
        if FaultKind.FORGED_SIGNATURE in delivery.faults:
            secret = secret[::-1] + "forged"
        headers = {
            "Content-Type": content_type,
            "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
            "X-Slack-Request-Timestamp": timestamp,
            "X-Slack-Signature": sign(secret, timestamp, body),
        }
        if delivery.retry:
            headers |= {"X-Slack-Retry-Num": str(delivery.retry), "X-Slack-Retry-Reason": delivery.retry_reason}
        return headers

    def _record(self, delivery: Delivery, body: bytes, started: float, status: int | None, reply: str) -> None:
        self._workspace.wire.record(
            Exchange(
                started=started,
                seconds=self._workspace.clock() - started,
                sender="workspace",
                via="http",
                name=delivery.name,
                request=body.decode(),
                status=status,
                reply=reply,
            )
        )


def _encode(delivery: Delivery) -> tuple[bytes, str]:
    if delivery.kind == "slash_commands":
        return urlencode(delivery.payload).encode(), _FORM
    if delivery.kind == "interactive":
        return urlencode({"payload": json.dumps(delivery.payload)}).encode(), _FORM
    return json.dumps(delivery.payload).encode(), "application/json"


def _decode(response: httpx.Response) -> dict[str, Any]:
    if not response.content:
        return {}
    if response.headers.get("content-type", "").startswith("application/json"):
        body = response.json()
        return body if isinstance(body, dict) else {}
    return {"text": response.text}
