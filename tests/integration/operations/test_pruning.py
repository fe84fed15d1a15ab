"""Pruning: what no rule keeps goes, its reason on record; a broken run is finished, and nothing goes on a guess."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from bot.errors import NotFound, StorageFailed
from bot.models import AuditFilter, Backup, BackupKind, OperationState, Prune
from bot.operations.holding import TargetBusy
from bot.operations.retention import Preview
from bot.storage.local import LocalStorage
from tests.house import OPERATOR, TARGET, MovableClock, Rig, Setup, open_house
from tests.stored import store_backup


@dataclass(frozen=True)
class Shelf:
    """A house under rules of retention, and its backups, newest first."""

    rig: Rig
    backups: list[Backup]

    def prune(self) -> Prune:
        return self.rig.house.work.pruning.prune(TARGET)

    def preview(self) -> Preview:
        return self.rig.services.retentions.preview(TARGET)

    @property
    def ids(self) -> list[str]:
        return [backup.id for backup in self.backups]

    @property
    def there(self) -> list[int]:
        """Which are in the catalog still, by their place."""
        return [place for place, backup_id in enumerate(self.ids) if backup_id in self.rig.backup_ids()]

    @property
    def stored(self) -> list[int]:
        """Which are in storage still."""
        return [place for place in range(len(self.ids)) if self.folder(place).exists()]

    def folder(self, place: int) -> Path:
        return self.rig.directory / "backups" / TARGET / self.ids[place]

    def removals(self) -> list[tuple[str, str]]:
        """Audited, oldest first: the outcome, and of which backup."""
        entries = [entry for entry in self.rig.services.audit.entries(100) if entry.action == "backup.remove"]
        return [(entry.result, str(entry.detail["backup_id"])) for entry in reversed(entries)]


@contextmanager
def shelf(rig: Rig, *ages_in_hours: float, **rules: object) -> Iterator[Shelf]:
    with rig.rebuilt(rig.setup.changed(retention=rules or {"last": 2})) as house:
        now = rig.clock.now()
        found = [store_backup(house.house.context, TARGET, now - timedelta(hours=age)) for age in ages_in_hours]
        yield Shelf(house, found)


def test_what_no_rule_keeps_goes_and_what_was_told_before_is_what_goes(rig: Rig) -> None:
    with shelf(rig, 1, 2, 3, 4) as house:
        told = [judgement.candidate.id for judgement in house.preview().going]
        outcome = house.prune()
        assert (outcome.removed, outcome.missing, outcome.problem) == (2, (), "")
        assert (house.there, house.stored, told) == ([0, 1], [0, 1], house.ids[2:])
        assert house.removals() == [
            (result, house.ids[place]) for place in (3, 2) for result in ("begun", "removed")
        ], "oldest first, each written down before it acts"
        entry = next(entry for entry in rig.services.audit.entries() if entry.action == "backup.remove")
        assert rig.services.audit.entries(wanted=AuditFilter(action="prune"))[0] == entry
        assert entry.detail["reason"] == "no rule keeps it (last 2)"
        assert house.prune().removed == 0
        assert house.preview().last == house.prune()


def test_a_removed_backup_is_gone_for_every_reader_and_its_row_says_why(rig: Rig) -> None:
    with shelf(rig, 1, 2, last=1) as house:
        house.prune()
        with pytest.raises(NotFound, match=r"was removed on 2026-11-22 10:15 UTC: no rule keeps it \(last 1\)"):
            rig.services.backups.get(TARGET, house.ids[1])
        assert [backup.id for backup in rig.services.backups.newest_first(TARGET)] == house.ids[:1]
        assert rig.state(f"SELECT removed_why FROM backups WHERE id = '{house.ids[1]}'") == "no rule keeps it (last 1)"


def test_without_rules_nothing_goes(rig: Rig) -> None:
    old = store_backup(rig.house.context, TARGET, rig.clock.now() - timedelta(days=4000))
    rig.backup()
    assert rig.house.work.pruning.prune(TARGET).removed == 0
    assert old.id in rig.backup_ids()
    assert rig.state("SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'baseliner.prune'") == 0


def test_a_prune_waits_for_each_newer_backup_and_only_for_a_success(rig: Rig) -> None:
    def waiting() -> int:
        return int(rig.state("SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'baseliner.prune'"))

    with shelf(rig, 1, 2) as house:
        with house.rig.rebuilt(house.rig.setup.changed(dsn=rig.target.cluster.dsn("nowhere"))) as broken:
            failed = broken.run(broken.services.backups.request(TARGET, OPERATOR))
        assert (failed.state, waiting()) == (OperationState.FAILED, 0)
        house.rig.backup()
        assert waiting() == 1


def test_storage_that_cannot_be_listed_costs_nothing(rig: Rig) -> None:
    with shelf(rig, 1, 2, 3) as house:
        hidden = rig.directory / "elsewhere"
        (rig.directory / "backups").rename(hidden)
        outcome = house.prune()
        assert outcome.removed == 0
        assert "does not exist" in outcome.problem
        assert (house.there, house.removals()) == ([0, 1, 2], [])
        hidden.rename(rig.directory / "backups")
        assert house.prune().removed == 1


def test_what_storage_lacks_is_told_and_costs_no_other_its_place(rig: Rig) -> None:
    with shelf(rig, 1, 2, 3, 4) as house:
        shutil.rmtree(house.folder(0))
        shutil.rmtree(house.folder(2))
        outcome = house.prune()
        assert (outcome.removed, outcome.missing) == (0, tuple(sorted([house.ids[0], house.ids[2]])))
        assert house.there == [0, 1, 2, 3]


def test_an_empty_storage_is_no_reason_to_empty_the_catalog(rig: Rig) -> None:
    with shelf(rig, 1, 2, 3) as house:
        shutil.rmtree(rig.directory / "backups" / TARGET)
        assert (house.prune().removed, len(house.prune().missing), house.there) == (0, 3, [0, 1, 2])


def test_a_storage_that_the_settings_dropped_stops_it(rig: Rig) -> None:
    with shelf(rig, 1, 2, 3) as house:
        rig.alter_state(f"UPDATE backups SET storage = 'former' WHERE id = '{house.ids[2]}'")
        outcome = house.prune()
        assert (outcome.removed, house.there) == (0, [0, 1, 2])
        assert "Define [storage.former] again" in outcome.problem


def test_a_pinned_one_stays_until_it_is_let_go(rig: Rig) -> None:
    with shelf(rig, 1, 2, 3) as house:
        house.rig.services.pins.keep(house.ids[2], "before the move", OPERATOR)
        assert (house.prune().removed, house.there) == (0, [0, 1, 2])
        house.rig.services.pins.unkeep(house.ids[2], "moved", OPERATOR)
        assert (house.prune().removed, house.there) == (1, [0, 1])


def test_a_pin_that_comes_between_the_judgement_and_the_removal_wins(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    with shelf(rig, 1, 2, 3) as house:
        listing = LocalStorage.list_backups

        def pin_meanwhile(storage: LocalStorage, target: str) -> list[str]:
            house.rig.services.pins.keep(house.ids[2], "wait", OPERATOR)
            return listing(storage, target)

        monkeypatch.setattr(LocalStorage, "list_backups", pin_meanwhile)
        assert (house.prune().removed, house.there, house.stored) == (0, [0, 1, 2], [0, 1, 2])


def test_one_that_a_waiting_restore_needs_stays(rig: Rig) -> None:
    with shelf(rig, 2, 3, 4) as house:
        real = house.rig.backup().result["backup_id"]
        rig.clock.move(hours=1)
        for _ in range(2):
            store_backup(house.rig.house.context, TARGET, rig.clock.now())
        planned = house.rig.planned_restore(real)
        assert planned.state is OperationState.AWAITING_APPROVAL
        house.prune()
        assert real in rig.backup_ids()
        house.rig.services.cancelling.cancel(planned.id, OPERATOR)
        assert house.prune().removed == 1
        assert real not in rig.backup_ids()


def test_a_safety_backup_stays_as_long_as_the_database_that_it_stands_for(rig: Rig) -> None:
    rules = rig.setup.changed(retention={"last": 1, "keep_safety_for": "1h"}, keep_old_for="3h")
    with rig.rebuilt(rules) as house:
        house.backup()
        rig.clock.move(minutes=1)
        restored = house.run(house.approved_restore())
        safety = restored.result["safety_backup_id"]
        pruning, asides = house.house.work.pruning, house.house.work.asides
        rig.clock.move(hours=4)
        house.backup()
        pruning.prune(TARGET)
        assert safety in rig.backup_ids()
        assert len(asides.remove_due(TARGET)) == 1
        pruning.prune(TARGET)
        assert safety not in rig.backup_ids()


def test_a_young_safety_backup_stays(rig: Rig) -> None:
    with shelf(rig, 1, last=1) as house:
        old, young = (
            store_backup(
                house.rig.house.context, TARGET, rig.clock.now() - timedelta(days=days), kind=BackupKind.SAFETY
            )
            for days in (8, 6)
        )
        assert house.prune().removed == 1
        assert (young.id in rig.backup_ids(), old.id in rig.backup_ids()) == (True, False)


def test_an_operation_on_the_target_comes_first(rig: Rig) -> None:
    with shelf(rig, 1, 2, 3) as house, rig.holding(f"baseliner:target:{TARGET}"):
        with pytest.raises(TargetBusy, match="Another operation holds inventory"):
            house.rig.house.work.pruning.prune(TARGET, wait=0.05)
        assert house.there == [0, 1, 2]


def test_a_removal_that_storage_refuses_stops_the_run_and_is_tried_again(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    with shelf(rig, 1, 2, 3, 4) as house:
        with monkeypatch.context() as patch:
            patch.setattr(LocalStorage, "delete_backup", refuse)
            outcome = house.prune()
        assert (outcome.removed, house.stored) == (0, [0, 1, 2, 3])
        assert house.there == [0, 1, 2], "the one that was begun is in the catalog no more"
        assert "locked" in outcome.problem
        assert (house.prune().removed, house.stored) == (2, [0, 1])


def refuse(_storage: LocalStorage, _target: str, _backup_id: str) -> None:
    raise StorageFailed("The object is locked.")


def test_the_copies_go_too(rig: Rig) -> None:
    (rig.directory / "copies").mkdir()
    storage = {**rig.setup.document["storage"], "second": {"type": "directory", "path": str(rig.directory / "copies")}}
    setup = rig.setup.with_storage(storage).changed(storage=["offsite", "second"], retention={"last": 1})
    with rig.rebuilt(setup) as house:
        for _ in range(2):
            rig.clock.move(minutes=1)
            newest = str(house.backup().result["backup_id"])
        copies = rig.directory / "copies" / TARGET
        assert len(list(copies.iterdir())) == 2
        assert house.house.work.pruning.prune(TARGET).removed == 1
        assert [folder.name for folder in copies.iterdir()] == [newest]
        assert rig.backup_ids() == [newest]


def test_one_that_was_killed_half_way_is_finished_by_the_next_run(rig: Rig) -> None:
    with shelf(rig, 1, 2, 3, 4) as house:
        context = multiprocessing.get_context("forkserver")
        process = context.Process(target=_prune_until_killed, args=(house.rig.setup,))
        process.start()
        process.join(60)
        assert process.exitcode == -signal.SIGKILL
        assert (house.there, house.stored) == ([0, 1, 2], [0, 1, 2, 3])
        assert not (house.folder(3) / "manifest.json").exists(), "half a backup is none"
        assert house.removals() == [("begun", house.ids[3])]
        assert (house.prune().removed, house.there, house.stored) == (2, [0, 1], [0, 1])
        assert house.removals()[1] == ("removed", house.ids[3])


def _prune_until_killed(setup: Setup) -> None:
    def delete_half(storage: LocalStorage, target: str, backup_id: str) -> None:
        (Path(storage.location(target, backup_id)) / "manifest.json").unlink()
        os.kill(os.getpid(), signal.SIGKILL)

    pytest.MonkeyPatch().setattr(LocalStorage, "delete_backup", delete_half)
    with open_house(setup, MovableClock()) as house:
        house.work.pruning.prune(TARGET)
