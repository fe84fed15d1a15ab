"""Each state that statistics can show, and its verdict."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.models import CheckState
from bot.postgres.wal import LogShipping, judge_log_shipping
from bot.postgres.wal_sample import Replica, Slot

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=30)
HEALTHY = LogShipping(
    taken_at=NOW,
    in_recovery=False,
    archive_mode="on",
    archive_command_set=True,
    archive_command_discards=False,
    last_archived_wal="00000001000000020000001F",
    last_archived_at=LONG_AGO,
    failed_count=0,
    last_failed_wal=None,
    last_failed_at=None,
    ready_files=0,
    oldest_ready_at=None,
    current_lsn="2/20000060",
    current_wal="000000010000000200000020",
    segment_bytes=16 << 20,
    replicas=(),
    slots=(),
)
STREAMING = Replica("standby", "10.0.0.2", "streaming", "async", 0, 0)
SLOT = Slot("standby", "physical", True, "reserved", 0, None)
PASSED, WARNING, FAILED, UNKNOWN = CheckState.PASSED, CheckState.WARNING, CheckState.FAILED, CheckState.UNKNOWN


@pytest.mark.parametrize(
    ("changes", "state", "said"),
    [
        ({}, PASSED, "archived up to 00000001000000020000001F"),
        ({"archive_mode": "off"}, FAILED, "archive_mode is off"),
        ({"archive_command_set": False}, FAILED, "no archive_command"),
        ({"archive_command_discards": True}, FAILED, "throws every segment away"),
        ({"in_recovery": True, "current_wal": None}, UNKNOWN, "standby"),
        ({"in_recovery": True, "current_wal": None, "archive_mode": "always"}, PASSED, "archived up to"),
        ({"ready_files": 3, "oldest_ready_at": NOW - timedelta(minutes=2)}, PASSED, "3 on their way"),
        (
            {"ready_files": 3, "oldest_ready_at": NOW - timedelta(minutes=9)},
            FAILED,
            "3 segments wait.*oldest for 9 min",
        ),
        ({"failed_count": 4, "last_failed_at": NOW, "last_failed_wal": "X"}, FAILED, r"archiving X fails \(4 times\)"),
        (
            {"failed_count": 4, "last_failed_at": LONG_AGO - timedelta(1), "last_failed_wal": "X"},
            PASSED,
            "archived up to",
        ),
        ({"last_archived_wal": None, "last_archived_at": None}, WARNING, "nothing was archived yet"),
        (
            {"last_archived_wal": None, "last_archived_at": None, "failed_count": 1, "last_failed_at": LONG_AGO},
            FAILED,
            "fails",
        ),
        ({"ready_files": None}, PASSED, "archived up to"),
        ({"ready_files": None, "current_wal": "000000010000000200000023"}, UNKNOWN, "cannot be read"),
        ({"ready_files": None, "current_wal": "000000020000000200000020"}, UNKNOWN, "cannot be read"),
        ({"ready_files": None, "last_archived_wal": "00000002.history"}, UNKNOWN, "cannot be read"),
        ({"replicas": (STREAMING,), "slots": (SLOT,)}, PASSED, "archived up to"),
        ({"replicas": (replace(STREAMING, state="catchup"),)}, WARNING, "replica standby is in state catchup"),
        ({"replicas": (replace(STREAMING, replay_lag_bytes=2 << 30),)}, WARNING, "2,147,483,648 bytes behind"),
        ({"replicas": (replace(STREAMING, replay_lag_bytes=None),)}, UNKNOWN, "lag of replica standby cannot be read"),
        ({"slots": (replace(SLOT, wal_status="lost"),)}, FAILED, "has lost its WAL"),
        ({"slots": (replace(SLOT, wal_status="unreserved"),)}, WARNING, "about to lose"),
        ({"slots": (replace(SLOT, active=False, retained_bytes=32 << 30),)}, WARNING, "inactive slot standby keeps"),
        ({"slots": (replace(SLOT, active=False, retained_bytes=1),)}, PASSED, "archived up to"),
    ],
)
def test_a_sample_has_its_verdict(changes: dict[str, Any], state: CheckState, said: str) -> None:
    check = judge_log_shipping(replace(HEALTHY, **changes), NOW)
    assert check.state is state
    assert re.search(said, check.summary)
    assert bool(check.remedy) is (state is not PASSED)


def test_the_worst_comes_first_and_nothing_is_kept_back() -> None:
    sample = replace(
        HEALTHY,
        archive_mode="off",
        replicas=(replace(STREAMING, state="startup"),),
        slots=(replace(SLOT, wal_status="lost"),),
    )
    check = judge_log_shipping(sample, NOW)
    assert check.state is FAILED
    assert check.summary.index("archive_mode") < check.summary.index("replica standby")
    assert "lost its WAL" in check.summary


def test_segments_are_counted_with_the_servers_own_size() -> None:
    sample = replace(
        HEALTHY,
        segment_bytes=1 << 30,
        last_archived_wal="000000010000000100000003",
        current_wal="000000010000000200000001",
    )
    assert sample.unarchived_segments == 1
