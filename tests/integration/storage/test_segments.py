"""What does not fit into one object goes on in others, and comes back as one file; encrypted or not."""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from pathlib import Path

import pytest
import zstandard
from pyrage import decrypt, x25519

from bot.errors import DamagedBackup, KeyMissing, StorageFailed
from bot.models import Manifest, StoredObject
from bot.runtime.stop import StopSignal
from bot.settings import DirectorySettings, S3Settings
from bot.storage import Sources, Storage, fetch_archive, fetch_text, open_storage
from bot.storage.archive import ArchiveWriter
from tests.integration.storage.lying_server import QUICK
from tests.support import Bucket
from tests.unit.storage.samples import BACKUP_ID, TARGET, backup_of, manifest_of

DATA = os.urandom(6 << 20)
KEY, OTHER, STRANGER = (x25519.Identity.generate() for _ in range(3))
RECIPIENTS = (str(KEY.to_public()), str(OTHER.to_public()))


@pytest.fixture
def folder(tmp_path: Path) -> Storage:
    (tmp_path / "backups").mkdir()
    return open_storage(DirectorySettings(type="directory", path=tmp_path / "backups"))


@pytest.fixture
def staging(tmp_path: Path) -> Path:
    (tmp_path / "staging").mkdir()
    return tmp_path / "staging"


def store(storage: Storage, data: bytes = DATA, recipients: tuple[str, ...] = (), limit: int | None = None) -> Manifest:
    with ArchiveWriter(storage, TARGET, BACKUP_ID, 0, 3, recipients=recipients, object_limit=limit) as archive:
        large = archive.open_file("3456.dat")
        for start in range(0, len(data), 1 << 20):
            large.write(data[start : start + (1 << 20)])
        large.seal()
        archive.open_file("toc.dat").write(b"the table of contents")
        archive.open("globals.sql.zst", "globals").write(b"CREATE ROLE app;")
        return replace(manifest_of(*archive.complete()), recipients=recipients)


def fetch(source: Storage | Sources, manifest: Manifest, staging: Path) -> None:
    fetch_archive(source, backup_of(manifest), staging, stop=StopSignal())


def names(manifest: Manifest) -> list[str]:
    return [item.name for item in manifest.objects]


def test_an_object_of_few_parts_goes_on_in_others(s3: Bucket, staging: Path) -> None:
    settings = S3Settings(type="s3", bucket=s3.name, endpoint=s3.endpoint_url, region=s3.region, max_parts=2)
    storage = open_storage(settings, s3.environment, patience=QUICK)
    data = os.urandom(34 << 20)  # 2 parts of 8 MiB in the first object, of 16 MiB in the second
    manifest = store(storage, data)
    large = [item for item in manifest.objects if "3456" in item.name]
    assert [(item.name, item.size > 16 << 20) for item in large] == [
        ("database.3456.dat.zst", False),
        ("database.3456.dat.zst.2", True),
    ]
    assert large[0].size == 16 << 20
    assert [item.raw_size for item in large] == [len(data), 0]
    fetch(storage, manifest, staging)
    assert (staging / "3456.dat").read_bytes() == data
    assert storage.object_limit == 64 << 20


def test_any_number_of_objects_comes_back_in_order(folder: Storage, staging: Path) -> None:
    manifest = store(folder, limit=500_000)
    parts = [item for item in manifest.objects if "3456" in item.name]
    assert len(parts) > 10, "so that .10 comes before .2 by name"
    assert all(item.size <= 500_000 for item in parts)
    fetch(folder, manifest, staging)
    assert (staging / "3456.dat").read_bytes() == DATA
    assert sorted(path.name for path in staging.iterdir()) == ["3456.dat", "toc.dat"]


def test_objects_put_together_by_hand_are_the_file(folder: Storage) -> None:
    manifest = store(folder, limit=2 << 20, recipients=RECIPIENTS)
    parts = [name for name in names(manifest) if "3456" in name]
    parts.sort(key=lambda name: int(name.rpartition(".")[2]) if name[-1].isdigit() else 1)
    assert parts[:2] == ["database.3456.dat.zst.age", "database.3456.dat.zst.age.2"]
    joined = b"".join(chunk for name in parts for chunk in folder.read(TARGET, BACKUP_ID, name))
    assert zstandard.ZstdDecompressor().stream_reader(decrypt(joined, [OTHER])).read() == DATA


def test_a_missing_object_in_the_middle_is_damage(folder: Storage, staging: Path) -> None:
    manifest = store(folder, limit=2 << 20)
    less = tuple(item for item in manifest.objects if not item.name.endswith(".2"))
    with pytest.raises(DamagedBackup, match=r"names only \d+ of the objects that database\.3456\.dat\.zst"):
        fetch(folder, replace(manifest, objects=less), staging)


def test_a_writer_that_fails_leaves_none_of_its_objects(folder: Storage, tmp_path: Path) -> None:
    def fail() -> None:
        with ArchiveWriter(folder, TARGET, BACKUP_ID, 0, 3, object_limit=1 << 20, recipients=RECIPIENTS) as archive:
            archive.open_file("3456.dat").write(DATA[-5 << 20 :])
            raise RuntimeError("pg_dump failed")

    with pytest.raises(RuntimeError, match="pg_dump failed"):
        fail()
    assert [path for path in (tmp_path / "backups").rglob("*") if path.is_file()] == []


