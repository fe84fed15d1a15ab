"""What the settings ask of S3 arrives there: class, encryption, lock, addressing, credentials."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from bot.errors import StorageFailed
from bot.settings import S3Settings
from bot.storage import Storage, open_storage
from bot.storage.s3_client import connect, properties
from tests.integration.storage.lying_server import QUICK, lying_server
from tests.support import Bucket
from tests.unit.storage.samples import BACKUP_ID, TARGET, manifest_of

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

NOW = datetime(2026, 11, 22, 10, 15, tzinfo=UTC)
SMALL, PARTS = "globals.sql.zst", "database.3456.dat.zst"


class StoppedClock:
    def now(self) -> datetime:
        return NOW


@pytest.fixture
def client(s3: Bucket) -> Iterator[S3Client]:
    client = s3.server.client()
    yield client
    client.close()


def settings_of(s3: Bucket, **changes: Any) -> S3Settings:
    values = {"type": "s3", "bucket": s3.name, "endpoint": s3.endpoint_url, "region": s3.region}
    return S3Settings.model_validate(values | changes)


def fill(storage: Storage) -> None:
    """An object in one piece, one in parts, and the manifest."""
    for name, size in ((SMALL, 100), (PARTS, 9 << 20)):
        with storage.writer(TARGET, BACKUP_ID, name) as writer:
            writer.write(os.urandom(size))
            writer.complete()
    storage.put_manifest(manifest_of())


def heads(client: S3Client, s3: Bucket) -> dict[str, Any]:
    keys = {name: f"{TARGET}/{BACKUP_ID}/{name}" for name in (SMALL, PARTS, "manifest.json")}
    return {name: client.head_object(Bucket=s3.name, Key=key) for name, key in keys.items()}


def test_class_and_encryption_are_asked_for_each_object(s3: Bucket, client: S3Client) -> None:
    settings = settings_of(s3, storage_class="STANDARD_IA", sse="aws:kms", sse_kms_key_id="alias/backups")
    fill(open_storage(settings, s3.environment, patience=QUICK))
    found = heads(client, s3)
    assert {name: head.get("StorageClass") for name, head in found.items()} == {
        SMALL: "STANDARD_IA",
        PARTS: "STANDARD_IA",
        "manifest.json": None,
    }
    assert {(head["ServerSideEncryption"], head["SSEKMSKeyId"]) for head in found.values()} == {
        ("aws:kms", "alias/backups")
    }


def test_every_object_is_locked_from_its_own_beginning_on(s3: Bucket, client: S3Client) -> None:
    client.put_bucket_versioning(Bucket=s3.name, VersioningConfiguration={"Status": "Enabled"})
    client.put_object_lock_configuration(Bucket=s3.name, ObjectLockConfiguration={"ObjectLockEnabled": "Enabled"})
    with lying_server(s3, clock=StoppedClock(), object_lock_days=30) as (server, storage):
        fill(storage)
        assert storage.put_audit_head("2026-11-22", b"{}")
        asked = [line.split("?")[0].rpartition("/")[2] for line in server.locked]
        assert asked == [SMALL, PARTS, "manifest.json", "2026-11-22.json"]
        assert set(server.locked.values()) == {"GOVERNANCE 2026-12-22T10:15:00Z"}
    found = heads(client, s3)
    for name in (SMALL, "manifest.json"):  # moto forgets the lock of what came in parts
        assert found[name]["ObjectLockMode"] == "GOVERNANCE"
        assert found[name]["ObjectLockRetainUntilDate"] == NOW + timedelta(days=30)


def test_what_is_not_set_is_not_asked_for(s3: Bucket) -> None:
    assert properties(settings_of(s3), NOW) == {}
    assert properties(settings_of(s3, object_lock_days=7, object_lock_mode="COMPLIANCE", sse="AES256"), NOW) == {
        "ObjectLockMode": "COMPLIANCE",
        "ObjectLockRetainUntilDate": NOW + timedelta(days=7),
        "ServerSideEncryption": "AES256",
    }


@pytest.mark.parametrize(
    ("changes", "url"),
    [
        ({"endpoint": None}, "https://backups.s3.amazonaws.com/key"),
        ({"endpoint": None, "path_style": True}, "https://s3.eu-central-1.amazonaws.com/backups/key"),
        ({"endpoint": "https://s3.example.com"}, "https://s3.example.com/backups/key"),
        ({"endpoint": "https://s3.example.com", "path_style": False}, "https://backups.s3.example.com/key"),
    ],
)
def test_the_bucket_is_addressed_as_the_provider_wants_it(changes: dict[str, Any], url: str) -> None:
    settings = S3Settings.model_validate({"type": "s3", "bucket": "backups", "region": "eu-central-1", **changes})
    keys = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
    client = connect(settings, keys, None, 5)
    signed = client.generate_presigned_url("get_object", {"Bucket": "backups", "Key": "key"})
    client.close()
    assert signed.partition("?")[0] == url


UPLOADER = {"access_key_env": "UP_ID", "secret_key_env": "UP_SECRET"}
PRUNER = {"access_key_env": "PRUNE_ID", "secret_key_env": "PRUNE_SECRET"}
KEYS = {"UP_ID": "uploader", "UP_SECRET": "x", "PRUNE_ID": "pruner", "PRUNE_SECRET": "y"}


def test_each_act_uses_its_own_credentials(s3: Bucket) -> None:
    with lying_server(s3, keys=KEYS, credentials=UPLOADER, prune_credentials=PRUNER) as (server, storage):
        fill(storage)
        b"".join(storage.read(TARGET, BACKUP_ID, SMALL))
        assert storage.list_backups(TARGET) == [BACKUP_ID]
        assert set(server.signed_by) == {"uploader"}
        server.signed_by.clear()
        storage.delete_backup(TARGET, BACKUP_ID)
        assert set(server.signed_by) == {"pruner"}
        assert storage.list_backups(TARGET) == []


def test_removing_needs_no_other_credentials(s3: Bucket) -> None:
    storage = open_storage(settings_of(s3), s3.environment, patience=QUICK)
    fill(storage)
    storage.delete_backup(TARGET, BACKUP_ID)
    assert storage.list_backups(TARGET) == []


@pytest.mark.parametrize("missing", sorted(KEYS))
def test_a_variable_that_is_not_set_is_named_when_it_is_needed(s3: Bucket, missing: str) -> None:
    settings = settings_of(s3, credentials=UPLOADER, prune_credentials=PRUNER)
    storage = open_storage(settings, {**KEYS, missing: ""}, patience=QUICK)
    act: Callable[[], object] = partial(storage.list_backups, TARGET)
    if missing.startswith("PRUNE"):
        act = partial(storage.delete_backup, TARGET, BACKUP_ID)
    with pytest.raises(StorageFailed, match=f"{missing}, which .* is not set"):
        act()
