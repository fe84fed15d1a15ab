"""Maintenance windows at the shell, without Slack."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tests.house import TARGET, Rig
from tests.integration.cli.shell import DONE, USAGE, baseliner


def test_a_window_is_announced_listed_and_cancelled(rig: Rig) -> None:
    why = ("--reason", "upgrade")
    (made,) = baseliner(rig, "window", "announce", TARGET, "--in", "30m", "--for", "2h", *why, "--json").document
    starts_at, ends_at = (datetime.fromisoformat(made[key]) for key in ("starts_at", "ends_at"))
    assert ends_at - starts_at == timedelta(hours=2)
    assert timedelta(minutes=25) < starts_at - datetime.now(UTC) < timedelta(minutes=31)
    assert (made["target"], made["state"], made["reason"]) == (TARGET, "scheduled", "upgrade")
    rig.clock.set(datetime.now(UTC))
    assert {drawing.subject_id for drawing in rig.services.drawings.due()} == {made["id"]}, "Slack hears it when it can"
    assert made["id"] in baseliner(rig, "window", "list").out
    (gone,) = baseliner(rig, "window", "cancel", made["id"], "--json").document
    assert gone["state"] == "cancelled"
    assert baseliner(rig, "window", "list", TARGET, "--json").document == []


def test_what_cannot_be_read_is_told(rig: Rig) -> None:
    for wrong, said in (
        (("--for", "two hours"), "--for"),
        (("--for", "2h", "--in", "1h", "--at", "22:00"), "--in and --at"),
    ):
        answer = baseliner(rig, "window", "announce", TARGET, *wrong, "--reason", "upgrade", "--json")
        assert answer.code == USAGE
        assert said in answer.error["message"]
    silent = baseliner(rig, "window", "announce", TARGET, "--for", "1h", "--json")
    assert (silent.code, silent.error["kind"]) == (USAGE, "UsageError")
    assert baseliner(rig, "window", "list").code == DONE
