"""Where backups are kept."""

from __future__ import annotations

from collections.abc import Mapping

from bot.settings import DirectorySettings, S3Settings
from bot.storage.base import MANIFEST, ObjectWriter, Storage, Written
from bot.storage.fetch import fetch_archive
from bot.storage.local import LocalStorage
from bot.storage.s3 import S3Storage, connect

__all__ = ["MANIFEST", "ObjectWriter", "Storage", "Written", "fetch_archive", "open_storage"]


def open_storage(settings: S3Settings | DirectorySettings, environment: Mapping[str, str] | None = None) -> Storage:
    """The storage of a [storage.…] section. Nothing is connected yet; S3 takes its credentials from AWS_*."""
    if isinstance(settings, DirectorySettings):
        return LocalStorage(settings.path)
    return S3Storage(connect(settings, environment), settings.bucket, settings.prefix)
