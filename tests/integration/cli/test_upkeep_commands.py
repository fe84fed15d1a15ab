"""Schedules, retention and pins at the shell: what is printed where, and the exit codes."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta

import pytest

from tests.house import TARGET, Rig, Setup
from tests.integration.cli.shell import DONE, FAILED, USAGE, baseliner
from tests.stored import store_backup


@pytest.fixture
def setup(rig: Rig) -> Setup:
    """With a schedule and rules of retention."""
    return rig.setup.changed(schedule="0 2 * * *", jitter="5m", retention={"last": 2})


def stored(rig: Rig, count: int) -> list[str]:
    """Ids, newest first."""
    now = datetime.now(UTC)
    return [store_backup(rig.house.context, TARGET, now - timedelta(hours=age + 1)).id for age in range(count)]


def test_a_schedule_is_shown_paused_and_resumed(rig: Rig, setup: Setup) -> None:
    (shown,) = baseliner(rig, "schedule", "show", "--json", setup=setup).document
    assert (shown["target"], shown["cron"], shown["jitter_seconds"], shown["paused"]) == (
        TARGET,
        "0 2 * * *",
        300,
        None,
    )
    assert len(shown["next_fires"]) == 3
    without_reason = baseliner(rig, "schedule", "pause", TARGET, "--json", setup=setup)
    assert (without_reason.code, without_reason.error["kind"]) == (USAGE, "UsageError")
    paused = baseliner(rig, "schedule", "pause", TARGET, setup=setup, typed="the disk is full\n")
    assert (paused.code, paused.out) == (DONE, f"The backup schedule of {TARGET} is paused: the disk is full\n")
    (status,) = baseliner(rig, "schedule", "show", "--json", setup=setup).document
    assert status["paused"]["reason"] == "the disk is full"
    assert status["next_fires"] == []
    assert "the disk is full" in baseliner(rig, "schedule", "show", TARGET, setup=setup).out
    resumed = baseliner(rig, "schedule", "resume", TARGET, "--reason", "room", "--json", setup=setup)
    assert resumed.document[0]["paused"] is None


def test_what_retention_would_remove_is_told_kept_and_removed(rig: Rig, setup: Setup) -> None:
    found = stored(rig, 4)
    told = baseliner(rig, "retention", TARGET, "--json", setup=setup).document
    assert [(item["id"], item["keep"]) for item in told["backups"]] == list(
        zip(found, [True, True, False, False], strict=True)
    )
    assert told["backups"][3]["why"] == "no rule keeps it (last 2)"
    kept = baseliner(rig, "keep", found[3], "--reason", "evidence", "--json", setup=setup)
    assert (kept.code, kept.document["reason"]) == (DONE, "evidence")
    table = baseliner(rig, "retention", TARGET, setup=setup).out
    assert f"{found[3]}" in table
    assert "pinned: evidence" in table
    assert baseliner(rig, "prune", TARGET, "--json", setup=setup).document["removed"] == 1
    let_go = baseliner(rig, "unkeep", found[3], "--reason", "done", setup=setup)
    assert let_go.out == f"Backup {found[3]} has no pin any more.\n"
    assert baseliner(rig, "prune", TARGET, setup=setup).out == f"Removed 1 of {TARGET}'s backups.\n"
    assert sorted(found[:2]) == rig.backup_ids()


def test_the_policy_of_a_target_is_told(rig: Rig) -> None:
    setup = rig.setup.with_policy(required_approvals=2, quiet_hours="00:00-23:59", only_in_window=True)
    told = baseliner(rig, "policy", TARGET, "--json", setup=setup).document
    assert (told["approvers"], told["required_approvals"]) == (rig.setup.document["policy"]["approvers"], 2)
    assert (told["quiet_hours"], told["restore_now"]["allowed"]) == ("00:00-23:59", False)
    shown = baseliner(rig, "policy", TARGET, setup=setup)
    assert shown.code == DONE
    for words in ("the common one", "never their own request", "2, by different people", "yes; none is announced"):
        assert words in shown.out
    assert baseliner(rig, "policy", "nothing", setup=setup).code == USAGE


def test_a_prune_that_cannot_list_storage_exits_1_with_one_document(rig: Rig, setup: Setup) -> None:
    stored(rig, 3)
    shutil.rmtree(rig.directory / "backups")
    answer = baseliner(rig, "prune", TARGET, "--json", setup=setup)
    assert (answer.code, answer.document["removed"]) == (FAILED, 0)
    assert "does not exist" in answer.document["problem"]
    assert len(rig.backup_ids()) == 3
