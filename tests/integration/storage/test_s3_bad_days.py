"""S3 that refuses, breaks off, or is not there."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from urllib.parse import urlsplit

import pytest

from bot.errors import DamagedBackup, StorageFailed
from bot.settings import S3Settings
from bot.storage import Storage, open_storage
from tests.integration.storage.lying_server import QUICK
from tests.support import Bucket
from tests.unit.storage.samples import BACKUP_ID, TARGET

NAME = "database.small.tar.zst"

AFTER_THE_HEAD = -1


class CuttingProxy:
    """Forwards TCP to the S3 server; each of `cuts` ends a connection after so many bytes of answer."""

    def __init__(self, endpoint: str) -> None:
        parts = urlsplit(endpoint)
        self._upstream = (parts.hostname or "", parts.port or 0)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.endpoint = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.cuts: list[int] = []
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(self._upstream)
                for source, sink, answers in ((client, server, False), (server, client, True)):
                    thread = threading.Thread(target=self._forward, args=(source, sink, answers))
                    thread.start()
                    self._threads.append(thread)

    def _forward(self, source: socket.socket, sink: socket.socket, answers: bool) -> None:
        sent = 0
        with suppress(OSError):
            while data := source.recv(65536):
                sent += len(data)
                if answers and self.cuts and sent > self.cuts[0]:
                    if self.cuts.pop(0) == AFTER_THE_HEAD:
                        sink.sendall(data[: data.index(b"\r\n\r\n") + 4])
                    break
                sink.sendall(data)
        for end in (source, sink):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        source.close()


@contextmanager
def through_proxy(s3: Bucket) -> Iterator[tuple[CuttingProxy, Storage]]:
    with closing(CuttingProxy(s3.endpoint_url)) as proxy:
        settings = S3Settings(type="s3", bucket=s3.name, endpoint=proxy.endpoint, region=s3.region)
        storage = open_storage(settings, s3.environment, patience=QUICK)
        yield proxy, storage


def storage_at(s3: Bucket, **changes: str) -> Storage:
    values = {"bucket": s3.name, "endpoint": s3.endpoint_url, "region": s3.region} | changes
    return open_storage(S3Settings.model_validate({"type": "s3", **values}), s3.environment, patience=QUICK)


def put(storage: Storage, data: bytes) -> None:
    with storage.writer(TARGET, BACKUP_ID, NAME) as writer:
        writer.write(data)
        writer.complete()


def test_a_download_that_breaks_off_goes_on_where_it_broke(s3: Bucket) -> None:
    data = os.urandom(6 << 20)
    with through_proxy(s3) as (proxy, storage):
        put(storage, data)
        proxy.cuts = [3 << 20, 1 << 20, 200_000]
        assert b"".join(storage.read(TARGET, BACKUP_ID, NAME)) == data
        assert proxy.cuts == []


def test_a_download_that_breaks_off_for_ever_is_a_failure(s3: Bucket) -> None:
    data = os.urandom(3 << 20)
    with through_proxy(s3) as (proxy, storage):
        put(storage, data)
        proxy.cuts = [1 << 20, *[AFTER_THE_HEAD] * 9]
        with pytest.raises(StorageFailed, match="broke off at byte"):
            b"".join(storage.read(TARGET, BACKUP_ID, NAME))


def test_an_object_that_goes_away_while_it_is_read_is_damage(s3: Bucket) -> None:
    with through_proxy(s3) as (proxy, storage):
        put(storage, os.urandom(6 << 20))
        proxy.cuts = [3 << 20]
        chunks = storage.read(TARGET, BACKUP_ID, NAME)
        next(chunks)
        storage.delete_backup(TARGET, BACKUP_ID)
        with pytest.raises(DamagedBackup, match="missing"):
            b"".join(chunks)


def test_a_bucket_that_is_not_there_is_named(s3: Bucket) -> None:
    storage = storage_at(s3, bucket="no-such-bucket-here")
    with pytest.raises(StorageFailed, match="NoSuchBucket") as failed:
        put(storage, b"x")
    assert "Create the bucket" in failed.value.remedy
    with pytest.raises(StorageFailed, match="NoSuchBucket"):
        storage.list_backups(TARGET)
    with pytest.raises(StorageFailed, match="NoSuchBucket"):
        put(storage, os.urandom(17 << 20))
    with pytest.raises(StorageFailed, match="NoSuchBucket"):
        storage.available(TARGET)


def test_a_server_that_is_not_there_is_named(s3: Bucket) -> None:
    with pytest.raises(StorageFailed, match="could not be used while listing"):
        storage_at(s3, endpoint="http://127.0.0.1:1").list_backups(TARGET)


def test_parts_arrive_with_their_checksums(s3: Bucket) -> None:
    put(storage_at(s3), os.urandom(17 << 20))
    client = s3.server.client()
    try:
        key = f"{TARGET}/{BACKUP_ID}/{NAME}"
        head = client.head_object(Bucket=s3.name, Key=key, ChecksumMode="ENABLED")
        assert head["ContentLength"] == 17 << 20
        assert head["ChecksumSHA256"]
        assert client.list_multipart_uploads(Bucket=s3.name).get("Uploads", []) == []
    finally:
        client.close()
