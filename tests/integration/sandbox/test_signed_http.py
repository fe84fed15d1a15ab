"""Bolt behind HTTP, with Bolt's own check of the signature."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from slack_bolt import App
from slack_bolt.adapter.starlette import SlackRequestHandler
from slack_sdk import WebClient
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from sandbox.delivery.signed_http import HttpTransport, sign
from sandbox.outcome import Outcome
from sandbox.person import wait_until
from sandbox.testing import RunningWorkspace, running_workspace
from sandbox.workspace import Workspace
from tests.integration.sandbox.apps import CREDENTIALS, served, workspace_for
from tests.unit.sandbox.blocks import Json, actions, button, field, modal, section, text_input


@pytest.fixture
def bolt() -> Iterator[tuple[App, RunningWorkspace]]:
    """A Bolt app and the workspace that delivers to it."""
    apps: list[App] = []

    async def answer(request: Request) -> Response:
        return await SlackRequestHandler(apps[0]).handle(request)

    with workspace_for(answer) as slack:
        client = WebClient(token=CREDENTIALS.bot_token, base_url=slack.api_url)
        apps.append(App(client=client, signing_secret=CREDENTIALS.signing_secret))
        yield apps[0], slack


def test_command_modal_submission_button_and_update(bolt: tuple[App, RunningWorkspace]) -> None:
    app, slack = bolt

    @app.command("/baseliner")
    def show(ack: Any, body: Json, client: Any) -> None:
        ack()
        view = modal(field(text_input(), block_id="reason"), callback_id="form")
        client.views_open(trigger_id=body["trigger_id"], view=view)

    @app.view("form")
    def submitted(ack: Any, view: Json, client: Any) -> None:
        ack()
        reason = view["state"]["values"]["reason"]["write"]["value"]
        client.chat_postMessage(channel="C0DBAPPROV", text=reason, blocks=[section(), actions(button("approve"))])

    @app.action("approve")
    def approve(ack: Any, body: Json, respond: Any) -> None:
        ack()
        respond(text=f"Approved by <@{body['user']['id']}>", replace_original=True)

    assert slack.person.command("olive", "db-ops", "/baseliner", "restore a&b=c")["ok"]
    view = slack.person.wait_for_view("olive")
    assert slack.person.submit("olive", view["id"], {"reason": "Because"})["ok"]
    card = slack.person.wait_for_message("db-approvals", lambda message: message["text"] == "Because")
    assert slack.person.action("ada", "db-approvals", card["ts"], "approve")["status"] == 200
    edited = slack.person.wait_for_message("db-approvals", lambda message: bool(message["edited"]))
    assert edited["text"] == "Approved by <@U0APPROVER>"
    slack.assert_no_violations()


def test_events_arrive(bolt: tuple[App, RunningWorkspace]) -> None:
    app, slack = bolt

    @app.event("app_mention")
    def mentioned(say: Any) -> None:
        say("Yes?")

    @app.event("message")
    def heard() -> None:
        pass

    slack.person.say("olive", "db-ops", "@App hello")
    slack.person.wait_for_message("db-ops", lambda message: message["text"] == "Yes?")


def test_a_command_that_no_listener_takes_fails_for_the_person(bolt: tuple[App, RunningWorkspace]) -> None:
    _, slack = bolt
    seen = slack.person.command("olive", "db-ops", "/other")
    assert (seen["error"], seen["status"]) == ("dispatch_failed", 404)
    told = slack.person.messages("db-ops", "olive")[-1]["text"]
    assert told == '/other failed with the error "dispatch_failed"'


def test_a_slow_answer_times_out() -> None:
    async def answer(_request: Request) -> Response:
        await asyncio.sleep(1)
        return PlainTextResponse("")

    with workspace_for(answer, acknowledge_seconds=0.2) as slack:
        assert slack.person.command("olive", "db-ops", "/baseliner")["error"] == "operation_timeout"


def test_many_commands_reach_a_slow_app_at_the_same_time() -> None:
    waiting: list[None] = []
    together = asyncio.Event()

    async def answer(_request: Request) -> Response:
        waiting.append(None)
        if len(waiting) == 101:
            together.set()
        await together.wait()
        return PlainTextResponse("")

    with workspace_for(answer, acknowledge_seconds=30) as slack:

        async def press() -> list[Outcome]:
            acts = slack.sandbox.acts
            return await asyncio.gather(*(acts.command("olive", "db-ops", "/baseliner") for _ in range(101)))

        outcomes = asyncio.run_coroutine_threadsafe(press(), slack.loop).result(60)
    assert {outcome.error for outcome in outcomes} == {None}


def test_an_app_that_is_not_there_fails_at_once() -> None:
    with running_workspace(events_url="http://127.0.0.1:9/slack/events") as slack:
        assert slack.person.command("olive", "db-ops", "/baseliner")["error"] == "dispatch_failed"


def test_events_are_tried_again_with_the_retry_headers() -> None:
    seen: list[tuple[str | None, str | None]] = []

    async def answer(request: Request) -> Response:
        seen.append((request.headers.get("x-slack-retry-num"), request.headers.get("x-slack-retry-reason")))
        return PlainTextResponse("", 200 if len(seen) == 3 else 500)

    with workspace_for(answer, retry_delays=(0.0, 0.0, 0.0)) as slack:
        slack.person.say("olive", "db-ops", "Hello")
        wait_until(lambda: len(seen) == 3 or None, 10, lambda: seen)
    assert seen == [(None, None), ("1", "http_error"), ("2", "http_error")]


def test_commands_are_not_tried_again() -> None:
    seen: list[str] = []

    async def answer(request: Request) -> Response:
        seen.append(request.url.path)
        return PlainTextResponse("", 500)

    with workspace_for(answer, retry_delays=(0.0, 0.0, 0.0)) as slack:
        assert slack.person.command("olive", "db-ops", "/baseliner")["status"] == 500
        slack.person.say("olive", "db-ops", "Hello")
        wait_until(lambda: len(seen) >= 5 or None, 5, lambda: seen)
    assert len(seen) == 1 + 4


def test_an_answer_in_plain_text_is_a_reply_to_the_person() -> None:
    async def answer(_request: Request) -> Response:
        return PlainTextResponse("Hello")

    with workspace_for(answer) as slack:
        slack.person.command("olive", "db-ops", "/baseliner")
        assert slack.person.messages("db-ops", "olive")[0]["text"] == "Hello"


def test_an_invalid_answer_to_a_command_is_refused() -> None:
    async def answer(_request: Request) -> Response:
        return Response('{"blocks": [{"type": "banner"}]}', media_type="application/json")

    with workspace_for(answer) as slack:
        seen = slack.person.command("olive", "db-ops", "/baseliner")
        assert [violation.rule for violation in slack.take_violations()] == ["block.unsupported"]
    assert seen["error"] == "invalid_command_response"


@pytest.mark.parametrize(("reply", "verified"), [("{challenge}", True), ("other", False)])
def test_a_url_is_verified_by_its_challenge(reply: str, verified: bool) -> None:
    async def answer(request: Request) -> Response:
        return PlainTextResponse(reply.format(challenge=(await request.json())["challenge"]))

    async def verify(url: str) -> bool:
        transport = HttpTransport(Workspace(), url)
        try:
            return await transport.verify_url()
        finally:
            await transport.close()

    with served(answer) as url, ThreadPoolExecutor(1) as apart:  # Playwright keeps a loop in the tests' own thread
        assert apart.submit(asyncio.run, verify(url)).result(20) is verified


def test_the_signature_is_the_one_of_slacks_documentation() -> None:
    body = (
        b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V"
        b"&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text="
        b"&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN"
        b"&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
    )
    assert sign(CREDENTIALS.signing_secret, "1531420618", body) == (
        "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
    )


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        ({"text": "x", "blocks": [{"type": "banner"}]}, 400, "invalid_blocks"),
        ({}, 400, "no_text"),
        ({"text": "x", "replace_original": True}, 400, "message_not_found"),
        ([], 400, "invalid_payload"),
    ],
)
def test_a_bad_post_to_a_response_url_is_refused(body: Any, status: int, error: str) -> None:
    urls: list[str] = []

    async def answer(request: Request) -> Response:
        urls.append(str((await request.form())["response_url"]))
        return PlainTextResponse("")

    with workspace_for(answer) as slack:
        slack.person.command("olive", "db-ops", "/baseliner")
        reply = httpx.post(urls[0], json=body)
        assert (reply.status_code, reply.json()["error"]) == (status, error)
        slack.take_violations()
        unknown = httpx.post(f"{slack.url}/commands/T0SANDBOX1/unknown", json={"text": "x"})
        assert unknown.status_code == 404
