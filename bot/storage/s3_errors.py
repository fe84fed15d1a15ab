"""S3's refusals, as sentences with a next step."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

from bot.errors import StorageFailed

_MISSING = {"404", "NoSuchKey", "NotFound"}
_REMEDIES = {
    "AccessDenied": "Allow the credentials this act on the bucket (s3:PutObject, GetObject, ListBucket, DeleteObject).",
    "403": "Allow the credentials this act on the bucket.",
    "InvalidAccessKeyId": "Correct AWS_ACCESS_KEY_ID.",
    "SignatureDoesNotMatch": "Correct AWS_SECRET_ACCESS_KEY.",
    "ExpiredToken": "Renew the AWS_* credentials.",
    "NoSuchBucket": "Create the bucket, or correct its name in [storage].",
    "PermanentRedirect": "Correct the region or endpoint in [storage].",
    "AuthorizationHeaderMalformed": "Correct the region in [storage].",
    "RequestTimeTooSkewed": "Set this host's clock.",
    "EntityTooLarge": "The provider limits the size of an object; ask it, or use another.",
    "QuotaExceeded": "Free space in the bucket, or raise its quota.",
    "SlowDown": "Wait; the storage asks for fewer requests.",
    "BadDigest": "The bytes changed on their way; check the network, then try again.",
}


def is_missing(error: ClientError) -> bool:
    """Whether S3 says that the object (not the bucket) is not there."""
    return str(error.response.get("Error", {}).get("Code")) in _MISSING


@contextmanager
def s3_errors(bucket: str, doing: str) -> Iterator[None]:
    """botocore's errors as StorageFailed; `doing` ends the sentence `S3 failed while …`."""
    try:
        yield
    except NoCredentialsError as error:
        raise StorageFailed(
            f"There are no credentials for s3://{bucket}.", "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
        ) from error
    except ClientError as error:
        said = error.response.get("Error", {})
        code = str(said.get("Code", "unknown"))
        raise StorageFailed(
            f"s3://{bucket} refused while {doing}: {code}: {said.get('Message', '')}".rstrip(": "),
            _REMEDIES.get(code, "Check the storage's own status, then try again."),
        ) from error
    except BotoCoreError as error:
        raise StorageFailed(
            f"s3://{bucket} could not be used while {doing}: {error}", "Check endpoint and network, then try again."
        ) from error
