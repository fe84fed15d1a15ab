"""Which calls and deliveries a fault strikes."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.delivery.faulty import OTHER_TEAM, of_other_team
from sandbox.faults import (
    CALL_KINDS,
    DELIVERY_KINDS,
    DESCRIPTIONS,
    ONLY_OVER_HTTP,
    ONLY_OVER_SOCKETS,
    FaultKind,
    Faults,
)


@pytest.mark.parametrize(
    ("glob", "method", "strikes"),
    [
        ("*", "chat.postMessage", True),
        ("chat.*", "chat.update", True),
        ("chat.*", "views.open", False),
        ("chat.postMessage", "chat.postEphemeral", False),
        ("views.[op]*", "views.push", True),
    ],
)
def test_a_fault_strikes_what_its_glob_names(glob: str, method: str, strikes: bool) -> None:
    faults = Faults()
    faults.add("latency", method=glob)
    assert bool(faults.striking(CALL_KINDS, method)) is strikes


def test_any_of_the_names_of_a_delivery_will_do() -> None:
    faults = Faults()
    faults.add("late", method="interactive")
    assert faults.striking(DELIVERY_KINDS, "block_actions", "interactive")
    assert not faults.striking(DELIVERY_KINDS, "/baseliner", "slash_commands")


def test_a_fault_on_calls_leaves_deliveries_alone() -> None:
    faults = Faults()
    faults.add("server_error")
    assert not faults.striking(DELIVERY_KINDS, "/baseliner")
    assert faults.striking(CALL_KINDS, "auth.test")


def test_a_count_is_used_up_and_stays_in_sight() -> None:
    faults = Faults()
    fault = faults.add("server_error", count=2)
    struck = [bool(faults.striking(CALL_KINDS, "auth.test")) for _ in range(4)]
    assert struck == [True, True, False, False]
    assert [(left.id, left.hits, left.used_up) for left in faults.all] == [(fault.id, 2, True)]


def test_a_rate_falls_alike_for_the_same_seed() -> None:
    def falls(seed: int) -> list[bool]:
        faults = Faults()
        faults.add("server_error", rate=0.3, seed=seed)
        return [bool(faults.striking(CALL_KINDS, "auth.test")) for _ in range(200)]

    assert falls(7) == falls(7)
    assert falls(7) != falls(8)
    assert 35 < sum(falls(7)) < 85


def test_faults_can_be_removed_one_by_one_and_all() -> None:
    faults = Faults()
    first, _ = faults.add("latency"), faults.add("server_error")
    assert faults.remove(first.id)
    assert not faults.remove(first.id)
    assert [fault.kind for fault in faults.all] == [FaultKind.SERVER_ERROR]
    faults.clear()
    assert faults.all == ()


def test_whoever_draws_them_hears_of_every_change() -> None:
    faults, heard = Faults(), []
    leave = faults.subscribe(lambda: heard.append(len(faults.all)))
    fault = faults.add("latency")
    faults.striking(CALL_KINDS, "auth.test")
    faults.remove(fault.id)
    leave()
    faults.add("latency")
    assert heard == [1, 1, 0]


@pytest.mark.parametrize(
    ("kind", "options", "reason"),
    [
        ("earthquake", {}, "earthquake"),
        ("latency", {"count": 0}, "count"),
        ("latency", {"rate": 0.0}, "rate"),
        ("latency", {"rate": 1.5}, "rate"),
        ("latency", {"seconds": -1.0}, "seconds"),
        ("latency", {"seconds": 601.0}, "seconds"),
    ],
)
def test_what_makes_no_sense_is_refused(kind: str, options: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        Faults().add(kind, **options)


@pytest.mark.parametrize("kinds", [ONLY_OVER_HTTP, ONLY_OVER_SOCKETS])
def test_a_fault_that_could_never_strike_here_is_refused(kinds: frozenset[FaultKind]) -> None:
    faults = Faults()
    faults.unavailable = kinds
    for kind in kinds:
        with pytest.raises(ValueError, match="delivers over"):
            faults.add(kind)


def test_every_kind_is_described() -> None:
    assert set(DESCRIPTIONS) == set(FaultKind)


@pytest.mark.parametrize(
    "payload",
    [
        {"team_id": "T1", "command": "/x"},
        {"team": {"id": "T1", "domain": "d"}, "user": {"id": "U1", "team_id": "T1"}},
        {"view": {"team_id": "T1", "app_installed_team_id": "T1"}},
        {"team_id": "T1", "context_team_id": "T1", "event": {"team": "T1"}, "authorizations": [{"team_id": "T1"}]},
    ],
)
def test_another_workspace_signs_with_its_own_team_only(payload: dict[str, Any]) -> None:
    spoiled = str(of_other_team(payload))
    assert "'T1'" not in spoiled
    assert OTHER_TEAM in spoiled
    assert "'T1'" in str(payload)
