"""A target with two storages: both hold every backup, either is enough, and a copy that fails is no lost backup."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from bot.models import CheckState, OperationState
from bot.operations.storages import sources_of
from bot.runtime.stop import StopSignal
from bot.store import observations
from tests.house import TARGET, Rig


@pytest.fixture
def two(rig: Rig) -> Iterator[Rig]:
    (rig.directory / "second").mkdir()
    with with_second(rig) as other:
        yield other


@contextmanager
def with_second(rig: Rig) -> Iterator[Rig]:
    setup = rig.setup.changed(storage=["offsite", "second"])
    storage = {**setup.document["storage"], "second": {"type": "directory", "path": str(rig.directory / "second")}}
    setup = replace(setup, document={**setup.document, "storage": storage})
    with rig.rebuilt(setup) as other:
        yield other


def content(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def copies_check(rig: Rig) -> CheckState:
    return next(check.state for check in rig.sweeps.sweep(TARGET, StopSignal()).checks if check.name == "backup_copies")


def alerts(rig: Rig) -> list[str]:
    with rig.house.context.database.transaction() as connection:
        return [alert.condition for alert in observations.open_alerts(connection, TARGET)]


def test_every_object_and_the_manifest_are_in_both(two: Rig) -> None:
    ended = two.backup()
    assert ended.result["copies"] == [{"storage": "second", "copied": 1, "error": None}]
    assert content(two.directory / "second") == content(two.directory / "backups") != {}
    assert [(step.name, step.detail) for step in ended.steps][-1] == ("copy", "second: done")
    assert copies_check(two) is CheckState.PASSED
    assert [storage.list_backups(TARGET) for storage in sources_of(two.house.context, TARGET).storages] == [
        two.backup_ids(),
        two.backup_ids(),
    ]


def test_a_copy_that_fails_is_a_warning_that_the_next_one_resolves(two: Rig) -> None:
    shutil.rmtree(two.directory / "second")
    ended = two.backup()
    assert ended.state is OperationState.DONE
    assert "does not exist" in ended.result["copies"][0]["error"]
    assert copies_check(two) is CheckState.WARNING
    assert alerts(two) == ["backup_copies"]
    (two.directory / "second").mkdir()
    two.clock.move(hours=1)
    assert two.backup().result["copies"] == [{"storage": "second", "copied": 2, "error": None}]
    assert content(two.directory / "second") == content(two.directory / "backups")
    assert copies_check(two) is CheckState.PASSED
    assert alerts(two) == []


def test_a_damaged_primary_is_not_copied_on(rig: Rig) -> None:
    rig.backup()
    damaged = next((rig.directory / "backups").rglob("database.*"))
    damaged.write_bytes(b"rotten")
    (rig.directory / "second").mkdir()
    with with_second(rig) as two:
        (copy,) = two.backup().result["copies"]
        newest = two.backup_ids()[-1]
    assert "the manifest says" in copy["error"]
    assert copy["copied"] == 1
    assert [path.parent.name for path in (rig.directory / "second").rglob("manifest.json")] == [newest]
    assert {name.split("/")[1] for name in content(rig.directory / "second")} == {newest}


def test_a_restore_reads_the_copy_where_the_primary_lost_its_objects(two: Rig) -> None:
    two.backup()
    before = two.digest()
    for path in (two.directory / "backups").rglob("*.zst"):
        path.unlink()
    two.execute("DELETE FROM runs")
    ended = two.run(two.approved_restore())
    assert ended.failure is None, ended.failure
    assert two.digest() == before
