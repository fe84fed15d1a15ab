"""An S3 server over HTTP on a free loopback port: moto, as a child process."""

import os
import sys
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

import boto3
import httpx
from botocore.config import Config

from sandbox.processes import HOST, Process, ProcessError, free_port, tail, wait_until

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

REGION: Final = "eu-central-1"


class ObjectServer:
    """The server. Objects live in its memory, larger ones in unnamed temporary files: all go with it.

    moto takes any credentials (these are what the clients are given), and believes every checksum that it is
    sent: a wrong one is stored, where S3 would answer BadDigest. As a context manager: started inside,
    stopped after. `log` is the file for its output.
    """

    def __init__(self, log: Path) -> None:
        self.access_key = "sandbox"
        self.secret_key = "sandbox-secret"
        self.region = REGION
        self._log = log
        self._process: Process | None = None
        self._own: S3Client | None = None
        self.port = free_port()

    @property
    def endpoint_url(self) -> str:
        """The address for a client's `endpoint_url`; path-style buckets."""
        return f"http://{HOST}:{self.port}"

    def start(self, timeout_s: float = 60.0) -> None:
        """Start the server and wait until it answers."""
        wait_until(self._try_start, timeout_s=timeout_s, what="a start of the S3 server")

    def stop(self) -> None:
        """End the server, and with it every object."""
        if self._own is not None:
            self._own.close()
            self._own = None
        if self._process is not None:
            self._process.stop()
            self._process = None

    def client(self) -> "S3Client":
        """A client with the server's own credentials. The caller closes it."""
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint_url,
            region_name=self.region,
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
            config=Config(s3={"addressing_style": "path"}),
        )

    def create_bucket(self, name: str) -> None:
        """Make an empty bucket."""
        self._kept_client().create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})

    def delete_bucket(self, name: str) -> None:
        """Delete a bucket with all that is in it: objects, old versions, unfinished uploads."""
        client = self._kept_client()
        for upload in client.list_multipart_uploads(Bucket=name).get("Uploads", []):
            client.abort_multipart_upload(Bucket=name, Key=upload["Key"], UploadId=upload["UploadId"])
        for page in client.get_paginator("list_object_versions").paginate(Bucket=name):
            for entry in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]:
                client.delete_object(
                    Bucket=name,
                    Key=entry["Key"],
                    VersionId=entry["VersionId"],
                    BypassGovernanceRetention=True,
                )
        client.delete_bucket(Bucket=name)

    def _kept_client(self) -> "S3Client":
        # Making one takes longer than most of what is asked of it.
        if self._own is None:
            self._own = self.client()
        return self._own

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _try_start(self) -> bool:
        since = self._log.stat().st_size if self._log.exists() else 0
        process = Process(
            [sys.executable, "-m", "moto.server", "-H", HOST, "-p", str(self.port)],
            log=self._log,
            env=_server_environment(),
            grace_s=3.0,
        )
        try:
            wait_until(lambda: self._answers() or process.poll() is not None, timeout_s=60.0, what="the S3 server")
        except BaseException:
            process.kill()
            raise
        if process.poll() is None:
            self._process = process
            return True
        process.stop()
        words = tail(self._log, since)
        if "in use" not in words:
            raise ProcessError(f"the S3 server did not start:\n{words}")
        self.port = free_port()
        return False

    def _answers(self) -> bool:
        with suppress(httpx.TransportError):
            return httpx.get(f"{self.endpoint_url}/moto-api/", trust_env=False).is_success
        return False


def _server_environment() -> dict[str, str]:
    """Ours without the settings of AWS and moto that a developer's shell may hold."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "MOTO_"))}
