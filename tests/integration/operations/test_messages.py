"""The messages that are wanted: asked for once, paced, parents first, and drawn again when they show old news."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from bot.models import Drawing, SubjectKind
from bot.store import messages
from bot.store.database import Connection, StateDatabase
from bot.store.messages import PACE
from tests.house import NOW, MovableClock

OPERATION = (SubjectKind.OPERATION,)
LITTLE = timedelta(microseconds=1)


class Board:
    """The messages of one operation, and what is due of them now."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.clock = MovableClock()

    def want(self, subject: SubjectKind = SubjectKind.OPERATION, *, detail: str = "", below: int | None = None) -> int:
        return messages.want(self._connection, subject, "op", "C1", self.clock.now(), detail=detail, thread_of=below)

    def touch(self, *, urgent: bool = False) -> None:
        messages.touch(self._connection, OPERATION, "op", urgent=urgent)

    def due(self) -> list[Drawing]:
        return messages.due(self._connection, self.clock.now(), 50)

    def draw(self, drawing: Drawing, version: int | None = None) -> None:
        messages.drawn(self._connection, drawing.id, "1.5", version or drawing.wanted_version, self.clock.now())

    def draw_all(self) -> list[Drawing]:
        due = self.due()
        for drawing in due:
            self.draw(drawing)
        return due


@pytest.fixture
def board(upgraded_state_dsn: str) -> Iterator[Board]:
    database = StateDatabase(upgraded_state_dsn, 2)
    database.open()
    with database.transaction() as connection:
        yield Board(connection)
    database.close()


def test_asking_twice_is_asking_once(board: Board) -> None:
    assert board.want() == board.want()
    (drawing,) = board.due()
    assert (drawing.ts, drawing.drawn_version, drawing.wanted_version) == (None, 0, 2)


def test_what_is_drawn_is_not_due(board: Board) -> None:
    board.want()
    board.draw_all()
    board.clock.move(hours=1)
    assert board.due() == []


def test_an_edit_waits_for_the_pace(board: Board) -> None:
    board.want()
    board.draw_all()
    board.touch()
    board.clock.set(NOW + PACE - LITTLE)
    assert board.due() == []
    board.clock.set(NOW + PACE)
    (drawing,) = board.due()
    assert drawing.ts == "1.5"


def test_many_changes_within_the_pace_are_one_edit(board: Board) -> None:
    board.want()
    board.draw_all()
    for _ in range(20):
        board.touch()
    board.clock.set(NOW + PACE)
    assert len(board.draw_all()) == 1
    board.clock.move(hours=1)
    assert board.due() == []


def test_what_people_wait_for_does_not_wait_for_the_pace(board: Board) -> None:
    board.want()
    board.draw_all()
    board.touch(urgent=True)
    assert len(board.draw_all()) == 1
    board.touch()
    assert board.due() == [], "urgency is over once it was drawn"


def test_a_first_drawing_never_waits(board: Board) -> None:
    board.want()
    board.touch()
    assert len(board.due()) == 1


def test_what_changed_while_it_was_drawn_is_drawn_again(board: Board) -> None:
    board.want()
    (read,) = board.due()
    board.touch()
    board.draw(read)
    board.clock.set(NOW + PACE)
    (again,) = board.due()
    assert (again.drawn_version, again.wanted_version) == (read.wanted_version, read.wanted_version + 1)


def test_an_end_that_came_while_it_was_drawn_is_still_urgent(board: Board) -> None:
    board.want()
    (read,) = board.due()
    board.touch(urgent=True)
    board.draw(read)
    assert len(board.due()) == 1


def test_a_late_drawing_of_an_old_version_does_not_undo_a_newer_one(board: Board) -> None:
    board.want()
    (old,) = board.due()
    board.touch(urgent=True)
    (new,) = board.due()
    board.draw(new)
    board.draw(old)
    board.clock.move(hours=1)
    assert board.due() == []


def test_a_thread_waits_for_its_parent(board: Board) -> None:
    parent = board.want()
    board.want(SubjectKind.STEP, detail="0", below=parent)
    (first,) = board.due()
    assert (first.subject, first.thread_ts) == (SubjectKind.OPERATION, None)
    board.draw(first)
    (second,) = board.due()
    assert (second.subject, second.thread_ts) == (SubjectKind.STEP, "1.5")


def test_older_wishes_are_drawn_first(board: Board) -> None:
    first = board.want(SubjectKind.APPROVAL)
    second = board.want()
    assert [drawing.id for drawing in board.due()] == [first, second]


def test_a_message_that_slack_refuses_is_put_off(board: Board) -> None:
    wanted = board.want()
    messages.postpone(board._connection, wanted, "ratelimited", NOW + timedelta(seconds=30))
    board.clock.set(NOW + timedelta(seconds=30) - LITTLE)
    assert board.due() == []
    assert messages.undrawn(board._connection) == 1
    board.clock.set(NOW + timedelta(seconds=30))
    assert len(board.due()) == 1


def test_a_touch_moves_only_the_messages_of_its_subject(board: Board) -> None:
    board.want()
    board.want(SubjectKind.APPROVAL)
    board.draw_all()
    board.touch(urgent=True)
    assert [drawing.subject for drawing in board.due()] == [SubjectKind.OPERATION]
