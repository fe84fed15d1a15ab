"""What comes back is what went in: from dump to digests, through a real server and real storage."""

from __future__ import annotations

from pathlib import Path

from bot.storage import Storage
from tests.integration.postgres.engine import TARGET, Engine, restore, take_backup


def test_what_is_restored_equals_the_manifest(engine: Engine, storage: Storage, scratch: str, tmp_path: Path) -> None:
    engine.execute(
        "CREATE TABLE devices (id int PRIMARY KEY GENERATED ALWAYS AS IDENTITY, name text NOT NULL)",
        "INSERT INTO devices (name) SELECT 'device ' || i FROM generate_series(1, 4000) i",
    )
    backup = take_backup(engine, storage)
    assert storage.list_backups(TARGET) == [backup.id]
    assert [(table.table, table.rows) for table in backup.manifest.digest.tables] == [("public.devices", 4000)]
    assert restore(engine, storage, backup, scratch, tmp_path) == []
    assert engine.value("SELECT count(*) FROM devices", scratch) == 4000
