"""Bursts, then a steady pace; and silence when Slack asks for it."""

from datetime import timedelta

from bot.models import Drawing, SubjectKind
from handlers.pace import POST, Allowance, Pace
from tests.unit.handlers.samples import NOW

SECOND = timedelta(seconds=1)
PACE = Allowance(2, SECOND)


def drawing(channel: str = "C1", ts: str | None = None) -> Drawing:
    return Drawing(1, SubjectKind.OPERATION, "x", "", channel, None, ts, 0, 1)


def test_a_burst_then_one_a_second() -> None:
    pace = Pace(PACE, PACE)
    for _ in range(2):
        assert pace.may(drawing(), NOW)
        pace.used(drawing(), NOW)
    assert not pace.may(drawing(), NOW)
    assert pace.seconds_until_free(drawing(), NOW) == 1.0
    assert pace.may(drawing(), NOW + SECOND)
    pace.used(drawing(), NOW + SECOND)
    assert not pace.may(drawing(), NOW + SECOND)


def test_channels_do_not_hold_each_other_up_but_updates_share() -> None:
    pace = Pace(Allowance(1, SECOND), Allowance(1, SECOND))
    pace.used(drawing("C1"), NOW)
    assert pace.may(drawing("C2"), NOW)
    pace.used(drawing("C1", "1.2"), NOW)
    assert not pace.may(drawing("C2", "1.3"), NOW)


def test_a_method_is_left_alone_as_long_as_slack_asks() -> None:
    pace = Pace(PACE, PACE)
    pace.hold(POST, NOW + timedelta(seconds=30))
    assert not pace.may(drawing("C1"), NOW + timedelta(seconds=29))
    assert pace.seconds_until_free(drawing("C1"), NOW) == 30.0
    assert pace.may(drawing("C1", "1.2"), NOW)
    assert pace.may(drawing("C1"), NOW + timedelta(seconds=30))


def test_the_default_pace_keeps_slacks_limits() -> None:
    pace, posts, updates = Pace(), 0, 0
    for tenth in range(600):
        now = NOW + timedelta(seconds=tenth / 10)
        if pace.may(drawing(), now):
            pace.used(drawing(), now)
            posts += 1
        if pace.may(drawing(ts="1.2"), now):
            pace.used(drawing(ts="1.2"), now)
            updates += 1
    assert 60 <= posts <= 63
    assert 45 <= updates <= 50
