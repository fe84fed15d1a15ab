"""Backups in an S3 bucket."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, HTTPClientError, IncompleteReadError

from bot.errors import Conflict, DamagedBackup, NotFound, StorageFailed
from bot.models import Manifest
from bot.settings import S3Settings
from bot.storage.base import MANIFEST, safe_name
from bot.storage.manifest import from_json, to_json
from bot.storage.s3_errors import is_missing, s3_errors
from bot.storage.s3_upload import PartPool, S3Writer

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ObjectIdentifierTypeDef

_CHUNK = 1 << 20
_READ_ATTEMPTS = 5
_PAUSE = 0.1
_DELETE_BATCH = 1000


def connect(settings: S3Settings, environment: Mapping[str, str] | None = None) -> S3Client:
    """A client with retries; credentials come from `environment`, else from the usual AWS_* variables and files."""
    given = environment or {}
    config = Config(
        retries={"mode": "standard", "max_attempts": 6},
        connect_timeout=10,
        read_timeout=60,
        max_pool_connections=16,
        s3={"addressing_style": "path" if settings.endpoint else "auto"},
    )
    session = boto3.session.Session(
        aws_access_key_id=given.get("AWS_ACCESS_KEY_ID"),
        aws_secret_access_key=given.get("AWS_SECRET_ACCESS_KEY"),
        aws_session_token=given.get("AWS_SESSION_TOKEN"),
    )
    return session.client("s3", endpoint_url=settings.endpoint, region_name=settings.region, config=config)


class S3Storage:
    """A bucket and a prefix in it; `client` is shared by threads."""

    def __init__(self, client: S3Client, bucket: str, prefix: str = "") -> None:
        self._client = client
        self._pool = PartPool()
        self._bucket = bucket
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""

    def location(self, target: str, backup_id: str) -> str:
        return f"s3://{self._bucket}/{self._folder(target, backup_id)}"

    def writer(self, target: str, backup_id: str, name: str, expected_bytes: int | None = None) -> S3Writer:
        return S3Writer(self._client, self._pool, self._bucket, self._key(target, backup_id, name), expected_bytes)

    def read(self, target: str, backup_id: str, name: str) -> Iterator[bytes]:
        """A stream that breaks is taken up where it broke, a few times without a byte in between."""
        key = self._key(target, backup_id, name)
        position, attempts = 0, 0
        while True:
            try:
                for chunk in self._chunks_from(key, position):
                    yield chunk
                    position += len(chunk)
                    attempts = 0
            except (HTTPClientError, IncompleteReadError) as error:
                attempts += 1
                if attempts == _READ_ATTEMPTS:
                    raise StorageFailed(
                        f"s3://{self._bucket}/{key} broke off at byte {position:,}: {error}", "Try again later."
                    ) from error
                time.sleep(_PAUSE * 2**attempts)
            else:
                return

    def put_manifest(self, manifest: Manifest) -> str:
        data = to_json(manifest)
        with self.writer(manifest.target, manifest.backup_id, MANIFEST, len(data)) as writer:
            writer.write(data)
            return writer.complete().sha256

    def get_manifest(self, target: str, backup_id: str) -> Manifest:
        key = self._key(target, backup_id, MANIFEST)
        with self._errors("reading the manifest"):
            try:
                data = self._client.get_object(Bucket=self._bucket, Key=key)["Body"].read()
            except ClientError as error:
                if is_missing(error):
                    raise NotFound(
                        f"There is no backup {backup_id} of {target} in s3://{self._bucket}.", "List its backups."
                    ) from error
                raise
        return from_json(data)

    def list_backups(self, target: str) -> list[str]:
        prefix = f"{self._prefix}{safe_name(target)}/"
        found = []
        for key in self._keys(prefix):
            backup_id, _, name = key.removeprefix(prefix).partition("/")
            if name == MANIFEST:
                found.append(backup_id)
        return sorted(found)

    def delete_backup(self, target: str, backup_id: str) -> None:
        folder = self._folder(target, backup_id)
        with self._errors("removing the manifest"):
            self._client.delete_object(Bucket=self._bucket, Key=folder + MANIFEST)
        self._delete_all(folder)

    def discard(self, target: str, backup_id: str) -> None:
        folder = self._folder(target, backup_id)
        if self._exists(folder + MANIFEST):
            raise Conflict(f"Backup {backup_id} of {target} has a manifest; it is not discarded.")
        self._abort_uploads(folder)
        self._delete_all(folder)

    def available(self, target: str) -> int | None:
        with self._errors("listing"):
            self._client.list_objects_v2(Bucket=self._bucket, Prefix=f"{self._prefix}{safe_name(target)}/", MaxKeys=1)
        return None

    def _folder(self, target: str, backup_id: str) -> str:
        return f"{self._prefix}{safe_name(target)}/{safe_name(backup_id)}/"

    def _key(self, target: str, backup_id: str, name: str) -> str:
        return self._folder(target, backup_id) + safe_name(name)

    def _errors(self, doing: str) -> AbstractContextManager[None]:
        return s3_errors(self._bucket, doing)

    def _chunks_from(self, key: str, position: int) -> Iterator[bytes]:
        with self._errors("reading"):
            try:
                answer = self._client.get_object(Bucket=self._bucket, Key=key, Range=f"bytes={position}-")
            except ClientError as error:
                if is_missing(error):
                    raise DamagedBackup(
                        f"s3://{self._bucket}/{key} is missing.", "Choose another backup; keep this one for inquiry."
                    ) from error
                if error.response["ResponseMetadata"]["HTTPStatusCode"] == 416:
                    return  # at the end already, or empty
                raise
        yield from answer["Body"].iter_chunks(_CHUNK)

    def _exists(self, key: str) -> bool:
        with self._errors("looking for the manifest"):
            try:
                self._client.head_object(Bucket=self._bucket, Key=key)
            except ClientError as error:
                if is_missing(error):
                    return False
                raise
        return True

    def _keys(self, prefix: str) -> Iterator[str]:
        with self._errors("listing"):
            for page in self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix):
                for item in page.get("Contents", []):
                    yield item["Key"]

    def _delete_all(self, folder: str) -> None:
        keys = list(self._keys(folder))
        for start in range(0, len(keys), _DELETE_BATCH):
            batch: list[ObjectIdentifierTypeDef] = [{"Key": key} for key in keys[start : start + _DELETE_BATCH]]
            with self._errors("removing objects"):
                answer = self._client.delete_objects(Bucket=self._bucket, Delete={"Objects": batch, "Quiet": True})
            for failed in answer.get("Errors", []):
                raise StorageFailed(
                    f"s3://{self._bucket}/{failed.get('Key')} was not removed: {failed.get('Message')}",
                    "Allow s3:DeleteObject, or remove it by hand.",
                )

    def _abort_uploads(self, folder: str) -> None:
        with self._errors("aborting uploads"):
            pages = self._client.get_paginator("list_multipart_uploads").paginate(Bucket=self._bucket, Prefix=folder)
            for page in pages:
                for upload in page.get("Uploads", []):
                    if upload["Key"].startswith(folder):
                        self._client.abort_multipart_upload(
                            Bucket=self._bucket, Key=upload["Key"], UploadId=upload["UploadId"]
                        )
