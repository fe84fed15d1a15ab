"""A copy of a backup in another storage: object by object, proved on the way, its manifest last."""

from __future__ import annotations

from bot.errors import StorageFailed
from bot.models import Backup
from bot.runtime.stop import StopSignal
from bot.storage.base import Storage
from bot.storage.verify import verified


def copy_backup(source: Storage, destination: Storage, backup: Backup, *, stop: StopSignal) -> None:
    """Bring the backup's objects and its manifest over, byte for byte; what lies there unfinished is written anew.

    Raises DamagedBackup where the source is not what the manifest says, StorageFailed, Interrupted. Then there is no
    manifest in the destination.
    """
    for item in backup.manifest.objects:
        with destination.writer(backup.target, backup.id, item.name, item.size) as writer:
            for chunk in verified(source, backup, item, stop):
                writer.write(chunk)
            writer.complete()
    stop.check()
    if destination.put_manifest(backup.manifest) != backup.manifest_sha256:
        raise StorageFailed(
            f"The manifest of {backup.id} is another in the copy.", "Take a new backup: /baseliner backup"
        )
