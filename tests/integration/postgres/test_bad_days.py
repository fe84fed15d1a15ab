"""What goes wrong with a dump or a connection says what it was, and leaves nothing that looks like a backup."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from psycopg.conninfo import make_conninfo
from pydantic import SecretStr

from bot.errors import DamagedBackup, DatabaseUnreachable, Interrupted, SettingsError, StorageFailed, ToolFailed
from bot.operations.staging import staged
from bot.postgres.connection import Server, server_of
from bot.postgres.dump import Snapshot, Spooling, TableLocked, dump, globals_sql
from bot.postgres.spool import Outlet
from bot.postgres.tools import Tools
from bot.runtime.stop import StopSignal
from bot.settings import TargetSettings
from bot.storage import Storage
from bot.storage.archive import ArchiveWriter
from tests.integration.postgres.engine import (
    BACKUP_ID,
    STAGING,
    TARGET,
    Engine,
    fetched,
    nowhere,
    restore,
    server_at,
    take_backup,
)
from tests.support import Bucket, Database, one_major, random_name

WIDE = "CREATE UNLOGGED TABLE wide AS SELECT i, repeat(md5(i::text), 40) AS text FROM generate_series(1, 100000) i"
# pg_dump is held back while this much lies in its folder, so that it is never done before its outlets are.
LITTLE_ROOM = 1 << 20


@contextmanager
def role(engine: Engine, *grants: str) -> Iterator[Server]:
    """The same database as a role of its own that may log in, and nothing else."""
    name, password = random_name("role"), secrets.token_urlsafe(12)
    engine.execute(f"CREATE ROLE {name} LOGIN PASSWORD '{password}'", *(grant.format(role=name) for grant in grants))
    try:
        yield Server(engine.server.dsn.replace("user=postgres", f"user={name}"), SecretStr(password))
    finally:
        engine.execute(f"DROP OWNED BY {name}", f"DROP ROLE {name}")


def dump_to_storage(
    engine: Engine,
    storage: Storage,
    on_chunk: Callable[[], object] = lambda: None,
    *,
    stop: StopSignal | None = None,
    server: Server | None = None,
) -> None:
    """`on_chunk` runs before each chunk is stored: pg_dump is in the middle of its work then."""
    server = server or engine.server
    with (
        ArchiveWriter(storage, TARGET, BACKUP_ID, 0, 3) as archive,
        staged(STAGING, BACKUP_ID, 0) as folder,
        Snapshot(server) as snapshot,
    ):
        spooling = Spooling(folder / "archive", LITTLE_ROOM, lambda name: _Watched(archive.open_file(name), on_chunk))
        dump(server, engine.tools, snapshot.id, spooling, jobs=2, stop=stop or StopSignal(), lock_timeout=0.5)
        archive.complete()


@dataclass(frozen=True)
class _Watched:
    outlet: Outlet
    on_chunk: Callable[[], object]

    def write(self, data: bytes | memoryview) -> None:
        self.on_chunk()
        self.outlet.write(data)

    def seal(self) -> None:
        self.outlet.seal()


def keys_and_uploads(s3: Bucket) -> list[str]:
    client = s3.server.client()
    try:
        objects = client.list_objects_v2(Bucket=s3.name).get("Contents", [])
        uploads = client.list_multipart_uploads(Bucket=s3.name).get("Uploads", [])
        return [item["Key"] for item in objects] + [upload["Key"] for upload in uploads]
    finally:
        client.close()


def test_a_wrong_password_is_named_without_being_shown(database: Database) -> None:
    server = server_at(database.cluster.dsn(database.name, password="not-the-password"))
    with pytest.raises(DatabaseUnreachable, match="password authentication failed") as refused:
        server.connect()
    assert "password" in refused.value.remedy
    assert "not-the-password" not in f"{refused.value} {server!r}"


def test_no_such_database(database: Database) -> None:
    with pytest.raises(DatabaseUnreachable, match='database "nowhere" does not exist') as refused:
        server_at(database.cluster.dsn("nowhere")).connect()
    assert "Create the database" in refused.value.remedy


def test_no_privilege_to_connect(engine: Engine, database: Database) -> None:
    engine.execute(f'REVOKE CONNECT ON DATABASE "{database.name}" FROM PUBLIC')
    with (
        role(engine) as server,
        pytest.raises(DatabaseUnreachable, match="permission denied for database") as refused,
    ):
        server.connect()
    assert "GRANT CONNECT" in refused.value.remedy


def test_nobody_listens() -> None:
    with pytest.raises(DatabaseUnreachable, match="Connection refused") as refused:
        server_at("postgresql://someone@127.0.0.1:1/any").connect()
    assert "Start the server" in refused.value.remedy


def test_a_password_variable_that_is_not_set_is_a_gap() -> None:
    target = TargetSettings(dsn=SecretStr("postgresql://a@b/c"), storage="any", password_env="INVENTORY_PASSWORD")
    with pytest.raises(SettingsError, match="INVENTORY_PASSWORD is not set"):
        server_of(target, {})
    server = server_of(target, {"INVENTORY_PASSWORD": "secret", "PGSSLMODE": "require"})
    assert server.tool_environment()["PGPASSWORD"] == "secret"
    assert server.tool_environment()["PGSSLMODE"] == "require"
    assert "secret" not in repr(server)


def test_row_security_fails_the_dump_with_its_reason(engine: Engine, storage: Storage, s3: Bucket) -> None:
    engine.execute("CREATE TABLE devices (id int)", "ALTER TABLE devices ENABLE ROW LEVEL SECURITY")
    with (
        role(engine, "GRANT pg_read_all_data TO {role}") as server,
        pytest.raises(ToolFailed, match='row-level security policy for table "devices"') as failed,
    ):
        dump_to_storage(engine, storage, server=server)
    assert "BYPASSRLS" in failed.value.remedy
    assert keys_and_uploads(s3) == []


def test_a_locked_table_and_who_holds_it_are_named(engine: Engine, storage: Storage, s3: Bucket) -> None:
    engine.execute("CREATE TABLE devices (id int)")
    with engine.server.connect() as locker:
        locker.execute("SET application_name = 'night job'; BEGIN; LOCK TABLE devices")
        with pytest.raises(TableLocked, match=r"public\.devices is held by postgres \(night job, pid \d+\)"):
            dump_to_storage(engine, storage)
    assert keys_and_uploads(s3) == []


def _pg_dumps() -> list[psutil.Process]:
    return [child for child in psutil.Process().children(recursive=True) if child.name() == "pg_dump"]


@one_major
def test_pg_dump_killed_by_a_signal_is_a_failure_that_stores_nothing(
    engine: Engine, storage: Storage, s3: Bucket
) -> None:
    engine.execute(WIDE)

    def kill() -> None:
        for process in _pg_dumps():
            process.kill()

    with pytest.raises(ToolFailed, match="pg_dump was killed by SIGKILL"):
        dump_to_storage(engine, storage, kill)
    assert keys_and_uploads(s3) == []


@one_major
def test_a_stop_ends_pg_dump_and_stores_nothing(engine: Engine, storage: Storage, s3: Bucket) -> None:
    engine.execute(WIDE)
    stop = StopSignal()
    with pytest.raises(Interrupted, match="the test says so"):
        dump_to_storage(engine, storage, lambda: stop.set("the test says so"), stop=stop)
    assert _pg_dumps() == []
    assert keys_and_uploads(s3) == []


@one_major
def test_storage_that_fails_ends_pg_dump(engine: Engine, storage: Storage, s3: Bucket) -> None:
    engine.execute(WIDE)

    def refuse() -> None:
        raise StorageFailed("no more")

    with pytest.raises(StorageFailed):
        dump_to_storage(engine, storage, refuse)
    assert _pg_dumps() == []
    assert keys_and_uploads(s3) == []


def test_a_session_that_the_server_ends_fails_the_dump(engine: Engine, storage: Storage, s3: Bucket) -> None:
    engine.execute(WIDE)

    def end() -> None:
        engine.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'COPY public.wide%'")

    with pytest.raises(ToolFailed, match=r"server closed the connection|terminating connection") as failed:
        dump_to_storage(engine, storage, end)
    assert "server's log" in failed.value.remedy
    assert keys_and_uploads(s3) == []


@one_major
@pytest.mark.parametrize("name", ['two "quoted" words', "a=b'c", "host=elsewhere", "line\nbreak \\ 🐘", "-x %s"])
def test_a_database_of_any_name_comes_back(
    engine: Engine, database: Database, storage: Storage, tmp_path: Path, name: str
) -> None:
    live, restored = f"{name} {database.name}", f"{name} {database.name}__new_1"
    try:
        database.cluster.create_database(live)
        odd = Engine(Server(make_conninfo(engine.server.dsn, dbname=live), engine.server.password), engine.tools)
        odd.execute("CREATE TABLE devices AS SELECT i FROM generate_series(1, 10) i")
        backup = take_backup(odd, storage)
        assert b"CREATE ROLE postgres" in globals_sql(odd.server, odd.tools, stop=StopSignal())
        assert restore(odd, storage, backup, restored, tmp_path) == []
        assert odd.value("SELECT count(*) FROM devices", restored) == 10
    finally:
        database.cluster.drop_database(live)
        database.cluster.drop_database(restored)


def test_globals_come_without_passwords_where_the_role_may_not_read_them(engine: Engine) -> None:
    assert b"SCRAM-SHA-256" in globals_sql(engine.server, engine.tools, stop=StopSignal())
    with role(engine) as server:
        said = globals_sql(server, engine.tools, stop=StopSignal())
    assert b"CREATE ROLE postgres" in said
    assert b"SCRAM-SHA-256" not in said


@one_major
@pytest.mark.parametrize("kind", ["truncated", "flipped", "longer", "gone"])
def test_a_damaged_object_is_refused_before_anything_is_loaded(
    engine: Engine, storage: Storage, s3: Bucket, tmp_path: Path, kind: str
) -> None:
    engine.execute("CREATE TABLE devices AS SELECT i, md5(i::text) FROM generate_series(1, 5000) i")
    backup = take_backup(engine, storage)
    _damage(s3, kind, backup.manifest.objects[0].name)
    with pytest.raises(DamagedBackup):
        fetched(storage, backup, tmp_path)


@one_major
def test_tools_that_are_gone_are_named(engine: Engine, tmp_path: Path) -> None:
    gone = Tools(Path("/nowhere"), "16.1")
    with (
        Snapshot(engine.server) as snapshot,
        pytest.raises(ToolFailed, match=r"could not be started: .*/nowhere/pg_dump"),
    ):
        dump(engine.server, gone, snapshot.id, nowhere(tmp_path), jobs=2, stop=StopSignal())


def _damage(s3: Bucket, kind: str, name: str) -> None:
    client, key = s3.server.client(), f"backups/{TARGET}/{BACKUP_ID}/{name}"
    try:
        data = bytearray(client.get_object(Bucket=s3.name, Key=key)["Body"].read())
        if kind == "gone":
            client.delete_object(Bucket=s3.name, Key=key)
            return
        if kind == "truncated":
            del data[-100:]
        elif kind == "flipped":
            data[len(data) // 2] ^= 1
        else:
            data += b"more"
        client.put_object(Bucket=s3.name, Key=key, Body=bytes(data))
    finally:
        client.close()
