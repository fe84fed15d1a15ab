"""Schedules: each fire once, missed ones together, none beside another, held by windows, silent while paused."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta

import pytest

from bot.errors import Conflict, NotFound, Refused, UsageError
from bot.models import Actor, CheckState, Operation, OperationKind, ScheduleName, WindowRequest
from bot.runtime.stop import StopSignal
from tests.house import APPROVER, OPERATOR, STRANGER, TARGET, Rig

BACKUP = ScheduleName.BACKUP


@contextmanager
def scheduled(rig: Rig, schedule: str = "0 12 * * *", **settings: object) -> Iterator[Rig]:
    """The same house with a schedule, which is heard from now on: it is 10:15."""
    with rig.rebuilt(rig.setup.changed(schedule=schedule, **settings)) as other:
        assert other.services.schedules.advance() == []
        yield other


def at(rig: Rig, hour: int, minute: int = 0, days: int = 0) -> datetime:
    moment = rig.clock.now().replace(hour=hour, minute=minute) + timedelta(days=days)
    rig.clock.set(moment)
    return moment


def advance(rig: Rig) -> list[Operation]:
    return rig.services.schedules.advance()


def fired(rig: Rig) -> int:
    return int(rig.state("SELECT count(*) FROM operations WHERE scheduled_for IS NOT NULL"))


def audited(rig: Rig, action: str) -> list[tuple[str, str]]:
    """Results and reasons, newest first."""
    entries = [entry for entry in rig.services.audit.entries(100) if entry.action == action]
    return [(entry.result, str(entry.detail.get("reason", ""))) for entry in entries]


def test_a_fire_is_made_at_its_time_and_once(rig: Rig) -> None:
    with scheduled(rig) as house:
        at(rig, 11, 59)
        assert advance(house) == []
        fire = at(rig, 12)
        house.warm_up()
        with ThreadPoolExecutor(4) as executor:
            made = [each for found in executor.map(lambda _: advance(house), range(8)) for each in found]
        assert [operation.kind for operation in made] == [OperationKind.BACKUP]
        assert rig.state("SELECT scheduled_for FROM operations") == fire
        house.run(made[0])
        at(rig, 23)
        assert advance(house) == []


def test_missed_fires_are_made_up_for_by_one(rig: Rig) -> None:
    with scheduled(rig) as house:
        at(rig, 18, 30, days=9)
        (made,) = advance(house)
        assert rig.state("SELECT scheduled_for FROM operations") == rig.clock.now().replace(hour=12, minute=0)
        house.run(made)
        assert advance(house) == []


def test_what_was_missed_before_the_schedule_was_there_is_not_made_up_for(rig: Rig) -> None:
    at(rig, 18)
    with scheduled(rig) as house:
        at(rig, 20)
        assert advance(house) == []
        with house.rebuilt(house.setup.changed(schedule="0 19 * * *")) as changed:
            assert advance(changed) == []
            at(rig, 23)
            assert advance(changed) == [], "the fire of 19:00 is older than the new schedule"


def test_jitter_delays_a_fire_the_same_for_everybody(rig: Rig) -> None:
    with scheduled(rig, jitter="30m") as house:
        begun = []
        for minute in range(31):
            at(rig, 12, minute)
            with house.rebuilt(house.setup, seed=minute) as another:
                begun += [minute for _ in advance(another)]
        assert len(begun) == 1
        assert rig.state("SELECT scheduled_for FROM operations") == rig.clock.now().replace(hour=12, minute=0)


def test_none_is_made_beside_another(rig: Rig) -> None:
    with scheduled(rig) as house:
        other = house.services.backups.request(TARGET, OPERATOR)
        at(rig, 12)
        assert advance(house) == []
        assert audited(house, "schedule.fire") == [("skipped", f"backup {other.id} is queued already")]
        house.run(other)
        at(rig, 13)
        assert advance(house) == [], "that fire is over"
        assert len(audited(house, "schedule.fire")) == 1


def test_a_fire_whose_operation_was_made_by_one_who_died_is_heard(rig: Rig) -> None:
    with scheduled(rig) as house:
        house.services.backups.request_scheduled(TARGET, at(rig, 12))
        assert advance(house) == []
        assert audited(house, "schedule.fire") == []
        at(rig, 12, days=1)
        assert advance(house) == [], "the first one is queued still"
        assert len(audited(house, "schedule.fire")) == 1


def test_a_window_holds_it_back_and_it_runs_once_afterwards(rig: Rig) -> None:
    with scheduled(rig, "*/30 * * * *", backups_in_windows=False) as house:
        start, end = at(rig, 11, 45), rig.clock.now().replace(hour=14, minute=10)
        advance(house)
        for operation in rig.services.overview.targets()[0].recent:
            house.run(operation)
        before = fired(rig)
        house.services.windows.announce(WindowRequest(TARGET, start, end, "deploy"), OPERATOR)
        for hour, minute in ((12, 0), (12, 30), (14, 9)):
            at(rig, hour, minute)
            assert advance(house) == []
        ((result, reason),) = audited(house, "schedule.fire")
        assert (result, "is open until 2026-11-22 14:10 UTC" in reason) == ("held", True)
        (status,) = house.services.schedules.statuses(TARGET)
        assert status.held == rig.clock.now().replace(hour=12, minute=0)
        checks = {check.name: check for check in house.sweeps.checklist(TARGET, StopSignal()).checks}
        assert "waits for the end of the maintenance window" in checks["backup_schedule"].summary
        at(rig, 14, 10)
        assert len(advance(house)) == 1
        assert (advance(house), fired(rig)) == ([], before + 1)
        assert house.services.schedules.statuses(TARGET)[0].held is None


def test_windows_do_not_matter_where_the_target_does_not_say_so(rig: Rig) -> None:
    with scheduled(rig) as house:
        house.services.windows.announce(
            WindowRequest(TARGET, rig.clock.now(), rig.clock.now() + timedelta(hours=5), "deploy"), OPERATOR
        )
        at(rig, 12)
        assert len(advance(house)) == 1


def test_a_pause_silences_it_until_it_is_resumed_and_nothing_is_made_up_for(rig: Rig) -> None:
    with scheduled(rig) as house:
        schedules = house.services.schedules
        schedules.pause(TARGET, BACKUP, "the disk is full", OPERATOR)
        at(rig, 12)
        assert advance(house) == []
        at(rig, 15, days=1)
        schedules.resume(TARGET, BACKUP, "there is room again", APPROVER)
        assert advance(house) == []
        at(rig, 12, days=1)
        assert len(advance(house)) == 1
    assert audited(rig, "schedule.pause") == [("paused", "the disk is full")]
    assert audited(rig, "schedule.resume") == [("resumed", "there is room again")]


def test_a_pause_is_shown_until_it_ends(rig: Rig) -> None:
    with scheduled(rig, rpo="20h") as house:
        rig.backup()
        assert len(house.services.schedules.statuses(TARGET)[0].next_fires) == 3
        pause = house.services.schedules.pause(TARGET, BACKUP, "the disk is full", OPERATOR)
        (status,) = house.services.schedules.statuses()
        assert (status.pause, status.next_fires) == (pause, ())
        (glance,) = house.services.overview.targets()
        assert (glance.pauses, glance.next_backup_at) == ((pause,), None)
        rig.clock.move(hours=21)
        advance(house)
        checks = {check.name: check for check in house.sweeps.sweep(TARGET, StopSignal()).checks}
        assert checks["backup_schedule"].state is CheckState.WARNING
        assert "/baseliner schedule resume inventory" in checks["backup_schedule"].remedy
        (alert,) = house.services.overview.targets()[0].open_alerts
        assert alert.condition == "backup_age"
        assert alert.summary.endswith(f"paused by Olive since 2026-11-22 10:15 UTC: {pause.reason}")


@pytest.mark.parametrize(
    ("target", "reason", "actor", "error", "words"),
    [
        (TARGET, " ", OPERATOR, UsageError, "Say why"),
        (TARGET, "because", STRANGER, Refused, "neither on the list"),
        ("inventroy", "because", OPERATOR, NotFound, "no target named"),
    ],
)
def test_who_may_not_pause_or_says_too_little_is_told(
    rig: Rig, target: str, reason: str, actor: Actor, error: type[Exception], words: str
) -> None:
    with scheduled(rig) as house, pytest.raises(error, match=words):
        house.services.schedules.pause(target, BACKUP, reason, actor)


def test_what_is_not_there_cannot_be_paused_nor_twice_nor_resumed(rig: Rig) -> None:
    with scheduled(rig) as house:
        schedules = house.services.schedules
        with pytest.raises(NotFound, match="inventory has no drill schedule"):
            schedules.pause(TARGET, ScheduleName.DRILL, "because", OPERATOR)
        with pytest.raises(Conflict, match="is not paused"):
            schedules.resume(TARGET, BACKUP, "because", OPERATOR)
        schedules.pause(TARGET, BACKUP, "the disk is full", OPERATOR)
        with pytest.raises(Conflict, match="paused already by Olive: the disk is full"):
            schedules.pause(TARGET, BACKUP, "because", APPROVER)


def test_drills_have_a_schedule_and_a_pause_of_their_own(rig: Rig) -> None:
    with scheduled(rig, drill={"schedule": "0 13 * * *"}, backups_in_windows=False) as house:
        house.services.schedules.pause(TARGET, BACKUP, "the disk is full", OPERATOR)
        at(rig, 13)
        (drill,) = advance(house)
        assert drill.kind is OperationKind.DRILL
        assert [(each.name, each.pause is None) for each in house.services.schedules.statuses(TARGET)] == [
            ("backup", False),
            ("drill", True),
        ]
