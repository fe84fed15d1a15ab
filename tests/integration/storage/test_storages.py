"""What every storage does, on a real S3 server and in a real directory."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import zstandard

from bot.errors import Conflict, DamagedBackup, Interrupted, NotFound, StorageFailed, UsageError
from bot.models import StoredObject
from bot.runtime.stop import StopSignal
from bot.settings import DirectorySettings, S3Settings
from bot.storage import Storage, fetch_verified, open_storage
from tests.support import Bucket
from tests.unit.storage.samples import BACKUP_ID, TARGET, backup_of, manifest_of

NAME = "database.pgdump.zst"
LARGE = os.urandom(1 << 20) * 27


@pytest.fixture(params=["s3", "s3 without a prefix", "directory"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Storage]:
    if request.param == "directory":
        (tmp_path / "backups").mkdir()
        yield open_storage(DirectorySettings(type="directory", path=tmp_path / "backups"))
        return
    bucket: Bucket = request.getfixturevalue("s3")
    prefix = "" if "without" in request.param else "/some/folder/"
    settings = S3Settings(
        type="s3", bucket=bucket.name, prefix=prefix, endpoint=bucket.endpoint_url, region=bucket.region
    )
    yield open_storage(settings, bucket.environment)


def put(storage: Storage, data: bytes, name: str = NAME, backup_id: str = BACKUP_ID) -> StoredObject:
    with storage.writer(TARGET, backup_id, name, len(data)) as writer:
        for start in range(0, len(data), 700_001):
            writer.write(data[start : start + 700_001])
        written = writer.complete()
    return StoredObject(name, written.size, written.sha256, "dump")


def read(storage: Storage, name: str = NAME) -> bytes:
    return b"".join(storage.read(TARGET, BACKUP_ID, name))


@pytest.mark.parametrize("data", [b"", b"x", LARGE], ids=["empty", "small", "many parts"])
def test_what_was_written_is_read(storage: Storage, data: bytes) -> None:
    stored = put(storage, data)
    assert stored.size == len(data)
    assert read(storage) == data


def test_a_backup_exists_when_its_manifest_does(storage: Storage) -> None:
    manifest = manifest_of(put(storage, b"dump"))
    assert storage.list_backups(TARGET) == []
    with pytest.raises(NotFound):
        storage.get_manifest(TARGET, BACKUP_ID)
    storage.put_manifest(manifest)
    storage.put_manifest(manifest_of(backup_id="20251122T101500Z-2222"))
    assert storage.list_backups(TARGET) == ["20251122T101500Z-2222", BACKUP_ID]
    assert storage.list_backups("other") == []
    assert storage.get_manifest(TARGET, BACKUP_ID) == manifest


def test_a_writer_that_is_left_before_it_is_complete_leaves_nothing(storage: Storage) -> None:
    for data in (b"small", LARGE):
        with pytest.raises(RuntimeError, match="pg_dump failed"):
            _write_and_fail(storage, data)
        with pytest.raises(DamagedBackup, match="missing"):
            read(storage)
    storage.discard(TARGET, BACKUP_ID)


def _write_and_fail(storage: Storage, data: bytes) -> None:
    with storage.writer(TARGET, BACKUP_ID, NAME) as writer:
        writer.write(data)
        raise RuntimeError("pg_dump failed")


def test_what_a_broken_backup_left_is_discarded_but_never_a_committed_one(storage: Storage) -> None:
    put(storage, b"dump")
    abandoned = storage.writer(TARGET, BACKUP_ID, "other.zst")
    abandoned.write(LARGE)  # the worker was killed here
    storage.discard(TARGET, BACKUP_ID)
    with pytest.raises(DamagedBackup):
        read(storage)
    with pytest.raises(StorageFailed), abandoned:
        abandoned.complete()
    storage.put_manifest(manifest_of(put(storage, b"dump")))
    with pytest.raises(Conflict):
        storage.discard(TARGET, BACKUP_ID)
    assert read(storage) == b"dump"


def test_a_backup_is_deleted_whole(storage: Storage) -> None:
    storage.put_manifest(manifest_of(put(storage, b"dump"), put(storage, b"more", "globals.sql")))
    put(storage, b"of another", backup_id=BACKUP_ID + "2")
    storage.delete_backup(TARGET, BACKUP_ID)
    storage.delete_backup(TARGET, BACKUP_ID)
    assert storage.list_backups(TARGET) == []
    with pytest.raises(DamagedBackup):
        read(storage, "globals.sql")
    assert b"".join(storage.read(TARGET, BACKUP_ID + "2", NAME)) == b"of another"


@pytest.mark.parametrize("name", ["", "..", "../x", "a/b", "/etc/passwd", "a\nb", ".hidden"])
def test_names_that_could_lead_elsewhere_are_refused(storage: Storage, name: str) -> None:
    with pytest.raises(UsageError):
        storage.writer(TARGET, BACKUP_ID, name)
    with pytest.raises(UsageError):
        storage.delete_backup(TARGET, name)
    with pytest.raises(UsageError):
        storage.list_backups(name)


def test_a_fetched_object_is_decompressed_and_verified(storage: Storage, tmp_path: Path) -> None:
    stored = put(storage, zstandard.compress(LARGE))
    seen: list[int] = []
    destination = tmp_path / "dump"
    backup = backup_of(manifest_of(stored))
    fetch_verified(storage, backup, stored, destination, stop=StopSignal(), on_progress=seen.append)
    assert destination.read_bytes() == LARGE
    assert destination.stat().st_mode & 0o777 == 0o600
    assert seen[-1] == stored.size


def test_what_compresses_well_is_decompressed_in_pieces(storage: Storage, tmp_path: Path) -> None:
    stored = put(storage, zstandard.compress(bytes(300 << 20)))
    fetch_verified(storage, backup_of(manifest_of(stored)), stored, tmp_path / "dump", stop=StopSignal())
    assert (tmp_path / "dump").stat().st_size == 300 << 20


@pytest.mark.parametrize("content", ["other", "no frame", "cut"])
def test_an_object_that_differs_from_its_manifest_is_refused(storage: Storage, tmp_path: Path, content: str) -> None:
    frame = zstandard.compress(LARGE)
    data = {"other": zstandard.compress(b"other"), "no frame": b"not zstd at all", "cut": frame[:-9]}[content]
    put(storage, data)
    expected = StoredObject(NAME, len(frame), "0" * 64, "dump")
    with pytest.raises(DamagedBackup, match="the manifest says"):
        fetch_verified(storage, backup_of(manifest_of(expected)), expected, tmp_path / "dump", stop=StopSignal())
    same_size = StoredObject(NAME, len(data), "0" * 64, "dump")
    with pytest.raises(DamagedBackup, match="SHA-256 differs"):
        fetch_verified(storage, backup_of(manifest_of(same_size)), same_size, tmp_path / "dump", stop=StopSignal())
    assert not (tmp_path / "dump").exists()


def test_a_stop_ends_a_fetch_and_removes_its_file(storage: Storage, tmp_path: Path) -> None:
    stored = put(storage, zstandard.compress(LARGE))
    stop = StopSignal()
    with pytest.raises(Interrupted):
        fetch_verified(
            storage,
            backup_of(manifest_of(stored)),
            stored,
            tmp_path / "dump",
            stop=stop,
            on_progress=lambda _done: stop.set(),
        )
    assert not (tmp_path / "dump").exists()


def test_staging_that_cannot_be_written_is_named(storage: Storage, tmp_path: Path) -> None:
    stored = put(storage, zstandard.compress(b"x"))
    with pytest.raises(StorageFailed, match="No such file or directory") as failed:
        fetch_verified(storage, backup_of(manifest_of(stored)), stored, tmp_path / "no" / "dump", stop=StopSignal())
    assert "[staging]" in failed.value.remedy


def test_storage_says_how_much_room_there_is(storage: Storage) -> None:
    free = storage.available(TARGET)
    assert free is None or free > 0
    assert BACKUP_ID in storage.location(TARGET, BACKUP_ID)
