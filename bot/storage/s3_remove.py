"""Removing from a bucket, where that is allowed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from bot.storage.s3_errors import code_of, is_denied

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_BATCH = 1000


@dataclass(frozen=True)
class Remover:
    """Raises botocore's errors, save those that forbid: what may not be removed is returned."""

    client: S3Client
    bucket: str

    def keys(self, prefix: str) -> list[str]:
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        return [item["Key"] for page in pages for item in page.get("Contents", [])]

    def remove(self, keys: Sequence[str]) -> list[str]:
        """Remove them; returns those that stay, each with the reason. Nothing there is not an error."""
        left: list[str] = []
        for start in range(0, len(keys), _BATCH):
            left += self._remove_batch(keys[start : start + _BATCH])
        return left

    def _remove_batch(self, keys: Sequence[str]) -> list[str]:
        try:
            answer = self.client.delete_objects(
                Bucket=self.bucket, Delete={"Objects": [{"Key": key} for key in keys], "Quiet": True}
            )
        except ClientError as error:
            if not is_denied(error):
                raise
            return [f"{key}: {code_of(error)}" for key in keys]
        return [f"{failed.get('Key')}: {failed.get('Message')}" for failed in answer.get("Errors", [])]

    def abort_uploads(self, prefix: str) -> list[str]:
        """Abort the uploads under way below a prefix; returns those that stay."""
        left = []
        for page in self.client.get_paginator("list_multipart_uploads").paginate(Bucket=self.bucket, Prefix=prefix):
            for upload in page.get("Uploads", []):
                if upload["Key"].startswith(prefix):
                    left += self._abort_upload(upload["Key"], upload["UploadId"])
        return left

    def _abort_upload(self, key: str, upload_id: str) -> list[str]:
        try:
            self.client.abort_multipart_upload(Bucket=self.bucket, Key=key, UploadId=upload_id)
        except ClientError as error:
            if is_denied(error):
                return [f"{key}: {code_of(error)}"]
            if code_of(error) != "NoSuchUpload":
                raise
        return []
