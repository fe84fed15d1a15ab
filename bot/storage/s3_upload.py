"""One object on its way to S3, in concurrent parts, with bounded memory."""

from __future__ import annotations

import base64
import hashlib
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import TYPE_CHECKING, Self

from botocore.exceptions import ClientError

from bot.errors import StorageFailed
from bot.storage.base import Written
from bot.storage.s3_errors import s3_errors

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef

_MIB = 1 << 20
_SMALLEST_PART = 8 * _MIB
_PLANNED_PARTS = 8_000
_IN_FLIGHT = 4
_DOUBLES_EVERY = 250


def part_size(expected_bytes: int | None, number: int) -> int:
    """Bytes of part `number` (from 1): the expected size fits in 8,000 of the 10,000 parts that S3 allows.

    What was not expected still fits, sixteen times over: from part 8,001 on, parts double every 250.
    """
    base = max(_SMALLEST_PART, -(-(expected_bytes or 0) // (_PLANNED_PARTS * _MIB)) * _MIB)
    beyond = number - 1 - _PLANNED_PARTS
    return base if beyond < 0 else base << (beyond // _DOUBLES_EVERY + 1)


class S3Writer:
    """Holds at most five parts in memory: four on their way, one being filled."""

    def __init__(self, client: S3Client, bucket: str, key: str, expected_bytes: int | None) -> None:
        self._client, self._bucket, self._key, self._expected = client, bucket, key, expected_bytes
        self._buffer = bytearray()
        self._hash = hashlib.sha256()
        self._size = 0
        self._upload_id: str | None = None
        self._started_parts = 0
        self._in_flight: deque[Future[CompletedPartTypeDef]] = deque()
        self._parts: list[CompletedPartTypeDef] = []
        self._pool = ThreadPoolExecutor(_IN_FLIGHT, thread_name_prefix="s3-part")
        self._completing = self._completed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)
        if self._completed:
            return
        try:
            self._abort()
        except StorageFailed as left:
            if error is None:
                raise
            error.add_note(f"What was uploaded could not be removed: {left}")

    def write(self, data: bytes) -> None:
        self._hash.update(data)
        self._size += len(data)
        self._buffer += data
        while len(self._buffer) >= (wanted := part_size(self._expected, self._started_parts + 1)):
            part = bytes(memoryview(self._buffer)[:wanted])
            del self._buffer[:wanted]
            self._send(part)

    def complete(self) -> Written:
        self._completing = True
        if self._upload_id is None:
            self._put_whole()
        else:
            if self._buffer:
                self._send(bytes(self._buffer))
            while self._in_flight:
                self._parts.append(self._in_flight.popleft().result())
            with s3_errors(self._bucket, "completing the upload"):
                self._client.complete_multipart_upload(
                    Bucket=self._bucket,
                    Key=self._key,
                    UploadId=self._upload_id,
                    MultipartUpload={"Parts": self._parts},
                )
        self._read_back()
        self._completed = True
        return Written(self._size, self._hash.hexdigest())

    def _send(self, part: bytes) -> None:
        if self._upload_id is None:
            with s3_errors(self._bucket, "starting the upload"):
                answer = self._client.create_multipart_upload(
                    Bucket=self._bucket, Key=self._key, ChecksumAlgorithm="SHA256"
                )
            self._upload_id = answer["UploadId"]
        if len(self._in_flight) == _IN_FLIGHT:
            self._parts.append(self._in_flight.popleft().result())
        self._started_parts += 1
        self._in_flight.append(self._pool.submit(self._upload, self._upload_id, self._started_parts, part))

    def _upload(self, upload_id: str, number: int, part: bytes) -> CompletedPartTypeDef:
        checksum = _sha256(part)
        with s3_errors(self._bucket, f"uploading part {number}"):
            answer = self._client.upload_part(
                Bucket=self._bucket,
                Key=self._key,
                UploadId=upload_id,
                PartNumber=number,
                Body=part,
                ChecksumSHA256=checksum,
            )
        self._compare(answer.get("ChecksumSHA256"), checksum, f"part {number}")
        return {"PartNumber": number, "ETag": answer["ETag"], "ChecksumSHA256": checksum}

    def _put_whole(self) -> None:
        body = bytes(self._buffer)
        checksum = _sha256(body)
        with s3_errors(self._bucket, "writing an object"):
            answer = self._client.put_object(Bucket=self._bucket, Key=self._key, Body=body, ChecksumSHA256=checksum)
        self._compare(answer.get("ChecksumSHA256"), checksum, "the object")

    def _compare(self, answered: str | None, sent: str, what: str) -> None:
        # Some servers answer no checksum; then the size read back and every restore's own SHA-256 remain.
        if answered is not None and answered != sent:
            raise StorageFailed(
                f"s3://{self._bucket}/{self._key}: {what} arrived changed.", "Check the network, then try again."
            )

    def _read_back(self) -> None:
        with s3_errors(self._bucket, "reading the size back"):
            size = self._client.head_object(Bucket=self._bucket, Key=self._key)["ContentLength"]
        if size != self._size:
            raise StorageFailed(
                f"s3://{self._bucket}/{self._key} holds {size:,} bytes, {self._size:,} were written.",
                "Do not trust this storage until its provider has explained this.",
            )

    def _abort(self) -> None:
        with s3_errors(self._bucket, "aborting the upload"):
            if self._upload_id is not None:
                self._abort_upload(self._upload_id)
            if self._completing:
                # The answer to the completion may have been lost, and the object be there.
                self._client.delete_object(Bucket=self._bucket, Key=self._key)

    def _abort_upload(self, upload_id: str) -> None:
        try:
            self._client.abort_multipart_upload(Bucket=self._bucket, Key=self._key, UploadId=upload_id)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") != "NoSuchUpload":
                raise


def _sha256(data: bytes) -> str:
    """As S3 writes it."""
    return base64.b64encode(hashlib.sha256(data).digest()).decode()
