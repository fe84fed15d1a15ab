"""One object on its way to S3, in concurrent parts, with bounded memory."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from concurrent.futures import Future, wait
from dataclasses import dataclass, field
from functools import partial
from threading import Event
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

from botocore.exceptions import ClientError

from bot.errors import StorageFailed
from bot.storage.base import Written
from bot.storage.patience import Patience
from bot.storage.s3_checks import SentPart, as_checksum, check_arrival, check_joined, check_whole
from bot.storage.s3_errors import code_of, s3_errors
from bot.storage.s3_parts import PartPool, part_size

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef

Result = TypeVar("Result")

_LOOK_BACK = 4
_NOT_WORTH_A_PART = 64 << 10


@dataclass(frozen=True)
class Upload:
    """What an object's requests share. `properties` are its storage class, encryption and lock, as S3 names them."""

    client: S3Client
    pool: PartPool
    patience: Patience
    bucket: str
    key: str
    max_parts: int
    properties: Mapping[str, Any] = field(default_factory=dict)


class S3Writer:
    """Holds one part in memory while it is filled, beside those that the pool is sending."""

    def __init__(self, upload: Upload, expected_bytes: int | None = None) -> None:
        self._to = upload
        self._part_size = part_size(expected_bytes, upload.max_parts)
        self.limit: int | None = self._part_size * upload.max_parts
        self._what = f"s3://{upload.bucket}/{upload.key}"
        self._buffer = bytearray()
        self._hash = hashlib.sha256()
        self._size = 0
        self._upload_id: str | None = None
        self._sent: list[Future[SentPart]] = []
        self._given_up = Event()
        self._completing = self._completed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._given_up.set()
        for future in self._sent:
            future.cancel()
        wait(self._sent)
        self._buffer.clear()
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
        view = memoryview(data)
        while view:
            room = self._part_size - len(self._buffer)
            self._buffer += view[:room]
            view = view[room:]
            if len(self._buffer) == self._part_size:
                self._send()

    def seal(self) -> None:
        if self._buffer and (self._upload_id is not None or len(self._buffer) > _NOT_WORTH_A_PART):
            self._send()

    def complete(self) -> Written:
        self._completing = True
        if self._upload_id is None:
            self._put_whole()
        else:
            self.seal()
            self._join([future.result() for future in self._sent])
        self._completed = True
        return Written(self._size, self._hash.hexdigest())

    def _send(self) -> None:
        if self._upload_id is None:
            answer = self._patiently("starting the upload", self._create)
            self._upload_id = answer["UploadId"]
        for future in self._sent[-_LOOK_BACK:]:
            if future.done():
                future.result()  # a part that failed ends the upload now, not at its end
        # The buffer itself goes on its way, and a new one is begun: a copy would double the memory.
        part, self._buffer = self._buffer, bytearray()
        number = len(self._sent) + 1
        if number > self._to.max_parts:
            raise StorageFailed(f"{self._what} would need more than {self._to.max_parts:,} parts.", "Raise max_parts.")
        send = partial(self._send_part, self._upload_id, number, part)
        self._sent.append(self._to.pool.submit(len(part), send))

    def _create(self) -> Mapping[str, Any]:
        return self._to.client.create_multipart_upload(
            Bucket=self._to.bucket, Key=self._to.key, ChecksumAlgorithm="SHA256", **self._to.properties
        )

    def _send_part(self, upload_id: str, number: int, part: bytearray) -> SentPart:
        digest = hashlib.sha256(part).digest()

        def send() -> Mapping[str, Any]:
            return self._to.client.upload_part(
                Bucket=self._to.bucket,
                Key=self._to.key,
                UploadId=upload_id,
                PartNumber=number,
                Body=cast("bytes", part),
                ChecksumAlgorithm="SHA256",
                ChecksumSHA256=as_checksum(digest),
            )

        answer = self._patiently(f"uploading part {number}", send)
        md5 = check_arrival(self._judgeable(answer), part, digest, f"{self._what}: part {number}")
        return SentPart(number, answer["ETag"], digest, md5)

    def _put_whole(self) -> None:
        digest = self._hash.digest()

        def put() -> Mapping[str, Any]:
            return self._to.client.put_object(
                Bucket=self._to.bucket,
                Key=self._to.key,
                Body=cast("bytes", self._buffer),
                ChecksumAlgorithm="SHA256",
                ChecksumSHA256=as_checksum(digest),
                **self._to.properties,
            )

        answer = self._patiently("writing an object", put)
        md5 = check_arrival(self._judgeable(answer), self._buffer, digest, self._what)
        check_whole(self._read_back(), digest, md5, self._what)

    def _join(self, parts: list[SentPart]) -> None:
        named: list[CompletedPartTypeDef] = [
            {"PartNumber": part.number, "ETag": part.etag, "ChecksumSHA256": as_checksum(part.sha256)} for part in parts
        ]
        attempts = 0

        def join() -> Mapping[str, Any]:
            nonlocal attempts
            attempts += 1
            try:
                return self._to.client.complete_multipart_upload(
                    Bucket=self._to.bucket,
                    Key=self._to.key,
                    UploadId=self._upload_id or "",
                    MultipartUpload={"Parts": named},
                )
            except ClientError as error:
                # The first answer may have been lost on its way; what was read back decides.
                if attempts > 1 and code_of(error) == "NoSuchUpload":
                    return {}
                raise

        for answer in (self._patiently("completing the upload", join), self._read_back()):
            check_joined(self._judgeable(answer), parts, self._hash.digest(), self._what)

    def _read_back(self) -> Mapping[str, Any]:
        def head() -> Mapping[str, Any]:
            return self._to.client.head_object(Bucket=self._to.bucket, Key=self._to.key, ChecksumMode="ENABLED")

        answer = self._patiently("reading size and checksum back", head)
        if answer["ContentLength"] != self._size:
            raise StorageFailed(
                f"{self._what} holds {answer['ContentLength']:,} bytes, {self._size:,} were written.",
                "Do not trust this storage until its provider has explained this.",
            )
        return self._judgeable(answer)

    def _judgeable(self, answer: Mapping[str, Any]) -> Mapping[str, Any]:
        """With the encryption that was asked for, where the server does not repeat it: it decides what an ETag is."""
        asked = {key: self._to.properties[key] for key in ("ServerSideEncryption",) if key in self._to.properties}
        return {**asked, **answer}

    def _patiently(self, doing: str, act: Callable[[], Result]) -> Result:
        with s3_errors(self._to.bucket, doing):
            return self._to.patience.attempt(act, self._given_up)

    def _abort(self) -> None:
        bucket, key, briefly = self._to.bucket, self._to.key, self._to.patience.short
        with s3_errors(bucket, "aborting the upload"):
            if self._upload_id is not None:
                briefly.attempt(partial(self._abort_upload, self._upload_id))
            if self._completing:
                # The answer to the completion may have been lost, and the object be there.
                briefly.attempt(lambda: self._to.client.delete_object(Bucket=bucket, Key=key))

    def _abort_upload(self, upload_id: str) -> None:
        try:
            self._to.client.abort_multipart_upload(Bucket=self._to.bucket, Key=self._to.key, UploadId=upload_id)
        except ClientError as error:
            if code_of(error) != "NoSuchUpload":
                raise
