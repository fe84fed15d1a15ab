"""The catalog made again from storage alone, after the state database was lost or backups came from elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

from bot.canonical import sha256_hex
from bot.errors import BaselinerError
from bot.models import Actor, Backup, Manifest
from bot.operations.backup_engine import BackupEngine
from bot.operations.context import Context
from bot.storage.manifest import to_json
from bot.store import audit, backups


@dataclass(frozen=True)
class Rescanned:
    """Backups that were found, those of them that the catalog did not have, and those that cannot be read, and why."""

    found: tuple[str, ...]
    added: tuple[str, ...]
    unreadable: tuple[tuple[str, str], ...]
    missing: tuple[str, ...]
    """in the catalog, but not in storage"""


class Rescan:
    def __init__(self, context: Context, engine: BackupEngine) -> None:
        self._context = context
        self._engine = engine

    def run(self, target: str, actor: Actor) -> Rescanned:
        """Read every manifest of the target in storage and record what the catalog lacks; nothing is removed.

        Raises NotFound for an unknown target, StorageFailed when storage cannot be listed.
        """
        storage = self._engine.storage_of(target)
        found = storage.list_backups(target)
        added, unreadable = [], []
        for backup_id in found:
            try:
                manifest = storage.get_manifest(target, backup_id)
                _demand_own(manifest, target, backup_id)
                if self._record(manifest, actor):
                    added.append(backup_id)
            except BaselinerError as error:
                unreadable.append((backup_id, str(error)))
        rescanned = Rescanned(tuple(found), tuple(added), tuple(unreadable), self._missing(target, set(found)))
        with self._context.database.transaction() as connection:
            audit.append(
                connection,
                self._context.now(),
                actor,
                "backups.rescan",
                "done",
                target=target,
                detail={"added": list(added), "unreadable": [name for name, _ in unreadable]},
            )
        return rescanned

    def _record(self, manifest: Manifest, actor: Actor) -> bool:
        storage = self._engine.storage_of(manifest.target)
        backup = Backup(
            id=manifest.backup_id,
            target=manifest.target,
            kind=manifest.kind,
            operation_id=None,
            storage=self._engine.storage_name_of(manifest.target),
            location=storage.location(manifest.target, manifest.backup_id),
            manifest_sha256=sha256_hex(to_json(manifest).decode()),
            manifest=manifest,
        )
        with self._context.database.transaction() as connection:
            if not backups.insert(connection, backup, self._context.now()):
                return False
            audit.append(
                connection,
                self._context.now(),
                actor,
                "backups.record",
                "added",
                target=backup.target,
                after="in the catalog",
                detail={"backup_id": backup.id, "location": backup.location},
            )
        return True

    def _missing(self, target: str, found: set[str]) -> tuple[str, ...]:
        with self._context.database.transaction() as connection:
            listed = backups.listed(connection, target)
        return tuple(entry.id for entry in listed if entry.id not in found)


def _demand_own(manifest: Manifest, target: str, backup_id: str) -> None:
    if (manifest.target, manifest.backup_id) != (target, backup_id):
        raise BaselinerError(
            f"The manifest in this place is of {manifest.target}/{manifest.backup_id}.",
            "Somebody has moved folders in storage: move it back.",
        )
