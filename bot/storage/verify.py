"""Reading an object is proving it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator

from bot.errors import DamagedBackup
from bot.models import Backup, StoredObject
from bot.runtime.stop import StopSignal
from bot.storage.base import Storage
from bot.storage.unpack import REMEDY


def verified(
    storage: Storage,
    backup: Backup,
    item: StoredObject,
    stop: StopSignal,
    on_read: Callable[[int], None] = lambda _count: None,
) -> Iterator[bytes]:
    """The object's chunks; raises DamagedBackup after the last when they were not what the manifest says."""
    read, digest = 0, hashlib.sha256()
    for chunk in storage.read(backup.target, backup.id, item.name):
        stop.check()
        read += len(chunk)
        digest.update(chunk)
        on_read(len(chunk))
        yield chunk
    if read != item.size:
        raise DamagedBackup(f"{item.name} has {read:,} bytes, the manifest says {item.size:,}.", REMEDY)
    if digest.hexdigest() != item.sha256:
        raise DamagedBackup(f"{item.name} is not what was written: its SHA-256 differs from the manifest's.", REMEDY)
