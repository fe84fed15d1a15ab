"""Maintenance windows: announced, opened and closed at their times, each edge once, cancelled."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest

from bot.errors import Conflict, NotFound, Refused, UsageError
from bot.models import SubjectKind, Window, WindowRequest, WindowState
from tests.house import NOW, OPERATOR, STRANGER, TARGET, Rig

MOMENT = timedelta(microseconds=1)
START, END = NOW + timedelta(hours=1), NOW + timedelta(hours=2)


def announce(rig: Rig, starts_at: datetime = START, ends_at: datetime = END, channel: str | None = None) -> Window:
    return rig.services.windows.announce(WindowRequest(TARGET, starts_at, ends_at, " deploy "), OPERATOR, channel)


def draw_all(rig: Rig) -> list[tuple[SubjectKind, str, str]]:
    """Draw what is due, threads included; what, which part, where."""
    drawn = []
    while due := rig.services.drawings.due():
        for drawing in due:
            rig.services.drawings.drawn(drawing, "1.1", drawing.wanted_version)
            drawn.append((drawing.subject, drawing.detail, drawing.channel))
    return drawn


def test_a_window_is_announced_where_it_was_asked_and_where_operations_are_told(rig: Rig) -> None:
    window = announce(rig, channel="C0TEAM")
    assert (window.state, window.reason, window.announced_by) == (WindowState.SCHEDULED, "deploy", OPERATOR)
    assert rig.services.windows.upcoming(TARGET) == [window]
    assert draw_all(rig) == [(SubjectKind.WINDOW, "", "C0OPERATIONS"), (SubjectKind.WINDOW, "", "C0TEAM")]
    entry = rig.services.audit.entries()[0]
    assert (entry.action, entry.actor, entry.detail["window_id"]) == ("window.announce", OPERATOR, window.id)


def test_asked_in_the_operations_channel_it_is_announced_once(rig: Rig) -> None:
    announce(rig, channel="C0OPERATIONS")
    assert len(draw_all(rig)) == 1


def test_it_opens_and_closes_at_its_times(rig: Rig) -> None:
    window = announce(rig)
    for now, state in (
        (START - MOMENT, WindowState.SCHEDULED),
        (START, WindowState.OPEN),
        (END - MOMENT, WindowState.OPEN),
        (END, WindowState.CLOSED),
    ):
        rig.clock.set(now)
        rig.services.windows.advance()
        assert rig.services.windows.get(window.id).state is state, now
    assert rig.services.windows.upcoming() == []


def test_each_edge_is_told_once_in_the_thread_of_the_announcement(rig: Rig) -> None:
    announce(rig)
    draw_all(rig)
    for now, edge in ((START, "start"), (END, "end")):
        rig.clock.set(now)
        assert len(rig.services.windows.advance()) == 1
        assert rig.services.windows.advance() == []
        assert (SubjectKind.WINDOW_EDGE, edge, "C0OPERATIONS") in draw_all(rig)
    assert [entry.action for entry in rig.services.audit.entries()] == ["window.end", "window.start", "window.announce"]


def test_of_two_clocks_one_makes_the_edge(rig: Rig) -> None:
    announce(rig)
    rig.clock.set(START)
    rig.warm_up()
    with ThreadPoolExecutor(6) as executor:
        moved = list(executor.map(lambda _: len(rig.services.windows.advance()), range(12)))
    assert sorted(moved) == [0] * 11 + [1]
    assert [entry.action for entry in rig.services.audit.entries()].count("window.start") == 1


def test_a_window_that_was_slept_through_closes_without_opening(rig: Rig) -> None:
    window = announce(rig)
    rig.clock.set(END + timedelta(days=1))
    assert [moved.state for moved in rig.services.windows.advance()] == [WindowState.CLOSED]
    assert rig.services.windows.get(window.id).state is WindowState.CLOSED


def test_one_that_begins_now_opens_at_once(rig: Rig) -> None:
    window = announce(rig, starts_at=NOW - timedelta(minutes=1))
    assert window.starts_at == NOW, "an announcement of the past is of now"
    assert [moved.state for moved in rig.services.windows.advance()] == [WindowState.OPEN]


@pytest.mark.parametrize("at", [NOW, START])
def test_a_window_can_be_cancelled_before_and_while_it_is_open(rig: Rig, at: datetime) -> None:
    window = announce(rig)
    rig.clock.set(at)
    rig.services.windows.advance()
    draw_all(rig)
    assert rig.services.windows.cancel(window.id, OPERATOR).state is WindowState.CANCELLED
    assert draw_all(rig) == [(SubjectKind.WINDOW, "", "C0OPERATIONS")]
    rig.clock.set(END)
    assert rig.services.windows.advance() == []
    with pytest.raises(Conflict, match="over or cancelled already"):
        rig.services.windows.cancel(window.id, OPERATOR)


def test_a_window_that_is_over_cannot_be_cancelled(rig: Rig) -> None:
    window = announce(rig)
    rig.clock.set(END)
    rig.services.windows.advance()
    with pytest.raises(Conflict, match="over or cancelled already"):
        rig.services.windows.cancel(window.id, OPERATOR)


def test_strangers_neither_announce_nor_cancel(rig: Rig) -> None:
    window = announce(rig)
    with pytest.raises(Refused):
        rig.services.windows.announce(WindowRequest(TARGET, START, END, "deploy"), STRANGER)
    with pytest.raises(Refused):
        rig.services.windows.cancel(window.id, STRANGER)
    assert rig.services.windows.upcoming() == [window]
    assert [entry.action for entry in rig.services.audit.entries()][:2] == ["window.cancel", "window.announce"]


def test_a_window_that_does_not_exist_is_named(rig: Rig) -> None:
    with pytest.raises(NotFound, match="There is no window 'nonsense'"):
        rig.services.windows.cancel("nonsense", OPERATOR)


@pytest.mark.parametrize(
    ("starts_at", "ends_at", "words"),
    [
        (END, START, "ends before it starts"),
        (START, START, "ends before it starts"),
        (NOW - timedelta(hours=2), NOW, "over already"),
        (NOW - timedelta(minutes=3), END, "started in the past"),
        (START, START + timedelta(days=7) + MOMENT, "longer than 7 days"),
    ],
)
def test_times_that_make_no_window_are_told(rig: Rig, starts_at: datetime, ends_at: datetime, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        announce(rig, starts_at, ends_at)
    assert rig.services.windows.upcoming() == []


def test_the_longest_window_is_seven_days(rig: Rig) -> None:
    assert announce(rig, START, START + timedelta(days=7)).ends_at == START + timedelta(days=7)


def test_windows_come_by_their_start_and_by_target(rig: Rig) -> None:
    later, sooner = announce(rig, END, END + timedelta(hours=1)), announce(rig)
    assert rig.services.windows.upcoming() == [sooner, later]
    assert rig.services.windows.upcoming("billing") == []
