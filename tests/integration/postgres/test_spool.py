"""A dump larger than its staging area, of very many tables, or of many large objects, passes by and comes back."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from bot.errors import StorageFailed, ToolFailed
from bot.models import SMALL_FILES
from bot.operations.staging import make_folder, staging_folder
from bot.postgres.digest import compare
from bot.postgres.dump import Snapshot, Spooling, dump
from bot.postgres.spool import Outlet
from bot.runtime.stop import StopSignal
from bot.settings import Staging
from bot.storage import Storage
from sandbox.cluster import Cluster
from tests.integration.postgres.engine import (
    BACKUP_ID,
    STAGING,
    Engine,
    Nothing,
    engine_of,
    restore,
    take_backup,
)
from tests.support import one_major

MIB = 1 << 20
LARGE = "CREATE UNLOGGED TABLE large AS SELECT i, repeat(md5(i::text), 40) AS text FROM generate_series(1, 60000) i"


def bytes_in(folder: Path) -> int:
    """Disk that the folder takes."""
    total = 0
    for directory, _folders, files in os.walk(folder):
        for name in files:
            with suppress(FileNotFoundError):
                total += Path(directory, name).stat().st_blocks * 512
    return total


@contextmanager
def watching(folder: Path) -> Iterator[Callable[[], int]]:
    """Gives the most that ever lay in the folder."""
    ended, most = threading.Event(), [0]

    def watch() -> None:
        while not ended.wait(0.005):
            most[0] = max(most[0], bytes_in(folder))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield lambda: most[0]
    finally:
        ended.set()
        thread.join()


@one_major
def test_a_database_larger_than_the_staging_area_is_backed_up_and_comes_back(
    engine: Engine, storage: Storage, scratch: str, tmp_path: Path
) -> None:
    larger = LARGE.replace("60000", "200000")  # whatever pg_dump writes between two looks must stay little of it
    engine.execute(larger, "CREATE TABLE little AS SELECT i FROM generate_series(1, 10) i")
    with watching(staging_folder(STAGING, BACKUP_ID)) as most:
        backup = take_backup(engine, storage, room=32 * MIB)
    assert backup.manifest.dump_bytes > 240 * MIB
    assert 0 < most() < 160 * MIB
    names = [item.name for item in backup.manifest.objects]
    assert f"database.{SMALL_FILES}.zst" in names
    assert len(names) == 2
    assert not staging_folder(STAGING, BACKUP_ID).exists()
    assert restore(engine, storage, backup, scratch, tmp_path) == []


class Slow(Nothing):
    """Takes 20 MiB a second, less than pg_dump gives."""

    def write(self, data: bytes | memoryview) -> None:
        time.sleep(len(data) / (20 * MIB))


@one_major
def test_pg_dump_waits_for_a_slow_storage(engine: Engine, tmp_path: Path) -> None:
    engine.execute(LARGE)
    folder = tmp_path / "archive"
    with watching(folder) as most, Snapshot(engine.server) as snapshot:
        spooling = Spooling(folder, 16 * MIB, lambda _name: Slow())
        result = dump(engine.server, engine.tools, snapshot.id, spooling, jobs=2, stop=StopSignal())
    assert result.raw_bytes > 70 * MIB
    assert most() < result.raw_bytes * 0.8, "it never waited"
    assert list(folder.iterdir()) == []


@one_major
def test_counts_alone_are_compared_for_tables_above_the_limit(
    engine: Engine, storage: Storage, scratch: str, tmp_path: Path
) -> None:
    engine.execute(
        "CREATE TABLE large AS SELECT i, md5(i::text) AS text FROM generate_series(1, 20000) i",
        "CREATE TABLE little AS SELECT i FROM generate_series(1, 10) i",
        "SELECT lo_from_bytea(0, 'a large object')",
    )
    backup = take_backup(engine, storage, hashed_up_to_bytes=200_000)
    digest = backup.manifest.digest
    assert digest.only_counted == ("public.large",)
    assert restore(engine, storage, backup, scratch, tmp_path) == []
    engine.execute("DELETE FROM large WHERE i = 4", "UPDATE little SET i = 11 WHERE i = 3", database=scratch)
    with Snapshot(engine.server, scratch) as snapshot:
        damaged = snapshot.digest(stop=StopSignal(), hashed_up_to_bytes=200_000, processes=1)
    assert compare(digest, damaged) == [
        "public.large: 20,000 rows in the backup, 19,999 restored",
        "public.little: same row count (10), different content",
    ]


@one_major
def test_many_tables_and_large_objects_are_few_objects(
    engine: Engine, storage: Storage, scratch: str, tmp_path: Path
) -> None:
    engine.execute(
        "DO $$ BEGIN FOR n IN 1..300 LOOP EXECUTE format('CREATE TABLE t%s AS SELECT %s AS i', n, n); END LOOP; END $$",
        "SELECT count(lo_from_bytea(0, decode(repeat(md5(i::text), 3000), 'hex'))) FROM generate_series(1, 300) i",
    )
    backup = take_backup(engine, storage)
    assert len(backup.manifest.objects) <= 3
    assert backup.manifest.digest.large_objects == 300
    assert restore(engine, storage, backup, scratch, tmp_path) == []


@one_major
def test_300_mb_of_large_objects_come_back(engine: Engine, storage: Storage, scratch: str, tmp_path: Path) -> None:
    engine.execute(
        "SELECT count(lo_from_bytea(0, decode(repeat(md5(i::text), 65536), 'hex'))) FROM generate_series(1, 299) i",
        "SELECT lo_put(lo_from_bytea(0, 'one'), 3 << 20, 'with a hole before its end')",
    )
    with watching(staging_folder(STAGING, BACKUP_ID)) as most:
        backup = take_backup(engine, storage, room=32 * MIB)
    assert backup.manifest.dump_bytes > 300 * MIB
    assert most() < backup.manifest.dump_bytes * 0.8, "pg_dump never waited"
    assert backup.manifest.digest.large_objects == 300
    assert restore(engine, storage, backup, scratch, tmp_path) == []


@one_major
def test_an_outlet_that_cannot_be_opened_fails_the_dump(engine: Engine, tmp_path: Path) -> None:
    def refuse(name: str) -> Outlet:
        raise StorageFailed(f"no room for {name}")

    spooling = Spooling(tmp_path / "archive", 16 * MIB, refuse)
    with Snapshot(engine.server) as snapshot, pytest.raises(StorageFailed, match="no room for"):
        dump(engine.server, engine.tools, snapshot.id, spooling, jobs=2, stop=StopSignal())


@contextmanager
def small_disk(directory: Path, size: str) -> Iterator[Path]:
    """A file system of that size; a test is skipped where none may be mounted (with BASELINER_TEST_ALL=1 it fails)."""
    directory.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size},mode=0700", "baseliner-test", str(directory)],
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode != 0 and os.environ.get("BASELINER_TEST_ALL") != "1":
        pytest.skip(f"no file system can be mounted here: {mounted.stderr.strip()}")
    assert mounted.returncode == 0, mounted.stderr
    try:
        yield directory
    finally:
        subprocess.run(["umount", str(directory)], check=True)


@one_major
def test_a_full_disk_in_staging_fails_the_dump_and_is_named(engine: Engine, tmp_path: Path) -> None:
    engine.execute(LARGE)
    with small_disk(tmp_path / "disk", "20m") as disk, Snapshot(engine.server) as snapshot:
        spooling = Spooling(disk / "archive", 1 << 30, lambda _name: Slow())
        with pytest.raises(ToolFailed, match="No space left on device") as failed:
            dump(engine.server, engine.tools, snapshot.id, spooling, jobs=2, stop=StopSignal())
    assert "Free space" in failed.value.remedy


def test_staging_without_room_is_refused_before_the_dump(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "1m") as disk:
        with pytest.raises(StorageFailed, match="bytes free") as failed:
            make_folder(Staging(path=disk), "backup", 5 * MIB)
        assert list(disk.iterdir()) == []
    assert "[staging]" in failed.value.remedy


def test_a_server_killed_in_the_middle_fails_the_dump(tmp_path: Path) -> None:
    with Cluster(16, tmp_path / "pg", durable=False) as cluster:
        engine = engine_of(cluster, cluster.dsn())
        engine.execute(LARGE)

        class Killing(Nothing):
            def write(self, data: bytes | memoryview) -> None:
                cluster.kill()

        spooling = Spooling(tmp_path / "archive", 1 * MIB, lambda _name: Killing())
        with Snapshot(engine.server) as snapshot, pytest.raises(ToolFailed, match="pg_dump ended with exit code 1"):
            dump(engine.server, engine.tools, snapshot.id, spooling, jobs=2, stop=StopSignal())


@one_major
def test_five_thousand_tables_are_backed_up(engine: Engine, storage: Storage) -> None:
    for schema in range(10):
        engine.execute(
            f"CREATE SCHEMA s{schema}",
            "DO $$ BEGIN FOR n IN 1..500 LOOP"
            f" EXECUTE format('CREATE TABLE s{schema}.t%s (i int)', n); END LOOP; END $$",
        )
    backup = take_backup(engine, storage)
    assert len(backup.manifest.digest.tables) == 5000
    assert len(backup.manifest.objects) < 5
