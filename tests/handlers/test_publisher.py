"""The publisher against a Slack that refuses, limits, deletes and goes away: nothing is lost, nothing doubled."""

import logging
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from slack_sdk import WebClient

import handlers
from bot.models import Actor, OperationState, WindowRequest
from bot.runtime.stop import StopSignal
from bot.settings import Settings
from handlers.pace import Allowance, Pace
from handlers.views.blocks import Message, section
from tests.handlers.conftest import ALERTS, OPERATOR, OPS, UNLIMITED, Desk, MakeDesk, client, words_of
from tests.support import eventually

OLIVE = Actor(OPERATOR, "Olive")


def request_backups(desk: Desk, count: int) -> list[str]:
    return [desk.services.backups.request("inventory", OLIVE, f"number {n}").id for n in range(count)]


def delete(desk: Desk, ts: str) -> None:
    client(desk.slack).chat_delete(channel=OPS, ts=ts)


def test_a_deleted_message_is_posted_anew(desk: Desk) -> None:
    (operation,) = request_backups(desk, 1)
    desk.draw()
    delete(desk, desk.posts()[0]["ts"])
    desk.run(operation)
    desk.draw()
    (again,) = desk.posts()
    assert "is done" in words_of(again)


def test_a_thread_whose_parent_was_deleted_goes_to_the_channel(desk: Desk) -> None:
    now = datetime.now(UTC)
    desk.services.windows.announce(WindowRequest("inventory", now, now + timedelta(hours=1), "move"), OLIVE)
    desk.draw()
    delete(desk, desk.posts()[0]["ts"])
    eventually(desk.services.windows.advance)
    desk.draw()
    assert any("has started" in message["text"] for message in desk.posts())


def test_an_edit_that_slack_limits_is_made_later(make_desk: MakeDesk, settings: Settings) -> None:
    desk = make_desk(settings, rates=True)
    operations = request_backups(desk, 8)
    for _ in range(3):
        desk.publisher.draw_due()
    assert len(desk.posts()) == 5

    def all_posted() -> bool:
        desk.publisher.draw_due()
        return len(desk.posts()) == 8

    eventually(all_posted)
    assert sorted(_operation_of(message, operations) for message in desk.posts()) == sorted(operations)


def test_a_channel_is_written_to_at_its_pace(desk: Desk) -> None:
    request_backups(desk, 4)
    calm = handlers.Publisher(client(desk.slack), desk.services, Pace(Allowance(2, timedelta(seconds=0.8))))
    assert 0 < calm.draw_due() <= 0.8
    calm.draw_due()
    assert len(desk.posts()) == 2


def test_an_unknown_channel_is_tried_again_much_later(
    make_desk: MakeDesk, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    slack = settings.slack.model_copy(
        update={"channels": settings.slack.channels.model_copy(update={"operations": "C0NOWHERE1"})}
    )
    desk = make_desk(settings.model_copy(update={"slack": slack}))
    request_backups(desk, 1)
    desk.publisher.draw_due()
    assert "channel C0NOWHERE1: channel_not_found" in caplog.text
    desk.publisher.draw_due()
    assert caplog.text.count("C0NOWHERE1: channel_not_found") == 1
    assert desk.services.drawings.undrawn() == 1


def test_slack_away_and_back(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    request_backups(desk, 1)
    away = WebClient(token="xoxb-away", base_url="http://127.0.0.1:9/api/", retry_handlers=[])
    handlers.Publisher(away, desk.services, Pace(UNLIMITED, UNLIMITED)).draw_due()
    assert not desk.posts()
    desk.draw()
    assert len(desk.posts()) == 1


def test_blocks_that_slack_rejects_leave_the_words(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = Message("the words", [section("x")] * 51)
    monkeypatch.setattr("handlers.renderings.headline", lambda *_: broken)
    request_backups(desk, 1)
    desk.draw()
    (posted,) = desk.posts()
    assert posted["text"] == "the words"
    desk.slack.workspace.violations.clear()


def test_a_view_that_breaks_is_logged_and_holds_up_nobody(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    first, second = request_backups(desk, 2)

    def break_once(operation: Any, *_: Any) -> Message:
        if operation.id == first and not caplog.records:
            raise KeyError("no such figure")
        return Message(operation.id, [section(operation.id)])

    monkeypatch.setattr("handlers.renderings.headline", break_once)
    desk.publisher.draw_due()
    assert [message["text"] for message in desk.posts()] == [second]
    assert "no such figure" in caplog.text
    desk.draw()
    assert {message["text"] for message in desk.posts()} == {first, second}


def test_a_state_database_away_after_a_post_does_not_double_it(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    request_backups(desk, 1)
    drawn = desk.services.drawings.drawn

    def away(*_: Any) -> None:
        raise OSError("the state database is away")

    monkeypatch.setattr(desk.services.drawings, "drawn", away)
    with pytest.raises(OSError, match="away"):
        desk.publisher.draw_due()
    with pytest.raises(OSError, match="away"):
        desk.publisher.draw_due()
    monkeypatch.setattr(desk.services.drawings, "drawn", drawn)
    desk.draw()
    assert len(desk.posts()) == 1


def test_it_runs_until_told_to_stop_and_survives_failures(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    due, failures = desk.services.drawings.due, iter([OSError("gone"), RuntimeError("odd")])

    def sometimes() -> Any:
        for failure in failures:
            raise failure
        return due()

    monkeypatch.setattr(desk.services.drawings, "due", sometimes)
    caplog.set_level(logging.ERROR)
    stop = threading.Event()
    thread = threading.Thread(target=desk.publisher.run, args=(stop,))
    thread.start()
    try:
        (operation,) = request_backups(desk, 1)
        eventually(lambda: len(desk.posts()) == 1)
        assert desk.run(operation).state is OperationState.DONE
        eventually(lambda: "is done" in words_of(desk.posts()[0]))
    finally:
        stop.set()
        thread.join(10)
    assert not thread.is_alive()
    assert caplog.text.count("the publisher could not read or write") == 2


def test_an_alert_opens_and_resolves_in_one_message(desk: Desk) -> None:
    sweep(desk)
    desk.draw()
    opened = {message["ts"]: words_of(message) for message in desk.posts(ALERTS)}
    assert any("there is no backup yet" in words for words in opened.values())
    (operation,) = request_backups(desk, 1)
    desk.run(operation)
    sweep(desk)
    desk.draw()
    resolved = {message["ts"]: words_of(message) for message in desk.posts(ALERTS)}
    assert resolved.keys() == opened.keys()
    assert any("*resolved* after" in words for words in resolved.values())


def sweep(desk: Desk) -> None:
    desk.house.work.sweeps.sweep("inventory", StopSignal())


def _operation_of(message: dict[str, Any], operations: list[str]) -> str:
    return next(operation for operation in operations if operation in words_of(message))
