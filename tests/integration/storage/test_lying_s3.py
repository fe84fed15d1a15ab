"""S3 that changes bytes, is busy, breaks off, is slow, forbids: found out, waited out, or told; never believed."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from bot.errors import DamagedBackup, StorageFailed
from bot.storage import Patience, Storage
from tests.integration.storage.lying_server import QUICK, Behaviour, lying_server
from tests.support import Bucket, eventually
from tests.unit.storage.samples import BACKUP_ID, TARGET, manifest_of

NAME = "database.3456.dat.zst"
SMALL = os.urandom(10_000)
PARTS = os.urandom(1 << 20) * 17
"""Of 8 MiB each: three."""


def put(storage: Storage, data: bytes) -> None:
    with storage.writer(TARGET, BACKUP_ID, NAME) as writer:
        writer.write(data)
        writer.complete()


def read(storage: Storage) -> bytes:
    return b"".join(storage.read(TARGET, BACKUP_ID, NAME))


def left_in(s3: Bucket) -> list[str]:
    """Keys of objects, and of uploads that were neither completed nor aborted."""
    client = s3.server.client()
    try:
        objects = client.list_objects_v2(Bucket=s3.name).get("Contents", [])
        uploads = client.list_multipart_uploads(Bucket=s3.name).get("Uploads", [])
        return [item["Key"] for item in objects] + [upload["Key"] for upload in uploads]
    finally:
        client.close()


@pytest.mark.parametrize("checksums", [True, False], ids=["checksums", "MD5s alone"])
@pytest.mark.parametrize(("data", "change"), [(PARTS, "partNumber=2"), (SMALL, "PUT .*zst")], ids=["part", "whole"])
def test_a_byte_that_changes_on_its_way_is_found_and_nothing_stays(
    s3: Bucket, checksums: bool, data: bytes, change: str
) -> None:
    with lying_server(s3) as (server, storage):
        server.checksums, server.change = checksums, change
        with pytest.raises(StorageFailed, match="arrived changed"):
            put(storage, data)
    assert left_in(s3) == []


@pytest.mark.parametrize("data", [PARTS, SMALL], ids=["parts", "whole"])
def test_another_checksum_than_ours_on_reading_back_is_found(s3: Bucket, data: bytes) -> None:
    with lying_server(s3) as (server, storage):
        server.checksums, server.stored_checksum = True, "A" * 43 + "="
        with pytest.raises(StorageFailed, match="arrived changed: the server's checksum"):
            put(storage, data)
    assert left_in(s3) == []


def test_a_manifest_that_arrives_changed_commits_nothing(s3: Bucket) -> None:
    with lying_server(s3) as (server, storage):
        server.change = "PUT .*manifest"
        with pytest.raises(StorageFailed, match="arrived changed"):
            storage.put_manifest(manifest_of())
        assert storage.list_backups(TARGET) == []


@pytest.mark.parametrize(
    ("data", "checksums", "etag"),
    [(PARTS, True, None), (PARTS, False, None), (SMALL, True, None), (SMALL, False, None), (SMALL, False, '"no-md5"')],
    ids=["parts, checksums", "parts, MD5s", "whole, checksums", "whole, MD5", "whole, neither"],
)
def test_what_arrives_as_it_was_sent_is_taken_whatever_proof_a_server_gives(
    s3: Bucket, data: bytes, checksums: bool, etag: str | None
) -> None:
    with lying_server(s3) as (server, storage):
        server.checksums, server.etag = checksums, etag
        put(storage, data)
        assert read(storage) == data


def test_the_etags_of_an_encrypting_server_are_not_taken_for_md5s(s3: Bucket) -> None:
    with lying_server(s3, sse="aws:kms") as (server, storage):
        server.etag = f'"{"0" * 32}"'
        put(storage, SMALL)
    with lying_server(s3) as (server, storage):
        server.etag = f'"{"0" * 32}"'
        with pytest.raises(StorageFailed, match="arrived changed: the server's ETag"):
            put(storage, SMALL)


def test_a_busy_server_is_waited_for(s3: Bucket) -> None:
    with lying_server(s3) as (server, storage):
        for act in (
            lambda: put(storage, PARTS),
            lambda: storage.put_manifest(manifest_of()),
            lambda: read(storage),
            lambda: storage.get_manifest(TARGET, BACKUP_ID),
            lambda: storage.list_backups(TARGET),
            lambda: storage.delete_backup(TARGET, BACKUP_ID),
        ):
            server.busy = 8
            act()
            assert server.busy == 0
    assert left_in(s3) == []


def test_a_server_that_stays_busy_is_a_failure_that_leaves_nothing(s3: Bucket) -> None:
    with lying_server(s3) as (server, storage):

        def write_until_busy() -> None:
            with storage.writer(TARGET, BACKUP_ID, NAME) as writer:
                writer.write(PARTS)
                server.busy = 60
                try:
                    writer.complete()
                finally:
                    server.busy = 0

        with pytest.raises(StorageFailed, match=r"refused while .*: SlowDown") as failed:
            write_until_busy()
        assert "Wait" in failed.value.remedy
    assert left_in(s3) == []


@pytest.mark.parametrize("cut", ["partNumber=3", "POST .*uploads", "POST .*uploadId", "HEAD "])
def test_a_connection_that_breaks_is_made_again(s3: Bucket, cut: str) -> None:
    with lying_server(s3) as (server, storage):
        server.cut = cut
        put(storage, PARTS)
        assert server.cut == ""
        assert server.count(cut) == 2
        assert read(storage) == PARTS


def test_a_completion_whose_answer_is_lost_is_judged_by_what_is_there(s3: Bucket) -> None:
    with lying_server(s3) as (server, storage):
        server.lose_answer = "POST .*uploadId"
        put(storage, PARTS)
        assert server.count("POST .*uploadId") == 2
        assert read(storage) == PARTS


def test_a_server_that_does_not_answer_is_asked_again(s3: Bucket) -> None:
    with lying_server(s3, Patience(pauses=QUICK.pauses, answer_within=1)) as (server, storage):
        server.stall = 1
        put(storage, SMALL)
        assert server.stall == 0
        assert server.count("PUT") == 2
        assert read(storage) == SMALL


def test_a_server_that_refuses_is_told_and_leaves_nothing(s3: Bucket) -> None:
    with lying_server(s3) as (server, storage):
        server.deny = "partNumber=3"
        with pytest.raises(StorageFailed, match="refused while uploading part 3: AccessDenied") as failed:
            put(storage, PARTS)
        assert "s3:PutObject" in failed.value.remedy
        assert server.count("partNumber=3") == 1, "what stays is not tried again"
    assert left_in(s3) == []


def test_giving_up_does_not_wait_for_the_pauses(s3: Bucket) -> None:
    with lying_server(s3, Patience(pauses=(3600,), answer_within=20)) as (server, storage):

        def give_up() -> None:
            with storage.writer(TARGET, BACKUP_ID, NAME) as writer:
                writer.write(PARTS[: 9 << 20])
                eventually(lambda: server.count("partNumber=1") == 1)
                server.busy = 1
                writer.seal()
                eventually(lambda: server.busy == 0)
                raise RuntimeError("cancelled")

        with pytest.raises(RuntimeError, match="cancelled"):
            give_up()
    assert left_in(s3) == []


def without_right_to_remove(server: Behaviour) -> None:
    server.deny = r"DELETE |POST .*[?&]delete"


def test_leftovers_that_may_not_be_removed_are_told_and_not_fatal(s3: Bucket) -> None:
    with lying_server(s3) as (server, storage):
        without_right_to_remove(server)
        put(storage, SMALL)
        abandoned = storage.writer(TARGET, BACKUP_ID, "other.zst")
        abandoned.write(PARTS[: 9 << 20])  # the worker was killed here
        left = storage.discard(TARGET, BACKUP_ID)
        assert left.startswith("2 unfinished object(s) stay below s3://")
        assert "lifecycle rule" in left
        server.deny = ""
        assert storage.discard(TARGET, BACKUP_ID) == ""
        with pytest.raises(StorageFailed), abandoned:
            abandoned.complete()
    assert left_in(s3) == []


def test_a_failure_of_an_uploader_without_right_to_remove_keeps_its_reason(s3: Bucket) -> None:
    with lying_server(s3) as (server, storage):
        without_right_to_remove(server)
        server.change = "partNumber=2"
        with pytest.raises(StorageFailed, match="arrived changed") as failed:
            put(storage, PARTS)
        assert "could not be removed" in failed.value.__notes__[0]


def test_a_backup_that_may_not_be_removed_stays_whole(s3: Bucket) -> None:
    with lying_server(s3) as (server, storage):
        put(storage, SMALL)
        storage.put_manifest(manifest_of())
        without_right_to_remove(server)
        with pytest.raises(StorageFailed, match="were not removed") as failed:
            storage.delete_backup(TARGET, BACKUP_ID)
        assert "prune_credentials" in failed.value.remedy
        assert storage.list_backups(TARGET) == [BACKUP_ID]
        assert read(storage) == SMALL


@pytest.mark.parametrize("lost", ["zst", "manifest"])
def test_reading_is_refused_clearly(s3: Bucket, lost: str) -> None:
    acts: dict[str, Callable[[Storage], object]] = {
        "zst": read,
        "manifest": lambda storage: storage.get_manifest(TARGET, BACKUP_ID),
    }
    with lying_server(s3) as (server, storage):
        put(storage, SMALL)
        storage.put_manifest(manifest_of())
        server.deny = f"GET .*{lost}"
        with pytest.raises(StorageFailed, match="AccessDenied") as failed:
            acts[lost](storage)
        assert not isinstance(failed.value, DamagedBackup)