# Encryption.


@pytest.mark.parametrize("key", [KEY, OTHER], ids=["first", "second"])
def test_each_recipient_opens_an_encrypted_backup(folder: Storage, staging: Path, key: x25519.Identity) -> None:
    manifest = store(folder, recipients=RECIPIENTS)
    assert all(name.endswith(".zst.age") for name in names(manifest))
    source = Sources((folder,), lambda: (STRANGER, key))
    fetch(source, manifest, staging)
    assert (staging / "3456.dat").read_bytes() == DATA
    assert fetch_text(source, backup_of(manifest), "globals", stop=StopSignal()) == "CREATE ROLE app;"


def test_nothing_readable_is_stored(folder: Storage, tmp_path: Path) -> None:
    store(folder, b"a secret that stands here in plain words " * 100, recipients=RECIPIENTS)
    stored = [path.read_bytes() for path in (tmp_path / "backups").rglob("*.age")]
    assert len(stored) == 3
    for data in stored:
        assert data.startswith(b"age-encryption.org/v1")
        assert zstandard.FRAME_HEADER not in data[:200]
        assert b"secret" not in data


@pytest.mark.parametrize(
    ("identities", "said"),
    [((), "no private key is configured"), ((STRANGER,), "None of the configured private keys opens")],
    ids=["missing", "wrong"],
)
def test_without_the_right_key_nothing_is_read(
    folder: Storage, staging: Path, identities: tuple[x25519.Identity, ...], said: str
) -> None:
    manifest = store(folder, b"x" * 1000, recipients=RECIPIENTS)
    source = Sources((folder,), lambda: identities)
    with pytest.raises(KeyMissing, match=said) as missing:
        fetch(source, manifest, staging)
    assert "identity_file" in missing.value.remedy
    assert list(staging.iterdir()) == []
    with pytest.raises(KeyMissing, match=said):
        fetch_text(source, backup_of(manifest), "globals", stop=StopSignal())


@pytest.mark.parametrize("at", [5, 70_000, -1], ids=["head", "middle", "end"])
@pytest.mark.parametrize("noticed", [True, False], ids=["stored", "before it was stored"])
def test_an_encrypted_object_that_changed_is_damage(
    folder: Storage, staging: Path, tmp_path: Path, at: int, noticed: bool
) -> None:
    manifest = store(folder, DATA[-1 << 20 :], recipients=RECIPIENTS)
    path = next((tmp_path / "backups").rglob("*3456*"))
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)
    if not noticed:
        manifest = replace(manifest, objects=tuple(_as_stored(folder, item) for item in manifest.objects))
    with pytest.raises(DamagedBackup, match="SHA-256 differs" if noticed else "cannot be decrypted"):
        fetch(Sources((folder,), lambda: (KEY,)), manifest, staging)
    assert not (staging / "3456.dat").exists()


def _as_stored(storage: Storage, item: StoredObject) -> StoredObject:
    data = b"".join(storage.read(TARGET, BACKUP_ID, item.name))
    return replace(item, size=len(data), sha256=hashlib.sha256(data).hexdigest())


def test_storage_that_fails_ends_the_encryption_with_its_reason(folder: Storage, tmp_path: Path) -> None:
    place = tmp_path / "backups" / TARGET / BACKUP_ID
    place.mkdir(parents=True)
    (place / "database.3456.dat.zst.age.partial").symlink_to("/dev/full")  # every write says that the disk is full
    with pytest.raises(StorageFailed, match="No space left on device"):
        store(folder, recipients=RECIPIENTS)
    assert list(place.iterdir()) == []


# Copies.


@pytest.mark.parametrize("harm", ["removed", "changed", "cut"])
def test_what_the_primary_lost_is_read_from_the_copy(folder: Storage, staging: Path, tmp_path: Path, harm: str) -> None:
    (tmp_path / "broken").mkdir()
    broken = open_storage(DirectorySettings(type="directory", path=tmp_path / "broken"))
    manifest = store(folder, DATA[: 3 << 20])
    store(broken, DATA[: 3 << 20])
    for path in (tmp_path / "broken").rglob("*.zst"):
        data = path.read_bytes()
        if harm == "removed":
            path.unlink()
        else:
            path.write_bytes(data[:-9] if harm == "cut" else bytes([data[0] ^ 1]) + data[1:])
    seen: list[int] = []
    source = Sources((broken, folder))
    fetch_archive(source, backup_of(manifest), staging, stop=StopSignal(), on_progress=seen.append)
    assert (staging / "3456.dat").read_bytes() == DATA[: 3 << 20]
    assert seen[-1] == manifest.archive_bytes
    assert fetch_text(source, backup_of(manifest), "globals", stop=StopSignal()) == "CREATE ROLE app;"
    for path in staging.iterdir():
        path.unlink()
    with pytest.raises(DamagedBackup):
        fetch(Sources((broken, broken)), manifest, staging)
    assert list(staging.iterdir()) == []
