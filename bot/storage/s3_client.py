"""Clients of S3, and what its requests carry, from a [storage.…] section."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError
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
    AWS_* in `environment`, else from the usual files and roles. Raises StorageFailed when a named one is not set, or
    where no client can be made with these settings.
    """
    by_path = settings.endpoint is not None if settings.path_style is None else settings.path_style
    config = Config(
        retries={"mode": "standard", "total_max_attempts": 1},
        connect_timeout=min(10.0, answer_within),
        read_timeout=answer_within,
        max_pool_connections=16,
        s3={"addressing_style": "path" if by_path else "auto" if settings.path_style is None else "virtual"},
    )
    keys = _keys(environment, credentials)
    try:
        return _session(*keys).client("s3", endpoint_url=settings.endpoint, region_name=settings.region, config=config)
    except (BotoCoreError, ValueError) as error:
        raise StorageFailed(
            f"No client for S3 can be made with these settings: {error}",
            "Correct endpoint and region in [storage], or the AWS_* variables and ~/.aws where Baseliner runs.",
        ) from error


def warm_up() -> None:
    """What the first client in a process takes a third of a second longer for: before somebody waits for it."""
    # Of nobody's settings and keys: what is wrong with those is told by the operation that needs them.
    with suppress(BotoCoreError, ValueError):
        _session("nobody", "nobody", None).client("s3", region_name="us-east-1").close()


def _session(key: str | None, secret: str | None, token: str | None) -> boto3.session.Session:
    core = botocore.session.Session()
    core.register_component("data_loader", _descriptions(core.get_config_variable("data_path") or ""))
    return boto3.session.Session(key, secret, token, botocore_session=core)


class _Descriptions(Loader):
    """What botocore knows of S3: megabytes of JSON that never change, and take nine tenths of making a client."""

    @property
    def search_paths(self) -> list[str]:
        # Each session of boto3 adds its own folder to what it gets.
        return list(super().search_paths)


# Files that never change while we run: whoever reads them again reads the same.
@cache
def _descriptions(folders: str) -> Loader:
    """`folders` of AWS_DATA_PATH are searched first, as botocore does."""
    searched = [Path(os.path.expandvars(each)).expanduser() for each in folders.split(os.pathsep) if each]
    return _Descriptions([str(folder) for folder in searched])


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
