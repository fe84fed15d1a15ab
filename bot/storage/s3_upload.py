"""One object on its way to S3, in concurrent parts, with bounded memory."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import partial
from threading import BoundedSemaphore
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
_NOT_WORTH_A_PART = 64 << 10


def part_size(expected_bytes: int | None, number: int) -> int:
    """Bytes of part `number` (from 1): the expected size fits in 8,000 of the 10,000 parts that S3 allows.

    What was not expected still fits, sixteen times over: from part 8,001 on, parts double every 250.
    """
    base = max(_SMALLEST_PART, -(-(expected_bytes or 0) // (_PLANNED_PARTS * _MIB)) * _MIB)
    beyond = number - 1 - _PLANNED_PARTS
    return base if beyond < 0 else base << (beyond // _DOUBLES_EVERY + 1)


class PartPool:
    """Sends the parts of all objects under way, four at once; whoever has a fifth waits, so memory is bounded."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_IN_FLIGHT, thread_name_prefix="s3-part")
        self._free = BoundedSemaphore(_IN_FLIGHT)

    def submit(self, send: Callable[[], CompletedPartTypeDef]) -> Future[CompletedPartTypeDef]:
        """Waits until one of the four is free."""
        self._free.acquire()
        try:
            future = self._threads.submit(send)
        except BaseException:
            self._free.release()
            raise
        future.add_done_callback(lambda _: self._free.release())
        return future


class S3Writer:
    """Holds one part in memory while it is filled, beside those that the pool is sending."""

    def __init__(
        self, client: S3Client, pool: PartPool, bucket: str, key: str, expected_bytes: int | None = None
    ) -> None:
        self._client, self._pool, self._bucket, self._key = client, pool, bucket, key
        self._expected = expected_bytes
        self._buffer = bytearray()
        self._hash = hashlib.sha256()
        self._size = 0
        self._upload_id: str | None = None
        self._sent: list[Future[CompletedPartTypeDef]] = []
        self._completing = self._completed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for future in self._sent:
            future.cancel()
        wait(self._sent)
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
        while len(self._buffer) >= (wanted := part_size(self._expected, len(self._sent) + 1)):
            part = bytes(memoryview(self._buffer)[:wanted])
            del self._buffer[:wanted]
            self._send(part)

    def seal(self) -> None:
        if self._upload_id is None and len(self._buffer) <= _NOT_WORTH_A_PART:
            return
        if self._buffer:
            self._send(bytes(self._buffer))
            self._buffer.clear()

    def complete(self) -> Written:
        self._completing = True
        if self._upload_id is None:
            self._put_whole()
        else:
            self.seal()
            parts = [future.result() for future in self._sent]
            with s3_errors(self._bucket, "completing the upload"):
                self._client.complete_multipart_upload(
                    Bucket=self._bucket,
                    Key=self._key,
                    UploadId=self._upload_id,
                    MultipartUpload={"Parts": parts},
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
        for future in self._sent[-_IN_FLIGHT:]:
            if future.done():
                future.result()  # a part that failed ends the upload now, not at its end
        self._sent.append(self._pool.submit(partial(self._upload, self._upload_id, len(self._sent) + 1, part)))

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
