"""What reaches a listener at all, how fast it is acknowledged, and what is told when one breaks."""

import json
import secrets
import threading
import time
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

import pytest
from slack_bolt import BoltRequest, BoltResponse
from slack_sdk.signature import SignatureVerifier
from slack_sdk.socket_mode import SocketModeClient

import handlers
from bot.models import Actor, OperationState
from bot.settings import Settings
from handlers import ids
from handlers.app import app_id_of
from handlers.reply import Reply
from handlers.views.answers import Usage, help_message
from tests.handlers.conftest import APPROVALS, APPROVER, OPERATOR, OPS, REFERENCE, Desk, MakeDesk, client
from tests.support import eventually


def command(desk: Desk, **changes: str) -> dict[str, str]:
    body = {
        "command": "/baseliner",
        "text": "help",
        "team_id": "T0SANDBOX1",
        "api_app_id": desk.slack.workspace.app.app_id,
        "user_id": OPERATOR,
        "user_name": "olive",
        "channel_id": OPS,
        "trigger_id": f"1.2.{secrets.token_hex(8)}",
        "response_url": "",
    }
    return body | changes


def dispatch(desk: Desk, body: dict[str, Any], *, secret: str | None = None, age: int = 0) -> BoltResponse:
    encoded = urlencode({key: value for key, value in body.items() if value})
    timestamp = str(int(time.time()) - age)
    verifier = SignatureVerifier(secret or desk.slack.workspace.credentials.signing_secret)
    signature = verifier.generate_signature(timestamp=timestamp, body=encoded) or ""
    headers: dict[str, str | Sequence[str]] = {
        "content-type": "application/x-www-form-urlencoded",
        "x-slack-signature": signature,
        "x-slack-request-timestamp": timestamp,
    }
    return desk.app.dispatch(BoltRequest(body=encoded, headers=headers))


def test_a_signed_command_is_acknowledged_and_answered(desk: Desk) -> None:
    response = dispatch(desk, command(desk))
    assert (response.status, response.body) == (200, "")
    assert "backup [target]" in desk.answer()


@pytest.mark.parametrize(("secret", "age"), [("wrong", 0), (None, 600)])
def test_a_wrong_or_old_signature_is_not_heard(desk: Desk, secret: str | None, age: int) -> None:
    assert dispatch(desk, command(desk), secret=secret, age=age).status == 401


@pytest.mark.parametrize("changes", [{"team_id": "T0OTHER"}, {"api_app_id": "A0OTHER"}])
def test_another_workspace_or_app_is_not_served(desk: Desk, changes: dict[str, str]) -> None:
    response = dispatch(desk, command(desk, text="backup", **changes))
    assert response.status == 200
    assert "another workspace" in response.body
    assert not desk.services.overview.targets()[0].recent


def test_a_click_from_another_workspace_does_nothing(desk: Desk) -> None:
    payload = {
        "type": "block_actions",
        "team": {"id": "T0OTHER"},
        "user": {"id": APPROVER},
        "api_app_id": desk.slack.workspace.app.app_id,
        "actions": [{"type": "button", "action_id": "approval.approve", "block_id": "x", "value": "x"}],
    }
    response = dispatch(desk, {"payload": json.dumps(payload)})
    assert (response.status, response.body) == (200, "")


def test_an_app_token_names_its_app() -> None:
    assert app_id_of("xapp-1-A0123456789-987-abc") == "A0123456789"
    assert app_id_of("xoxb-1-2-3") is None
    assert app_id_of(None) is None


