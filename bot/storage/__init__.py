"""Where backups are kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress

from bot.clock import Clock, SystemClock
from bot.errors import StorageFailed
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


def warm_up(storages: Iterable[S3Settings | DirectorySettings], environment: Mapping[str, str]) -> None:
    """What the first client of S3 in a process takes longer for than the next ones: before somebody waits for it."""
    settings = next((each for each in storages if isinstance(each, S3Settings)), None)
    if settings is None:
        return
    from bot.storage.s3_client import connect

    # What is wrong is told by the operation that needs it.
    with suppress(StorageFailed):
        connect(settings, environment, settings.credentials, answer_within=1.0).close()
