"""A manifest and a backup to store."""

from __future__ import annotations

from datetime import UTC, datetime

from bot.models import Backup, BackupKind, DatabaseDigest, Manifest, StoredObject, TableDigest

TARGET = "inventory"
BACKUP_ID = "20261122T101500Z-7k3f"


def manifest_of(*objects: StoredObject, backup_id: str = BACKUP_ID) -> Manifest:
    return Manifest(
        backup_id=backup_id,
        target=TARGET,
        kind=BackupKind.SAFETY,
        database="in'ventory \n🐘",
        system_identifier="7300000000000000001",
        server_version="16.14",
        server_version_num=160014,
        started_at=datetime(2026, 11, 22, 10, 15, 0, 250, tzinfo=UTC),
        finished_at=datetime(2026, 11, 22, 10, 16, tzinfo=UTC),
        objects=objects,
        digest=DatabaseDigest(
            tables=(TableDigest("public.devices", 4000, "-123456789012345678901234567890"),),
            sequences={"public.devices_id_seq": 4000},
            large_objects=0,
            schema_sha256="0" * 64,
        ),
        database_bytes=8_000_000,
        dump_bytes=100_000,
        revision=None,
        properties={"owner": "app", "grants": [{"grantee": None, "privilege": "CONNECT", "grantable": False}]},
        tools_version="16.14",
    )


def backup_of(manifest: Manifest) -> Backup:
    return Backup(
        id=manifest.backup_id,
        target=manifest.target,
        kind=manifest.kind,
        operation_id=None,
        storage="any",
        location="any",
        manifest_sha256="",
        manifest=manifest,
    )