def test_slow_answers_do_not_delay_the_next_acknowledgement(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    release = threading.Event()
    monkeypatch.setattr(Reply, "tell", lambda *_: release.wait(20))
    started = time.monotonic()
    try:
        assert all(dispatch(desk, command(desk)).status == 200 for _ in range(19))
        assert time.monotonic() - started < 3.0
    finally:
        release.set()


def test_a_command_and_a_click_are_acknowledged_while_every_thread_is_busy(desk: Desk) -> None:
    operation = desk.services.backups.request("inventory", Actor(OPERATOR, "Olive"))
    desk.draw()
    (post,) = desk.posts()
    free = threading.Event()
    for _ in range(40):
        desk.app.listener_runner.listener_executor.submit(free.wait)
    click = {
        "type": "block_actions",
        "team": {"id": "T0SANDBOX1"},
        "user": {"id": OPERATOR},
        "api_app_id": desk.slack.workspace.app.app_id,
        "container": {"type": "message", "channel_id": OPS, "message_ts": post["ts"]},
        "actions": [
            {"type": "button", "action_id": ids.CANCEL_OPERATION, "block_id": "x", "value": operation.id},
        ],
    }
    try:
        assert dispatch(desk, command(desk)).status == 200
        assert dispatch(desk, {"payload": json.dumps(click)}).status == 200
        assert desk.services.overview.operation(operation.id).state is OperationState.QUEUED
    finally:
        free.set()
    eventually(lambda: desk.services.overview.operation(operation.id).state is OperationState.CANCELLED)
    assert "backup [target]" in desk.answer()


def test_an_error_after_the_acknowledgement_does_not_take_it_back(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Reply, "tell", lambda *_: None)
    answers = [dispatch(desk, command(desk, text="health x")) for _ in range(20)]
    assert [(answer.status, answer.body) for answer in answers] == [(200, "")] * 20


def test_an_unexpected_error_is_told_and_logged_under_one_reference(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken() -> None:
        raise RuntimeError("boom")

    monkeypatch.setattr(desk.services.overview, "targets", broken)
    told = desk.ask("status")
    assert "Something went wrong inside Baseliner" in told
    assert "boom" not in told
    assert REFERENCE in told
    assert f"[{REFERENCE}] unexpected error for {OPERATOR}" in caplog.text
    assert "RuntimeError: boom" in caplog.text


def test_a_dialog_that_came_too_late_is_told(desk: Desk) -> None:
    triggers = desk.slack.workspace.triggers
    trigger_id = desk.slack.run(lambda: triggers.exchange(triggers.issue(OPERATOR)).id)
    dispatch(desk, command(desk, text="window", trigger_id=trigger_id))
    assert "Type the command, or press the button, again" in desk.answer()


def test_a_strange_button_is_told(desk: Desk) -> None:
    posted = client(desk.slack).chat_postMessage(
        channel=APPROVALS,
        text="x",
        blocks=[
            {
                "type": "actions",
                "elements": [
                    {
                        "type": "button",
                        "text": {"type": "plain_text", "text": "x"},
                        "action_id": "approval.approve",
                        "value": "not an id!",
                    }
                ],
            }
        ],
    )
    desk.person.action(APPROVER, APPROVALS, str(posted["ts"]), "approval.approve")
    assert "does not carry an id of ours" in desk.answer(APPROVER, APPROVALS)


def test_an_answer_goes_to_a_direct_message_where_the_bot_cannot_write(desk: Desk) -> None:
    Reply(client(desk.slack), OPERATOR, "C0PRIVATE1").tell(help_message([Usage("help", "Shows this.")]))
    direct = desk.slack.run(lambda: desk.slack.workspace.direct_channel(OPERATOR).id)
    assert [message["text"] for message in desk.person.messages(direct, OPERATOR)] == ["What Baseliner can do"]


def test_an_answer_that_cannot_be_given_is_logged(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    Reply(client(desk.slack), "U0NOBODY01", "C0NOWHERE1").tell(help_message([]))
    assert "could not tell U0NOBODY01" in caplog.text


def test_it_works_over_socket_mode_too(make_desk: MakeDesk, settings: Settings) -> None:
    desk = make_desk(settings, socket=True)
    assert "is accepted" in desk.ask("backup")


def test_it_can_be_closed_in_the_moment_in_which_it_begins_to_receive(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    begins = threading.Event()
    session_id = SocketModeClient.session_id

    def closed_meanwhile(client: SocketModeClient) -> str:
        if threading.current_thread() is client.current_session_runner.thread and not begins.is_set():
            begins.set()
            eventually(lambda: client.current_session_state.terminated)
        return str(session_id(client))

    monkeypatch.setattr(SocketModeClient, "session_id", closed_meanwhile)
    connection = handlers.socket_mode(desk.app, desk.slack.workspace.credentials.app_token)
    assert begins.wait(60)
    closing = threading.Thread(target=connection.close, daemon=True)
    closing.start()
    closing.join(60)
    assert not closing.is_alive()


def test_a_connection_is_tried_until_slack_is_there(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("handlers.transports.FIRST_PAUSE", 0.01)
    connection = handlers.SocketMode(desk.app, "xapp-1-A0SANDBOX1-1-wrong")
    connection.start()
    try:
        eventually(lambda: caplog.text.count("no connection to Slack") > 2)
        assert not connection.connected
    finally:
        connection.close()
