"""What a broken backup left is removed wherever it can be, though another place is away."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bot.errors import EngineUnreachable, StorageFailed
from bot.operations.backup_engine import BackupEngine
from tests.house import TARGET, Rig, Setup

BACKUP_ID = "20261122T101500Z-7k3f"
DOCKER = {"project": "inventory", "service": "db"}


def without_engine(rig: Rig) -> Setup:
    setup = rig.setup.changed(docker=DOCKER)
    return replace(setup, document={**setup.document, "docker": {"host": "unix:///nowhere/docker.sock"}})


def left_in_staging(rig: Rig) -> Path:
    folder = rig.house.context.settings.staging.path / BACKUP_ID
    folder.mkdir(parents=True)
    (folder / "3456.dat").write_bytes(b"rows")
    return folder


def test_an_engine_that_is_away_keeps_nothing_else(rig: Rig) -> None:
    with rig.rebuilt(without_engine(rig)) as away:
        folder, engine = left_in_staging(away), BackupEngine(away.house.context)
        writer = engine.storage_of(TARGET).writer(TARGET, BACKUP_ID, "globals.sql.zst")
        writer.write(b"roles")
        writer.complete()
        assert rig.objects() != []
        with pytest.raises(EngineUnreachable):
            engine.discard(TARGET, BACKUP_ID)
    assert rig.objects() == []
    assert not folder.exists()


def test_storage_that_is_away_keeps_no_folder(rig: Rig) -> None:
    blocked = rig.directory / "file"
    blocked.touch()
    storage = {"offsite": {**rig.setup.document["storage"]["offsite"], "path": str(blocked / "backups")}}
    with rig.rebuilt(rig.setup.with_storage(storage)) as away:
        folder = left_in_staging(away)
        with pytest.raises(StorageFailed):
            BackupEngine(away.house.context).discard(TARGET, BACKUP_ID)
    assert not folder.exists()
