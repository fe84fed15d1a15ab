"""The S3 server takes large uploads in parts and gives them back, and is gone when it is stopped."""

import base64
import hashlib
from pathlib import Path

import httpx
import pytest
from botocore.exceptions import ClientError

from sandbox.objects import ObjectServer
from sandbox.processes import port_is_free
from tests.support import Bucket

PART = 8 * 1024 * 1024


def checksum(content: bytes) -> str:
    return base64.b64encode(hashlib.sha256(content).digest()).decode()


def test_an_upload_in_parts_comes_back_whole_with_its_checksum_of_checksums(s3: Bucket) -> None:
    client = s3.server.client()
    parts = [bytes([number]) * PART for number in range(3)]
    upload = client.create_multipart_upload(Bucket=s3.name, Key="big", ChecksumAlgorithm="SHA256")
    done = [
        client.upload_part(
            Bucket=s3.name, Key="big", UploadId=upload["UploadId"], PartNumber=number, Body=part,
            ChecksumSHA256=checksum(part),
        )
        for number, part in enumerate(parts, 1)
    ]  # fmt: skip
    client.complete_multipart_upload(
        Bucket=s3.name,
        Key="big",
        UploadId=upload["UploadId"],
        MultipartUpload={
            "Parts": [
                {"PartNumber": number, "ETag": answer["ETag"], "ChecksumSHA256": checksum(part)}
                for number, (answer, part) in enumerate(zip(done, parts, strict=True), 1)
            ]
        },
    )
    head = client.head_object(Bucket=s3.name, Key="big", ChecksumMode="ENABLED")
    assert head["ContentLength"] == 3 * PART
    assert head["ChecksumSHA256"] == checksum(b"".join(hashlib.sha256(part).digest() for part in parts))
    assert client.get_object(Bucket=s3.name, Key="big")["Body"].read() == b"".join(parts)
    client.close()


def test_an_object_is_not_overwritten_when_the_writer_forbids_it(s3: Bucket) -> None:
    client = s3.server.client()
    client.put_object(Bucket=s3.name, Key="a", Body=b"1", IfNoneMatch="*")
    with pytest.raises(ClientError, match="PreconditionFailed"):
        client.put_object(Bucket=s3.name, Key="a", Body=b"2", IfNoneMatch="*")
    client.close()


def test_a_deleted_bucket_leaves_nothing(object_server: ObjectServer) -> None:
    object_server.create_bucket("to-be-deleted")
    client = object_server.client()
    client.put_bucket_versioning(Bucket="to-be-deleted", VersioningConfiguration={"Status": "Enabled"})
    for body in (b"1", b"2"):
        client.put_object(Bucket="to-be-deleted", Key="a", Body=body)
    client.delete_object(Bucket="to-be-deleted", Key="a")
    client.create_multipart_upload(Bucket="to-be-deleted", Key="unfinished")
    object_server.delete_bucket("to-be-deleted")
    assert "to-be-deleted" not in [bucket["Name"] for bucket in client.list_buckets()["Buckets"]]
    client.close()


def test_a_stopped_server_is_gone(tmp_path: Path) -> None:
    with ObjectServer(tmp_path / "log") as server:
        assert httpx.get(server.endpoint_url).is_success
    assert port_is_free(server.port)
