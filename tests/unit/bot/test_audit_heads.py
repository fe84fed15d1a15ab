"""Exported heads against the log, and when one is due: every case."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bot.models import AuditExport, AuditHead
from bot.operations.audit_heads import HeadsCompared, Verification, compare, is_export_due
from bot.store.audit import AuditVerdict

NOW = datetime(2026, 11, 22, 10, 15, tzinfo=UTC)
HEADS = [AuditHead(f"2026-11-{20 + day}", 10 * day, f"hash {10 * day}", NOW) for day in (1, 2, 3)]
LOG = {10: "hash 10", 20: "hash 20", 30: "hash 30"}


@pytest.mark.parametrize(
    ("log", "first_broken", "words"),
    [
        (LOG, None, ""),
        ({10: "hash 10", 20: "hash 20"}, 21, "entry 30, the head of 2026-11-23, is missing: the log's end was cut off"),
        ({}, 1, "entry 10, the head of 2026-11-21, is missing"),
        ({**LOG, 30: "other"}, 21, "entry 30 is not the head of 2026-11-23: the log was rewritten up to it and after"),
        ({**LOG, 10: "other"}, 1, "entry 10 is not the head of 2026-11-21: the log was rewritten up to it"),
        ({**LOG, 20: "other", 30: "another"}, 11, "entry 20 is not the head of 2026-11-22"),
    ],
    ids=["whole", "cut", "empty", "end rewritten", "all rewritten", "rewritten in the middle"],
)
def test_heads_belie_a_log_that_is_not_what_it_was(log: dict[int, str], first_broken: int | None, words: str) -> None:
    found = compare("offsite", HEADS, log)
    assert (found.first_broken, found.compared, found.newest) == (first_broken, 3, HEADS[-1])
    assert words in found.problem
    assert bool(found.problem) is (first_broken is not None)


def test_without_heads_nothing_is_proved_or_disproved() -> None:
    assert compare("offsite", [], {}) == HeadsCompared("offsite", 0, None)


@pytest.mark.parametrize(
    ("chain", "heads", "holds", "first_broken"),
    [
        (AuditVerdict(True, 30, "h"), compare("a", HEADS, LOG), True, None),
        (AuditVerdict(True, 0, "h"), compare("a", [], {}), True, None),
        (AuditVerdict(False, 7, "h", 7, "was moved"), compare("a", HEADS, LOG), False, 7),
        (AuditVerdict(True, 20, "h"), compare("a", HEADS, {10: "hash 10"}), False, 11),
        (AuditVerdict(False, 7, "h", 17, "was moved"), compare("a", HEADS, {10: "hash 10"}), False, 11),
        (AuditVerdict(True, 30, "h"), HeadsCompared("a", 0, None, None, "cannot be read"), False, None),
    ],
    ids=["whole", "empty", "chain", "heads", "both", "unread"],
)
def test_a_log_holds_when_all_was_compared_and_equal(
    chain: AuditVerdict, heads: HeadsCompared, holds: bool, first_broken: int | None
) -> None:
    found = Verification(chain, (heads,))
    assert (found.holds, found.first_broken) == (holds, first_broken)


@pytest.mark.parametrize(
    ("ago", "problem", "due"),
    [
        (timedelta(0), "", False),
        (timedelta(hours=10, minutes=15), "", False),
        (timedelta(hours=10, minutes=16), "", True),
        (timedelta(minutes=59), "refused", False),
        (timedelta(hours=1), "refused", True),
    ],
)
def test_an_export_is_due_once_a_day_and_again_an_hour_after_a_failure(ago: timedelta, problem: str, due: bool) -> None:
    assert is_export_due(AuditExport("inventory", "offsite", NOW - ago, None, problem), NOW) is due
    assert is_export_due(None, NOW)
