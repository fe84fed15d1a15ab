"""Clients of S3, and what its requests carry, from a [storage.…] section."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.loaders import Loader

from bot.errors import StorageFailed
from bot.settings_storage import S3Credentials, S3Settings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def connect(
    settings: S3Settings,
    environment: Mapping[str, str],
    credentials: S3Credentials | None,
    answer_within: float,
) -> S3Client:
    """A client that does not retry by itself. Credentials come from the variables that `credentials` names, else from
    AWS_* in `environment`, else from the usual files and roles. Raises StorageFailed when a named one is not set.
    """
    by_path = settings.endpoint is not None if settings.path_style is None else settings.path_style
    config = Config(
        retries={"mode": "standard", "total_max_attempts": 1},
        connect_timeout=min(10.0, answer_within),
        read_timeout=answer_within,
        max_pool_connections=16,
        s3={"addressing_style": "path" if by_path else "auto" if settings.path_style is None else "virtual"},
    )
    core = botocore.session.Session()
    core.register_component("data_loader", _descriptions())
    session = boto3.session.Session(*_keys(environment, credentials), botocore_session=core)
    return session.client("s3", endpoint_url=settings.endpoint, region_name=settings.region, config=config)


class _Descriptions(Loader):
    """What botocore knows of S3: megabytes of JSON that never change, and take nine tenths of making a client."""

    @property
    def search_paths(self) -> list[str]:
        # Each session of boto3 adds its own folder to what it gets.
        return list(super().search_paths)


@cache
def _descriptions() -> Loader:
    return _Descriptions()


def properties(settings: S3Settings, now: datetime) -> dict[str, Any]:
    """What is asked for with each object: its class, its encryption by the server, and its lock from `now` on."""
    lock = settings.object_lock_days
    asked = {
        "StorageClass": settings.storage_class,
        "ServerSideEncryption": settings.sse,
        "SSEKMSKeyId": settings.sse_kms_key_id,
        "ObjectLockMode": settings.object_lock_mode if lock else None,
        "ObjectLockRetainUntilDate": now + timedelta(days=lock) if lock else None,
    }
    return {key: value for key, value in asked.items() if value is not None}


def _keys(
    environment: Mapping[str, str], credentials: S3Credentials | None
) -> tuple[str | None, str | None, str | None]:
    """Access key, secret key, session token."""
    if credentials is None:
        return (
            environment.get("AWS_ACCESS_KEY_ID"),
            environment.get("AWS_SECRET_ACCESS_KEY"),
            environment.get("AWS_SESSION_TOKEN"),
        )
    token = credentials.session_token_env
    return (
        _named(environment, credentials.access_key_env),
        _named(environment, credentials.secret_key_env),
        _named(environment, token) if token else None,
    )


def _named(environment: Mapping[str, str], variable: str) -> str:
    value = environment.get(variable)
    if not value:
        raise StorageFailed(
            f"The environment variable {variable}, which [storage] names for its credentials, is not set.",
            f"Set {variable} where Baseliner runs, then try again.",
        )
    return value
