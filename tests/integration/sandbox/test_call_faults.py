"""Calls that go wrong on demand, as the SDK meets them."""

from __future__ import annotations

import time
from http.client import RemoteDisconnected

import httpx
import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_handlers import ConnectionErrorRetryHandler, RateLimitErrorRetryHandler

from sandbox.testing import RunningWorkspace
from tests.integration.sandbox.apps import OPS

Refused = (ConnectionResetError, RemoteDisconnected)


def client_without_retries(slack: RunningWorkspace, timeout: int = 5) -> WebClient:
    token = slack.workspace.credentials.bot_token
    return WebClient(token=token, base_url=slack.api_url, retry_handlers=[], timeout=timeout)


def texts(slack: RunningWorkspace) -> list[str]:
    return [message["text"] for message in slack.person.messages("db-ops")]


def test_a_call_is_answered_late(slack: RunningWorkspace, client: WebClient) -> None:
    slack.person.fault("latency", method="chat.*", seconds=0.3)
    started = time.monotonic()
    client.auth_test()
    assert time.monotonic() - started < 0.3
    client.chat_postMessage(channel=OPS, text="Late")
    assert time.monotonic() - started >= 0.3
    assert texts(slack) == ["Late"]


def test_a_call_is_held_back_with_a_time_to_wait(slack: RunningWorkspace) -> None:
    slack.person.fault("rate_limited", method="chat.postMessage", count=1, seconds=7)
    client = client_without_retries(slack)
    with pytest.raises(SlackApiError) as caught:
        client.chat_postMessage(channel=OPS, text="x")
    assert (caught.value.response.status_code, caught.value.response["error"]) == (429, "ratelimited")
    assert caught.value.response.headers["Retry-After"] == "7"
    assert texts(slack) == []
    client.chat_postMessage(channel=OPS, text="Again")
    assert texts(slack) == ["Again"]


def test_the_sdks_own_retries_get_through(slack: RunningWorkspace) -> None:
    slack.person.fault("rate_limited", method="chat.postMessage", count=1, seconds=1)
    slack.person.fault("connection_reset", method="auth.test", count=1)
    client = client_without_retries(slack)
    client.retry_handlers.extend([RateLimitErrorRetryHandler(max_retry_count=1), ConnectionErrorRetryHandler()])
    assert client.chat_postMessage(channel=OPS, text="Second try")["ok"]
    assert client.auth_test()["ok"]
    assert [fault["hits"] for fault in slack.person.faults()] == [1, 1]


@pytest.mark.parametrize("applied", [False, True])
def test_a_call_fails_with_500_before_or_after_its_effect(slack: RunningWorkspace, applied: bool) -> None:
    slack.person.fault("server_error", method="chat.postMessage", count=1, applied=applied)
    with pytest.raises(SlackApiError) as caught:
        client_without_retries(slack).chat_postMessage(channel=OPS, text="Posted")
    assert caught.value.response.status_code == 500
    assert texts(slack) == (["Posted"] if applied else [])


@pytest.mark.parametrize("applied", [False, True])
def test_a_connection_is_reset_before_or_after_the_effect(slack: RunningWorkspace, applied: bool) -> None:
    slack.person.fault("connection_reset", method="chat.postMessage", count=1, applied=applied)
    with pytest.raises(Refused):
        client_without_retries(slack).chat_postMessage(channel=OPS, text="Posted")
    assert texts(slack) == (["Posted"] if applied else [])
    exchange = slack.person.wait_for(
        lambda: next((known for known in slack.workspace.wire.exchanges if known.name == "chat.postMessage"), None)
    )
    assert (exchange.status, exchange.reply) == (None, "")


def test_a_reset_is_one_and_no_mere_end(slack: RunningWorkspace) -> None:
    slack.person.fault("connection_reset", method="api.test")
    with pytest.raises(httpx.ReadError, match="reset"):
        httpx.post(f"{slack.api_url}api.test")


def test_a_call_is_not_answered_in_the_clients_time(slack: RunningWorkspace) -> None:
    slack.person.fault("timeout", method="chat.postMessage", seconds=30)
    with pytest.raises(TimeoutError):
        client_without_retries(slack, timeout=1).chat_postMessage(channel=OPS, text="x")
    assert texts(slack) == []


def test_a_connection_ends_when_nobody_answered_for_long(slack: RunningWorkspace) -> None:
    slack.person.fault("timeout", method="api.test", seconds=0.2)
    with pytest.raises(httpx.RemoteProtocolError, match="without sending a response"):
        httpx.post(f"{slack.api_url}api.test")


def test_a_response_url_and_an_upload_fail_too(slack: RunningWorkspace, client: WebClient) -> None:
    slack.person.fault("server_error", method="response_url")
    slack.person.fault("server_error", method="upload", count=1)
    target = slack.run(lambda: slack.workspace.response_urls.issue(OPS, "U0OPERATOR"))
    url = f"{slack.url}/commands/{slack.workspace.team.id}/{target}"
    assert httpx.post(url, json={"text": "x"}).status_code == 500
    upload = client.files_getUploadURLExternal(filename="a.txt", length=1)["upload_url"]
    assert [httpx.post(upload, content=b"a").status_code for _ in range(2)] == [500, 200]


def test_faults_add_up_and_end(slack: RunningWorkspace) -> None:
    slack.person.fault("latency", seconds=0.2)
    failing = slack.person.fault("server_error", rate=0.5, seed=3)
    started = time.monotonic()
    statuses = [httpx.post(f"{slack.api_url}api.test").status_code for _ in range(5)]
    assert time.monotonic() - started >= 1
    assert set(statuses) == {200, 500}
    slack.person.remove_faults(failing)
    assert [fault["kind"] for fault in slack.person.faults()] == ["latency"]
    slack.person.remove_faults()
    assert slack.person.faults() == []


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        ({}, 400, "invalid_arguments"),
        ({"kind": "earthquake"}, 400, "invalid_fault"),
        ({"kind": "latency", "count": "many"}, 400, "invalid_fault"),
        ({"kind": "latency", "methods": "*"}, 400, "invalid_arguments"),
        ({"kind": "forged_signature"}, 400, "invalid_fault"),
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(
    slack: RunningWorkspace, body: dict[str, str], status: int, error: str
) -> None:
    reply = httpx.post(f"{slack.url}/person/faults", json=body)
    assert (reply.status_code, reply.json()["error"]) == (status, error)
    assert httpx.delete(f"{slack.url}/person/faults/fault-9").status_code == 404


def test_the_kinds_are_listed_for_a_panel(slack: RunningWorkspace) -> None:
    kinds = {kind["kind"]: kind for kind in httpx.get(f"{slack.url}/person/faults").json()["kinds"]}
    assert len(kinds) == 11
    assert (kinds["latency"]["strikes"], kinds["latency"]["default_seconds"]) == ("calls", 1.0)
    assert (kinds["late"]["strikes"], kinds["late"]["available"]) == ("deliveries", True)
    assert kinds["stale_timestamp"]["available"] is False
