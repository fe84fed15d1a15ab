"""Maintenance windows in words and by dialog, cancelled by button and by word."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bot.models import Actor, WindowRequest, WindowState
from bot.settings import Settings
from handlers import ids
from tests.handlers.conftest import DEVELOPER, ELSEWHERE, OPERATOR, OPS, Desk, MakeDesk, button, words_of
from tests.support import eventually


def in_hours(hours: float) -> int:
    return int((datetime.now(UTC) + timedelta(hours=hours)).timestamp())


def submit(desk: Desk, starts_at: int, ends_at: int, reason: str = "Move disks", **more: str) -> dict[str, Any]:
    values: dict[str, Any] = {"starts_at": starts_at, "ends_at": ends_at, "reason": reason, **more}
    return desk.person.submit(OPERATOR, desk.modal()["id"], values)


def test_a_window_in_words_is_announced_and_cancelled_by_its_button(desk: Desk) -> None:
    told = desk.ask("window in 30m for 1h move the disks")
    (window,) = desk.services.windows.upcoming()
    assert window.id in told
    assert window.reason == "move the disks"
    assert window.ends_at - window.starts_at == timedelta(hours=1)

    desk.draw()
    (posted,) = desk.posts()
    assert "move the disks" in words_of(posted)
    assert (button(posted, ids.CANCEL_WINDOW) or {})["value"] == window.id

    desk.person.action(OPERATOR, OPS, posted["ts"], ids.CANCEL_WINDOW)
    eventually(lambda: not desk.services.windows.upcoming())
    desk.draw()
    (cancelled,) = desk.posts()
    assert "cancelled" in words_of(cancelled)
    assert button(cancelled, ids.CANCEL_WINDOW) is None


def test_a_window_is_announced_where_it_was_asked_too(desk: Desk) -> None:
    desk.ask("window inventory in 30m for 1h move", channel=ELSEWHERE)
    desk.draw()
    assert len(desk.posts(ELSEWHERE)) == len(desk.posts(OPS)) == 1


def test_a_window_asked_for_in_a_direct_message_is_announced_in_the_operations_channel(desk: Desk) -> None:
    direct = desk.slack.run(lambda: desk.slack.workspace.direct_channel(OPERATOR).id)
    desk.ask("window in 30m for 1h move", channel=direct)
    desk.draw()
    assert desk.services.drawings.undrawn() == 0
    assert len(desk.posts(OPS)) == 1


def test_a_time_of_day_is_the_persons_own(desk: Desk) -> None:
    zone = desk.slack.workspace.users[OPERATOR].tz
    desk.ask("window tomorrow at 22:00 for 2h upgrade")
    (window,) = desk.services.windows.upcoming()
    assert window.starts_at.astimezone(ZoneInfo(zone)).strftime("%H:%M") == "22:00"


def test_listed_and_cancelled_by_word(desk: Desk) -> None:
    desk.ask("window in 30m for 1h move")
    (window,) = desk.services.windows.upcoming()
    assert window.id in desk.ask("window list")
    assert "is cancelled" in desk.ask(f"window cancel {window.id}")
    assert "over or cancelled already" in desk.ask(f"window cancel {window.id}")
    assert "There is no window" in desk.ask("window cancel nothing")
    assert "Say which window" in desk.ask("window cancel")


@pytest.mark.parametrize("text", ["window in 30m reason", "window at 30:00 for 1h reason", "window inventory soon"])
def test_words_that_cannot_be_read_show_some_that_can(desk: Desk, text: str) -> None:
    assert "window in 30m for 1h reason" in desk.ask(text)


def test_the_dialog_announces(desk: Desk) -> None:
    desk.type("window")
    submit(desk, in_hours(1), in_hours(3))
    assert "is announced" in desk.answer()
    assert desk.services.windows.upcoming()[0].reason == "Move disks"


@pytest.mark.parametrize(
    ("starts", "ends", "reason", "block"),
    [(1, 1, "x", "ends_at"), (2, 1, "x", "ends_at"), (-5, -4, "x", "starts_at"), (1, 2, " ", "reason")],
)
def test_what_is_wrong_is_shown_on_its_input(desk: Desk, starts: int, ends: int, reason: str, block: str) -> None:
    desk.type("window")
    outcome = submit(desk, in_hours(starts), in_hours(ends), reason)
    assert list(outcome["errors"]) == [block]
    assert not desk.services.windows.upcoming()


def test_with_several_targets_the_dialog_keeps_what_was_said(make_desk: MakeDesk, two_targets: Settings) -> None:
    desk = make_desk(two_targets)
    desk.type("window in 2h for 1h move the disks")
    view = desk.modal()
    assert "move the disks" in str(view["blocks"])
    desk.person.submit(OPERATOR, view["id"], {"target": "billing"})
    assert "The window for `billing`" in desk.answer()


def test_start_and_end_are_told_in_the_thread(desk: Desk) -> None:
    now = datetime.now(UTC)
    request = WindowRequest("inventory", now, now + timedelta(seconds=2), "move")
    window = desk.services.windows.announce(request, Actor(OPERATOR, "Olive"))
    desk.draw()
    eventually(desk.services.windows.advance)
    desk.draw()
    eventually(desk.services.windows.advance)
    desk.draw()
    assert desk.services.windows.get(window.id).state is WindowState.CLOSED
    announcement, *edges = desk.posts()
    assert "over" in words_of(announcement)
    assert ["has started" in edges[0]["text"], "has ended" in edges[1]["text"]] == [True, True]
    assert {edge["thread_ts"] for edge in edges} == {announcement["ts"]}


def test_who_may_not_announce_is_told_who_can(desk: Desk) -> None:
    assert f"<@{OPERATOR}>" in desk.ask("window in 30m for 1h move", user=DEVELOPER)
