"""What the doctor judges without asking anybody."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from bot.doctor.examination import Examination, Line, examine
from bot.doctor.fixes import lacking, out_of_support
from bot.doctor.skew import judge_skew
from bot.errors import StorageFailed
from bot.models import Check, CheckState
from bot.runtime.stop import StopSignal

LINE = Line("probe", "A probe")
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("version", "names"),
    [
        ("16.15", []),
        ("16.14", ["CVE-2026-18408"]),
        ("16.9", ["CVE-2025-8714", "CVE-2026-18408"]),
        ("18beta1", ["CVE-2026-18408"]),
        ("19.0", []),
        ("12.22", ["CVE-2025-8714", "CVE-2026-18408"]),
    ],
)
def test_which_faults_a_version_still_has(version: str, names: list[str]) -> None:
    assert [told.partition(" ")[0] for told in lacking(version)] == names


def test_a_major_version_gets_fixes_until_its_day() -> None:
    assert out_of_support(14, date(2026, 11, 12))
    assert not out_of_support(14, date(2026, 11, 11))
    assert out_of_support(9, date(2020, 1, 1))
    assert not out_of_support(19, date(2035, 1, 1)), "not known is not over"


@pytest.mark.parametrize(
    ("ahead", "state"),
    [
        (timedelta(seconds=5), CheckState.PASSED),
        (timedelta(seconds=-9), CheckState.PASSED),
        (timedelta(seconds=20), CheckState.WARNING),
        (timedelta(minutes=-5), CheckState.FAILED),
        (None, CheckState.UNKNOWN),
    ],
)
def test_a_clock_that_differs(ahead: timedelta | None, state: CheckState) -> None:
    check = judge_skew(LINE, NOON, None if ahead is None else NOON + ahead, NOON + timedelta(seconds=1))
    assert check.state is state
    assert bool(check.remedy) == (state is not CheckState.PASSED)


def test_one_that_hangs_holds_nobody_and_is_unknown() -> None:
    def hang(stop: StopSignal) -> Check:
        stop.wait(60)
        raise AssertionError("it was told to stop")

    def fail(_stop: StopSignal) -> Check:
        raise StorageFailed("The bucket is gone.", "Make it.")

    def crash(_stop: StopSignal) -> Check:
        raise RuntimeError("surprise")

    looks = (hang, fail, crash, lambda _stop: [LINE.passed("well"), LINE.warning("old", "Update it.")])
    checks = examine([Examination(LINE, look) for look in looks], within=0.5)
    assert [(check.state, check.summary) for check in checks] == [
        (CheckState.UNKNOWN, "no answer within 0.5 s"),
        (CheckState.FAILED, "The bucket is gone."),
        (CheckState.UNKNOWN, "could not be checked: surprise"),
        (CheckState.PASSED, "well"),
        (CheckState.WARNING, "old"),
    ]
    assert all(check.remedy for check in checks if check.state is not CheckState.PASSED)
