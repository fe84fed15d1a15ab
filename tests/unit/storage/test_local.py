"""What only a directory does."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.errors import StorageFailed
from bot.storage.local import LocalStorage
from tests.unit.storage.samples import BACKUP_ID, TARGET, manifest_of

NAME = "database.small.tar.zst"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "backups"
    root.mkdir()
    return root


def test_nobody_else_may_read_a_backup(root: Path) -> None:
    LocalStorage(root).put_manifest(manifest_of())
    folder = root / TARGET / BACKUP_ID
    assert (folder / "manifest.json").stat().st_mode & 0o777 == 0o600
    assert {path.stat().st_mode & 0o777 for path in (folder, folder.parent)} == {0o700}


def test_an_object_has_its_name_only_when_it_is_complete(root: Path) -> None:
    with LocalStorage(root).writer(TARGET, BACKUP_ID, NAME) as writer:
        writer.write(b"dump")
        folder = root / TARGET / BACKUP_ID
        assert [path.name for path in folder.iterdir()] == [f"{NAME}.partial"]
        writer.complete()
        assert [path.name for path in folder.iterdir()] == [NAME]


def test_a_disk_that_is_not_mounted_is_not_made_up_for(tmp_path: Path) -> None:
    storage = LocalStorage(tmp_path / "backups")
    for act in (
        lambda: storage.list_backups(TARGET),
        lambda: storage.available(TARGET),
        lambda: storage.put_manifest(manifest_of()),
    ):
        with pytest.raises(StorageFailed, match="does not exist") as failed:
            act()
        assert "mount the disk" in failed.value.remedy
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_a_failure_that_leaves_nothing(root: Path) -> None:
    storage = LocalStorage(root)
    folder = root / TARGET / BACKUP_ID
    folder.mkdir(parents=True)
    (folder / f"{NAME}.partial").symlink_to("/dev/full")  # every write to it says that the disk is full
    with (
        pytest.raises(StorageFailed, match="No space left on device") as failed,
        storage.writer(TARGET, BACKUP_ID, NAME) as writer,
    ):
        writer.write(b"dump")
    assert "Free space" in failed.value.remedy
    assert list(folder.iterdir()) == []
