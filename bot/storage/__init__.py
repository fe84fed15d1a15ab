"""Where backups are kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from bot.clock import Clock, SystemClock
from bot.settings_storage import DirectorySettings, S3Settings
from bot.storage.base import MANIFEST, ObjectWriter, Storage, Written
from bot.storage.fetch import Sources, fetch_archive, fetch_text
from bot.storage.local import LocalStorage
from bot.storage.patience import Patience

__all__ = [
    "MANIFEST",
    "ObjectWriter",
    "Patience",
    "Sources",
    "Storage",
    "Written",
    "fetch_archive",
    "fetch_text",
    "open_storage",
    "warm_up",
]


def open_storage(
    settings: S3Settings | DirectorySettings,
    environment: Mapping[str, str] | None = None,
    *,
    clock: Clock | None = None,
    patience: Patience | None = None,
) -> Storage:
    """The storage of a [storage.…] section. Nothing is connected yet; the clock dates Object Locks."""
    if isinstance(settings, DirectorySettings):
        return LocalStorage(settings.path)
    # Imported here: boto3 costs every command at the shell a quarter of a second, and a directory needs none.
    from bot.storage.s3 import S3Storage

    return S3Storage(settings, environment or {}, clock or SystemClock(), patience or Patience())


def warm_up(storages: Iterable[S3Settings | DirectorySettings]) -> None:
    """Get ready for S3 where any of them is that, before an operation waits for it."""
    if any(isinstance(settings, S3Settings) for settings in storages):
        from bot.storage import s3_client

        s3_client.warm_up()
