"""What every storage does, on a real S3 server and in a real directory."""

from __future__ import annotations

import io
import os
import tarfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
import zstandard

from bot.errors import Conflict, DamagedBackup, Interrupted, NotFound, StorageFailed, UsageError
from bot.models import SMALL_FILES, StoredObject
from bot.runtime.stop import StopSignal
from bot.settings import DirectorySettings, S3Settings
from bot.storage import Storage, fetch_archive, open_storage
from bot.storage.archive import ArchiveWriter
from tests.integration.storage.lying_server import QUICK
from tests.support import Bucket
from tests.unit.storage.samples import BACKUP_ID, TARGET, backup_of, manifest_of

NAME = "database.3456.dat.zst"
FILE = "3456.dat"
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
    yield open_storage(settings, bucket.environment, patience=QUICK)


@pytest.fixture
def staging(tmp_path: Path) -> Path:
    (tmp_path / "staging").mkdir()
    return tmp_path / "staging"


def put(storage: Storage, data: bytes, name: str = NAME, backup_id: str = BACKUP_ID) -> StoredObject:
    with storage.writer(TARGET, backup_id, name, len(data)) as writer:
        for start in range(0, len(data), 700_001):
            writer.write(data[start : start + 700_001])
        written = writer.complete()
    return StoredObject(name, written.size, written.sha256, "dump", len(data))


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


def fetch(storage: Storage, directory: Path, *objects: StoredObject, stop: StopSignal | None = None) -> list[int]:
    seen: list[int] = []
    backup = backup_of(manifest_of(*objects))
    fetch_archive(storage, backup, directory, stop=stop or StopSignal(), on_progress=seen.append)
    return seen


def test_a_fetched_object_is_decompressed_and_verified(storage: Storage, staging: Path) -> None:
    stored, other = put(storage, zstandard.compress(LARGE)), put(storage, b"not part of the archive", "globals.sql.zst")
    seen = fetch(storage, staging, stored, replace(other, role="globals"))
    assert [path.name for path in staging.iterdir()] == [FILE]
    assert (staging / FILE).read_bytes() == LARGE
    assert (staging / FILE).stat().st_mode & 0o777 == 0o600
    assert seen == sorted(seen)
    assert seen[-1] == stored.size


def test_small_files_come_out_of_their_tar(storage: Storage, staging: Path) -> None:
    small = {f"{number}.dat": os.urandom(number * 100) for number in range(30)}
    with ArchiveWriter(storage, TARGET, BACKUP_ID, 0, 3) as archive:
        outlet = archive.open_file(SMALL_FILES)
        packed = io.BytesIO()
        with tarfile.open(mode="w", fileobj=packed) as tar:
            for name, data in small.items():
                entry = tarfile.TarInfo(name)
                entry.size = len(data)
                tar.addfile(entry, io.BytesIO(data))
        outlet.write(packed.getvalue())
        objects = archive.complete()
    fetch(storage, staging, *objects)
    assert {path.name: path.read_bytes() for path in staging.iterdir()} == small


@pytest.mark.parametrize("name", ["../out.dat", "/tmp/out.dat", "a/b.dat", ".hidden"])
def test_a_tar_that_leads_elsewhere_is_refused(storage: Storage, staging: Path, name: str) -> None:
    packed = io.BytesIO()
    with tarfile.open(mode="w", fileobj=packed) as tar:
        tar.addfile(tarfile.TarInfo(name))
    stored = put(storage, zstandard.compress(packed.getvalue()), f"database.{SMALL_FILES}.zst")
    with pytest.raises(UsageError, match="cannot name a folder or object"):
        fetch(storage, staging, stored)
    assert list(staging.iterdir()) == []


def test_what_compresses_well_is_decompressed_in_pieces(storage: Storage, staging: Path) -> None:
    fetch(storage, staging, put(storage, zstandard.compress(bytes(300 << 20))))
    assert (staging / FILE).stat().st_size == 300 << 20


@pytest.mark.parametrize("content", ["other", "no frame", "cut"])
@pytest.mark.parametrize("name", [NAME, f"database.{SMALL_FILES}.zst"])
def test_an_object_that_differs_from_its_manifest_is_refused(
    storage: Storage, staging: Path, content: str, name: str
) -> None:
    frame = zstandard.compress(LARGE)
    data = {"other": zstandard.compress(b"other"), "no frame": b"not zstd at all", "cut": frame[:-9]}[content]
    put(storage, data, name)
    with pytest.raises(DamagedBackup, match="the manifest says"):
        fetch(storage, staging, StoredObject(name, len(frame), "0" * 64, "dump", len(LARGE)))
    for left in staging.iterdir():
        left.unlink()
    with pytest.raises(DamagedBackup, match="SHA-256 differs"):
        fetch(storage, staging, StoredObject(name, len(data), "0" * 64, "dump", len(LARGE)))


def test_a_stop_ends_a_fetch(storage: Storage, staging: Path) -> None:
    stored = put(storage, zstandard.compress(LARGE))
    stop = StopSignal()
    stop.set()
    with pytest.raises(Interrupted):
        fetch(storage, staging, stored, stop=stop)


def test_staging_that_cannot_be_written_is_named(storage: Storage, tmp_path: Path) -> None:
    with pytest.raises(StorageFailed, match="No such file or directory") as failed:
        fetch(storage, tmp_path / "no", put(storage, zstandard.compress(b"x")))
    assert "[staging]" in failed.value.remedy


def test_nothing_exists_before_the_archive_is_complete(storage: Storage) -> None:
    with suppress(RuntimeError), ArchiveWriter(storage, TARGET, BACKUP_ID, 0, 3) as archive:
        for name in ("1.dat", "2.dat"):
            outlet = archive.open_file(name)
            outlet.write(os.urandom(12 << 20))
            outlet.seal()
        with pytest.raises(DamagedBackup):
            read(storage, "database.1.dat.zst")
        raise RuntimeError("pg_dump did not end well")
    for name in ("1.dat", "2.dat"):
        with pytest.raises(DamagedBackup):
            read(storage, f"database.{name}.zst")


def test_storage_says_how_much_room_there_is(storage: Storage) -> None:
    free = storage.available(TARGET)
    assert free is None or free > 0
    assert BACKUP_ID in storage.location(TARGET, BACKUP_ID)


def test_a_days_head_of_the_audit_log_is_kept_beside_the_backups_and_never_written_over(storage: Storage) -> None:
    assert storage.audit_heads() == []
    with pytest.raises(NotFound):
        storage.get_audit_head("2026-11-22")
    assert storage.put_audit_head("2026-11-22", b"first")
    assert not storage.put_audit_head("2026-11-22", b"second")
    assert storage.put_audit_head("2026-11-21", b"earlier")
    assert storage.audit_heads() == ["2026-11-21", "2026-11-22"]
    assert storage.get_audit_head("2026-11-22") == b"first"
    with pytest.raises(UsageError):
        storage.put_audit_head("../2026", b"")
    with pytest.raises(UsageError):
        storage.list_backups("_audit")
