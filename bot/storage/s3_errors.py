"""S3's refusals, as sentences with a next step."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError, ConnectionError, HTTPClientError, NoCredentialsError

from bot.errors import StorageFailed

_PASSING = {
    "InternalError",
    "OperationAborted",
    "RequestTimeout",
    "ServiceUnavailable",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "TooManyRequests",
}
_PASSING_STATUS = {429, 500, 502, 503, 504}
_DENIED = {"AccessDenied", "403", "Forbidden", "AllAccessDisabled"}
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
    return code_of(error) in _MISSING


def code_of(error: ClientError) -> str:
    """Such as `NoSuchKey`; the status where the answer has no body."""
    return str(error.response.get("Error", {}).get("Code", "unknown"))


def is_denied(error: ClientError) -> bool:
    """Whether S3 says that these credentials may not."""
    return code_of(error) in _DENIED


def is_transient(error: Exception) -> bool:
    """Whether the same request may well work in a moment: the server is busy or away, or the connection broke."""
    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
        return status in _PASSING_STATUS or code_of(error) in _PASSING
    return isinstance(error, (HTTPClientError, ConnectionError))


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
        code = code_of(error)
        raise StorageFailed(
            f"s3://{bucket} refused while {doing}: {code}: {said.get('Message', '')}".rstrip(": "),
            _REMEDIES.get(code, "Check the storage's own status, then try again."),
        ) from error
    except BotoCoreError as error:
        raise StorageFailed(
            f"s3://{bucket} could not be used while {doing}: {error}", "Check endpoint and network, then try again."
        ) from error
