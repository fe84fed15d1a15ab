"""Backups in an S3 bucket."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from email.utils import parsedate_to_datetime
from functools import cached_property
from threading import Event
from typing import TYPE_CHECKING, Any, TypeVar

from botocore.exceptions import ClientError, HTTPClientError, IncompleteReadError

from bot.clock import Clock
from bot.errors import Conflict, DamagedBackup, NotFound, StorageFailed
from bot.models import Manifest
from bot.settings_storage import S3Settings
from bot.storage.base import AUDIT, MANIFEST, audit_name, safe_name
from bot.storage.manifest import from_json, to_json
from bot.storage.patience import Patience
from bot.storage.s3_client import connect, properties
from bot.storage.s3_errors import is_missing, s3_errors
from bot.storage.s3_parts import PartPool, largest_object
from bot.storage.s3_remove import Remover
from bot.storage.s3_upload import S3Writer, Upload

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

Result = TypeVar("Result")

_CHUNK = 1 << 20


class S3Storage:
    """A bucket and a prefix in it; may be shared by threads. `environment` holds the credentials."""

    def __init__(self, settings: S3Settings, environment: Mapping[str, str], clock: Clock, patience: Patience) -> None:
        self.object_limit: int | None = largest_object(settings.max_parts)
        self._settings = settings
        self._environment = environment
        self._clock = clock
        self._patience = patience
        self._pool = PartPool()
        self._bucket = settings.bucket
        prefix = settings.prefix.strip("/")
        self._prefix = f"{prefix}/" if prefix else ""

    def location(self, target: str, backup_id: str) -> str:
        return f"s3://{self._bucket}/{self._folder(target, backup_id)}"

    def writer(self, target: str, backup_id: str, name: str, expected_bytes: int | None = None) -> S3Writer:
        key = self._folder(target, backup_id) + safe_name(name)
        return S3Writer(self._upload(key, properties(self._settings, self._clock.now())), expected_bytes)

    def read(self, target: str, backup_id: str, name: str) -> Iterator[bytes]:
        """A stream that breaks is taken up where it broke, as often as there are pauses without a byte in between."""
        key = self._folder(target, backup_id) + safe_name(name)
        position, pauses = 0, iter(self._patience.pauses)
        while True:
            try:
                for chunk in self._chunks_from(key, position):
                    yield chunk
                    position += len(chunk)
                    pauses = iter(self._patience.pauses)
            except (HTTPClientError, IncompleteReadError) as error:
                pause = next(pauses, None)
                if pause is None:
                    raise StorageFailed(
                        f"s3://{self._bucket}/{key} broke off at byte {position:,}: {error}", "Try again later."
                    ) from error
                Event().wait(pause)
            else:
                return

    def put_manifest(self, manifest: Manifest) -> str:
        return self._put_small(self._folder(manifest.target, manifest.backup_id) + MANIFEST, to_json(manifest))

    def get_manifest(self, target: str, backup_id: str) -> Manifest:
        data = self._get_small(self._folder(target, backup_id) + MANIFEST, "reading the manifest")
        if data is None:
            raise NotFound(f"There is no backup {backup_id} of {target} in s3://{self._bucket}.", "List its backups.")
        return from_json(data)

    def put_audit_head(self, day: str, document: bytes) -> bool:
        key = f"{self._prefix}{AUDIT}/{audit_name(day)}"
        if self._exists(key):
            return False
        self._put_small(key, document)
        return True

    def audit_heads(self) -> list[str]:
        prefix = f"{self._prefix}{AUDIT}/"
        keys = self._patiently("listing the audit log's heads", lambda: self._remover(self._client).keys(prefix))
        return sorted(key.removeprefix(prefix).removesuffix(".json") for key in keys if key.endswith(".json"))

    def get_audit_head(self, day: str) -> bytes:
        key = f"{self._prefix}{AUDIT}/{audit_name(day)}"
        data = self._get_small(key, "reading the audit log's head")
        if data is None:
            raise NotFound(
                f"There is no s3://{self._bucket}/{key}.", "The audit log's head of that day was not exported there."
            )
        return data

    def list_backups(self, target: str) -> list[str]:
        prefix = f"{self._prefix}{safe_name(target)}/"
        found = []
        for key in self._patiently("listing", lambda: self._remover(self._client).keys(prefix)):
            backup_id, _, name = key.removeprefix(prefix).partition("/")
            if name == MANIFEST:
                found.append(backup_id)
        return sorted(found)

    def delete_backup(self, target: str, backup_id: str) -> None:
        folder = self._folder(target, backup_id)
        # The manifest first: what is left of a backup whose removal broke off must not look like one.
        self._remove_all(folder, [folder + MANIFEST])
        self._remove_all(folder)

    def discard(self, target: str, backup_id: str) -> str:
        folder = self._folder(target, backup_id)
        if self._exists(folder + MANIFEST):
            raise Conflict(f"Backup {backup_id} of {target} has a manifest; it is not discarded.")
        remover = self._remover(self._client)
        left = self._patiently("aborting uploads", lambda: remover.abort_uploads(folder))
        left += self._patiently("removing objects", lambda: remover.remove(remover.keys(folder)))
        if not left:
            return ""
        return (
            f"{len(left)} unfinished object(s) stay below s3://{self._bucket}/{folder}, since the credentials may not "
            "remove them; a lifecycle rule of the bucket, or somebody who may, should."
        )

    def told_of(self, target: str, backup_id: str, name: str) -> tuple[datetime | None, datetime | None]:
        key = self._folder(target, backup_id) + safe_name(name)
        head = self._patiently("looking at it", lambda: self._client.head_object(Bucket=self._bucket, Key=key))
        date = head["ResponseMetadata"]["HTTPHeaders"].get("date")
        return parsedate_to_datetime(date) if date else None, head.get("ObjectLockRetainUntilDate")

    def available(self, target: str) -> int | None:
        prefix = f"{self._prefix}{safe_name(target)}/"
        with self._errors("listing"):
            self._patience.short.attempt(
                lambda: self._client.list_objects_v2(Bucket=self._bucket, Prefix=prefix, MaxKeys=1)
            )
        return None

    def _remove_all(self, folder: str, keys: Sequence[str] | None = None) -> None:
        remover = self._remover(self._pruner)
        left = self._patiently("removing", lambda: remover.remove(remover.keys(folder) if keys is None else keys))
        if left:
            raise StorageFailed(
                f"{len(left)} object(s) below s3://{self._bucket}/{folder} were not removed: {left[0]}",
                "Allow these credentials s3:DeleteObject, or name others as prune_credentials in [storage].",
            )

    @cached_property
    def _client(self) -> S3Client:
        return connect(self._settings, self._environment, self._settings.credentials, self._patience.answer_within)

    @cached_property
    def _pruner(self) -> S3Client:
        settings = self._settings
        if settings.prune_credentials is None:
            return self._client
        return connect(settings, self._environment, settings.prune_credentials, self._patience.answer_within)

    def _remover(self, client: S3Client) -> Remover:
        return Remover(client, self._bucket)

    def _upload(self, key: str, asked: dict[str, Any]) -> Upload:
        return Upload(self._client, self._pool, self._patience, self._bucket, key, self._settings.max_parts, asked)

    def _folder(self, target: str, backup_id: str) -> str:
        return f"{self._prefix}{safe_name(target)}/{safe_name(backup_id)}/"

    def _errors(self, doing: str) -> AbstractContextManager[None]:
        return s3_errors(self._bucket, doing)

    def _patiently(self, doing: str, act: Callable[[], Result]) -> Result:
        with self._errors(doing):
            return self._patience.attempt(act)

    def _chunks_from(self, key: str, position: int) -> Iterator[bytes]:
        with self._errors("reading"):
            try:
                answer = self._patience.attempt(
                    lambda: self._client.get_object(Bucket=self._bucket, Key=key, Range=f"bytes={position}-")
                )
            except ClientError as error:
                if is_missing(error):
                    raise DamagedBackup(
                        f"s3://{self._bucket}/{key} is missing.", "Choose another backup; keep this one for inquiry."
                    ) from error
                if error.response["ResponseMetadata"]["HTTPStatusCode"] == 416:
                    return  # at the end already, or empty
                raise
        yield from answer["Body"].iter_chunks(_CHUNK)

    def _put_small(self, key: str, data: bytes) -> str:
        """In the bucket's own class, since it is small and read often. Returns its SHA-256."""
        asked = properties(self._settings, self._clock.now())
        asked.pop("StorageClass", None)
        with S3Writer(self._upload(key, asked)) as writer:
            writer.write(data)
            return writer.complete().sha256

    def _get_small(self, key: str, doing: str) -> bytes | None:
        """None when it does not exist."""

        def get() -> bytes:
            return self._client.get_object(Bucket=self._bucket, Key=key)["Body"].read()

        with self._errors(doing):
            try:
                return self._patience.attempt(get)
            except ClientError as error:
                if is_missing(error):
                    return None
                raise

    def _exists(self, key: str) -> bool:
        with self._errors(f"looking for {key}"):
            try:
                self._patience.attempt(lambda: self._client.head_object(Bucket=self._bucket, Key=key))
            except ClientError as error:
                if is_missing(error):
                    return False
                raise
        return True
