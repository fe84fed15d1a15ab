"""What makes a test fail that lets the app send what Slack would refuse, and the newer elements in use."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
from slack_bolt import App
from slack_sdk import WebClient
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from sandbox.testing import RunningWorkspace, running_workspace
from tests.integration.sandbox.apps import OPS, refusal, served, workspace_for
from tests.integration.sandbox.conftest import Listen, web_client
from tests.unit.sandbox.blocks import Json, actions, button, option, plain, section

BROKEN = {"channel": OPS, "text": "x", "blocks": [{"type": "section"}]}


def break_a_rule(slack: RunningWorkspace) -> None:
    refusal(web_client(slack), "chat.postMessage", **BROKEN)


def break_a_rule_and_fail(slack: RunningWorkspace) -> None:
    break_a_rule(slack)
    raise ZeroDivisionError


def test_one_violation_fails_the_test_at_its_end() -> None:
    message = r"section\.any: must have at least one of: text, fields"
    with pytest.raises(AssertionError, match=message), running_workspace() as slack:
        break_a_rule(slack)


def test_a_violation_does_not_hide_why_a_test_failed() -> None:
    with pytest.raises(ZeroDivisionError), running_workspace() as slack:
        break_a_rule_and_fail(slack)


def test_a_test_of_violations_takes_them_or_opts_out() -> None:
    with running_workspace() as slack:
        refusal(web_client(slack), "chat.postMessage", **BROKEN)
        assert [violation.pointer for violation in slack.take_violations()] == ["/blocks/0"]
    with running_workspace(strict=False) as slack:
        refusal(web_client(slack), "chat.postMessage", **BROKEN)


def test_violations_can_be_asked_from_outside_and_forgotten(slack: RunningWorkspace, client: WebClient) -> None:
    refusal(client, "chat.postMessage", **BROKEN)
    [violation] = slack.person.violations()
    assert set(violation) == {"pointer", "rule", "message", "source"}
    assert violation["source"].startswith("docs: reference/block-kit/blocks/section-block")
    assert httpx.delete(f"{slack.url}/person/violations").json()["ok"]
    assert slack.person.violations() == []


@pytest.mark.parametrize(
    ("answer", "rule"),
    [
        ({"options": [option(text="x" * 76)]}, "option.text.max_length"),
        ({"options": [option(str(number)) for number in range(101)]}, "suggestions.options.max_items"),
        ({}, "suggestions.exclusive"),
    ],
)
def test_suggested_options_are_judged_too(slack: RunningWorkspace, listen: Listen, answer: Json, rule: str) -> None:
    def register(app: App) -> None:
        app.options("backup")(lambda ack: ack(answer))

    app = listen(register)
    menu = {"type": "external_select", "action_id": "backup"}
    ts = app.client.chat_postMessage(channel=OPS, text="Which?", blocks=[actions(menu)])["ts"]
    seen = slack.person.action("olive", "db-ops", ts, "backup", "a", check=False)
    assert seen["error"] == "invalid_options"
    assert [violation.rule for violation in slack.take_violations()] == [rule]


def test_feedback_and_buttons_in_cards_reach_the_app(slack: RunningWorkspace, listen: Listen) -> None:
    pressed: list[tuple[str, str, str]] = []

    def register(app: App) -> None:
        @app.action({"type": "block_actions", "action_id": "rate"})
        @app.action("restore")
        @app.action("inner")
        def press(ack: Any, action: Json) -> None:
            ack()
            pressed.append((action["type"], action["action_id"], action.get("value", "")))

    def feedback(kind: str) -> Json:
        return {"text": plain(kind), "value": f"{kind}_value"}

    rating = {
        "type": "feedback_buttons",
        "action_id": "rate",
        "positive_button": feedback("positive"),
        "negative_button": feedback("negative"),
    }
    card = {"type": "card", "title": plain(), "actions": [button("restore", value="b1")]}
    container = {"type": "container", "title": plain(), "child_blocks": [section(accessory=button("inner"))]}
    app = listen(register)
    blocks: list[Json] = [
        {"type": "context_actions", "elements": [rating]},
        {"type": "carousel", "elements": [card]},
        container,
    ]
    ts = app.client.chat_postMessage(channel=OPS, text="x", blocks=blocks)["ts"]
    slack.person.action("olive", "db-ops", ts, "rate", "negative")
    slack.person.action("olive", "db-ops", ts, "restore")
    slack.person.action("olive", "db-ops", ts, "inner")
    wrong = slack.person.action("olive", "db-ops", ts, "rate", "neutral", check=False)
    assert wrong["error"] == "invalid_value"
    assert pressed == [
        ("feedback_buttons", "rate", "negative_value"),
        ("button", "restore", "b1"),
        ("button", "inner", ""),
    ]


@pytest.mark.parametrize(("reply", "verified"), [("{challenge}", True), ("other", False)])
def test_the_apps_url_can_be_verified_on_demand(reply: str, verified: bool) -> None:
    async def answer(request: Request) -> Response:
        return PlainTextResponse(reply.format(challenge=(await request.json())["challenge"]))

    with workspace_for(answer) as slack:
        assert httpx.post(f"{slack.url}/person/url_verification").json() == {"ok": True, "verified": verified}


def test_a_url_that_nobody_answers_is_not_verified(slack: RunningWorkspace) -> None:
    with running_workspace(events_url="http://127.0.0.1:9/slack/events") as away:
        assert httpx.post(f"{away.url}/person/url_verification").json()["verified"] is False
    assert httpx.post(f"{slack.url}/person/url_verification").json()["error"] == "not_over_http"


def test_an_event_says_why_it_comes_again() -> None:
    seen: list[str | None] = []

    async def answer(request: Request) -> Response:
        seen.append(request.headers.get("x-slack-retry-reason"))
        if len(seen) == 1:
            await asyncio.sleep(0.6)
        return PlainTextResponse("")

    with (
        served(answer) as url,
        running_workspace(events_url=url, acknowledge_seconds=0.2, retry_delays=(0.0, 0.0, 0.0)) as slow_app,
    ):
        slow_app.person.say("olive", "db-ops", "Hello")
        slow_app.person.wait_for(lambda: len(seen) == 2 or None)
    assert seen == [None, "http_timeout"]
