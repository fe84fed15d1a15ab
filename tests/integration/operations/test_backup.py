"""A backup, from the request to storage, the catalog and the audit log; and backups that fail."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
import zstandard

from bot.canonical import sha256_hex
from bot.errors import Interrupted, NotFound, Refused
from bot.models import BackupKind, OperationState, StepState, SubjectKind
from bot.operations.backup_job import STEPS
from bot.postgres.digest import compare, database_digest
from bot.runtime.stop import StopSignal
from bot.storage import Storage, open_storage
from bot.storage.manifest import to_json
from tests.house import OPERATOR, STRANGER, TARGET, Rig
from tests.support import fresh_database, random_name

both_versions = pytest.mark.parametrize("target_major", [16, 18], indirect=True)


def storage_of(rig: Rig) -> Storage:
    settings = rig.services.settings
    return open_storage(settings.storage[settings.targets[TARGET].storage[0]], rig.setup.environment)


@both_versions
def test_a_backup_is_in_storage_in_the_catalog_and_in_its_result(s3_rig: Rig) -> None:
    ended = s3_rig.backup("before the deploy")
    backup = s3_rig.services.backups.get(TARGET, str(ended.result["backup_id"]))
    manifest = backup.manifest
    assert ended.state is OperationState.DONE
    assert [(step.name, step.state) for step in ended.steps] == [(name, StepState.DONE) for name, _ in STEPS]
    assert (backup.kind, backup.operation_id, manifest.note) == (BackupKind.ON_DEMAND, ended.id, "before the deploy")
    assert (manifest.revision, manifest.database) == ("0002", s3_rig.target.name)
    assert {table.table: table.rows for table in manifest.digest.tables} == {
        "public.devices": 50,
        "public.runs": 80,
        "public.alembic_version": 1,
    }
    assert manifest.digest == s3_rig.digest()
    assert s3_rig.objects() == [
        f"baseliner/{TARGET}/{backup.id}/{name}"
        for name in ("database.small.tar.zst", "globals.sql.zst", "manifest.json")
    ]
    assert ended.result == {
        "backup_id": backup.id,
        "size": sum(item.size for item in manifest.objects),
        "dump_bytes": manifest.dump_bytes,
        "database_bytes": manifest.database_bytes,
        "duration": 0.0,
        "rate": None,
        "location": backup.location,
        "script": None,
        "revision": "0002",
        "rows": 131,
        "tables": 3,
        "manifest_sha256": backup.manifest_sha256,
    }


def test_storage_holds_what_the_manifest_says(s3_rig: Rig) -> None:
    s3_rig.backup()
    backup, storage = s3_rig.services.backups.get(TARGET, "latest"), storage_of(s3_rig)
    assert storage.get_manifest(TARGET, backup.id) == backup.manifest
    assert sha256_hex(to_json(backup.manifest).decode()) == backup.manifest_sha256
    for item in backup.manifest.objects:
        data = b"".join(storage.read(TARGET, backup.id, item.name))
        assert (len(data), hashlib.sha256(data).hexdigest()) == (item.size, item.sha256)
    assert [item.role for item in backup.manifest.objects] == ["dump", "globals"]


def test_request_and_outcome_are_links_of_an_intact_chain(rig: Rig) -> None:
    ended = rig.backup("why not")
    newest, oldest = rig.services.audit.entries(target=TARGET)
    assert (oldest.action, oldest.result, oldest.detail["reason"]) == ("backup.request", "accepted", "why not")
    assert (newest.action, newest.result) == ("backup.run", "done")
    assert newest.detail["backup_id"] == ended.result["backup_id"]
    assert {entry.operation_id for entry in (newest, oldest)} == {ended.id}
    verdict = rig.services.audit.verify()
    assert (verdict.intact, verdict.entries, verdict.head) == (True, 2, newest.hash)


def test_one_message_is_wanted_and_rises_with_the_operation(rig: Rig) -> None:
    ended = rig.backup()
    (drawing,) = rig.services.drawings.due()
    assert (drawing.subject, drawing.subject_id, drawing.channel) == (SubjectKind.OPERATION, ended.id, "C0OPERATIONS")
    assert drawing.wanted_version > 1


def test_the_catalog_is_newest_first_and_knows_the_latest(rig: Rig) -> None:
    ids = []
    for _ in range(3):
        ids.append(rig.backup().result["backup_id"])
        rig.clock.move(minutes=1)
    newest_first = [backup.id for backup in rig.services.backups.newest_first(TARGET)]
    assert newest_first == ids[::-1]
    assert rig.services.backups.get(TARGET, "latest").id == ids[-1]
    assert [backup.id for backup in rig.services.backups.newest_first(TARGET, limit=1, offset=1)] == [ids[1]]


def test_a_second_run_of_an_operation_that_ended_does_nothing(rig: Rig) -> None:
    ended = rig.backup()
    assert rig.run(ended) == ended
    assert len(rig.backup_ids()) == 1


@pytest.mark.parametrize("asked", ["latest", "20200101T000000Z-aaaa"])
def test_a_backup_that_is_not_there_is_named(rig: Rig, asked: str) -> None:
    with pytest.raises(NotFound, match="no backup") as caught:
        rig.services.backups.get(TARGET, asked)
    assert caught.value.remedy == "List them: /baseliner backups inventory"


def test_a_stranger_is_refused_audited_and_told_who_can(rig: Rig) -> None:
    with pytest.raises(Refused) as caught:
        rig.services.backups.request(TARGET, STRANGER)
    assert caught.value.who_can == rig.services.settings.policy.requesters
    (entry,) = rig.services.audit.entries()
    assert (entry.actor, entry.action, entry.result) == (STRANGER, "backup.request", "refused")
    assert rig.services.overview.targets()[0].recent == ()


def test_an_unknown_target_suggests_the_nearest(rig: Rig) -> None:
    with pytest.raises(NotFound) as caught:
        rig.services.backups.request("inventroy", OPERATOR)
    assert caught.value.remedy == "Did you mean inventory? Targets: inventory."


def wrong_password(rig: Rig) -> Mapping[str, Any]:
    return {"dsn": rig.target.cluster.dsn(rig.target.name, password="not-it")}


def missing_database(rig: Rig) -> Mapping[str, Any]:
    return {"dsn": rig.target.cluster.dsn("nowhere")}


def password_not_set(rig: Rig) -> Mapping[str, Any]:
    return {"password_env": "INVENTORY_PASSWORD"}


@contextmanager
def broken(rig: Rig, **target: Any) -> Iterator[Rig]:
    with rig.rebuilt(rig.setup.changed(**target)) as other:
        yield other


@pytest.mark.parametrize(
    ("breakage", "message", "remedy"),
    [
        (wrong_password, "password authentication failed", "Correct the role's password"),
        (missing_database, 'database "nowhere" does not exist', "Create the database"),
        (password_not_set, "INVENTORY_PASSWORD is not set", "Correct these keys"),
    ],
)
def test_what_cannot_be_reached_fails_with_words_and_leaves_nothing(
    rig: Rig, breakage: Any, message: str, remedy: str
) -> None:
    with broken(rig, **breakage(rig)) as other:
        ended = other.run(other.services.backups.request(TARGET, OPERATOR))
        assert ended.failure is not None
        assert message in ended.failure.message
        assert remedy in ended.failure.remedy
        assert_failed_clean(other, ended.id)


def test_a_storage_that_refuses_fails_the_backup(s3_rig: Rig) -> None:
    storage = {"offsite": {**s3_rig.setup.document["storage"]["offsite"], "bucket": "no-such-bucket"}}
    with s3_rig.rebuilt(s3_rig.setup.with_storage(storage)) as other:
        ended = other.run(other.services.backups.request(TARGET, OPERATOR))
        assert ended.failure is not None
        assert "NoSuchBucket" in ended.failure.message
        assert ended.failure.remedy == "Create the bucket, or correct its name in [storage]."
        assert other.backup_ids() == []


def test_a_dump_that_fails_half_way_leaves_no_object_and_tells_what_the_tool_said(s3_rig: Rig) -> None:
    # pg_dump reads every table's definition, writes some of them, and is refused the rows of this one.
    with login(s3_rig, "pg_read_all_data") as dsn, broken(s3_rig, dsn=dsn) as other:
        s3_rig.execute("CREATE TABLE ledger (id int)", "ALTER TABLE ledger ENABLE ROW LEVEL SECURITY")
        ended = other.run(other.services.backups.request(TARGET, OPERATOR))
        assert ended.failure is not None
        assert "row-level security" in ended.failure.message
        assert "BYPASSRLS" in ended.failure.remedy
        assert "pg_dump: detail: Query was" in ended.failure.details
        assert_failed_clean(other, ended.id)
        assert SubjectKind.FAILURE in wanted_subjects(other)


@contextmanager
def login(rig: Rig, group: str) -> Iterator[str]:
    """The DSN of a role of its own, member of `group`."""
    role = random_name("clerk")
    rig.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'clerk' IN ROLE {group}")
    try:
        yield rig.target.cluster.dsn(rig.target.name, user=role, password="clerk")
    finally:
        rig.execute(f"DROP ROLE {role}")


def wanted_subjects(rig: Rig) -> set[SubjectKind]:
    """What is to be drawn, once the headline stands."""
    services = rig.services.drawings
    (headline,) = services.due()
    services.drawn(headline, "1.1", headline.wanted_version)
    return {drawing.subject for drawing in services.due()}


def assert_failed_clean(rig: Rig, operation_id: str) -> None:
    operation = rig.services.overview.operation(operation_id)
    assert operation.state is OperationState.FAILED
    assert operation.failure is not None
    assert operation.failure.left_as_it_was == (
        "No backup was recorded and storage was cleaned. The database was only read."
    )
    assert StepState.RUNNING not in {step.state for step in operation.steps}
    assert rig.objects() == []
    assert rig.backup_ids() == []
    newest = rig.services.audit.entries()[0]
    assert (newest.action, newest.result, newest.detail) == (
        "backup.run",
        "failed",
        {"failure": operation.failure.message},
    )


def test_told_to_stop_it_cleans_up_and_waits_for_the_next_worker(rig: Rig) -> None:
    operation, stop = rig.services.backups.request(TARGET, OPERATOR), StopSignal()
    stop.set("Baseliner is shutting down")
    with pytest.raises(Interrupted, match="shutting down"):
        rig.run(operation, stop)
    assert rig.services.overview.operation(operation.id).state is OperationState.QUEUED
    assert rig.objects() == []
    ended = rig.run(operation)
    assert (ended.state, ended.attempt) == (OperationState.DONE, 2)
    assert len(rig.backup_ids()) == 1


def test_the_plain_format_adds_a_script_that_psql_reads(s3_rig: Rig, tmp_path: Path) -> None:
    operation = s3_rig.services.backups.request(TARGET, OPERATOR, plain=True)
    ended = s3_rig.run(operation)
    assert ended.state is OperationState.DONE, ended.failure
    backup = s3_rig.services.backups.get(TARGET, str(ended.result["backup_id"]))
    assert ended.result["script"] == f"{backup.location}database.sql.zst"
    script = zstandard.decompress(b"".join(storage_of(s3_rig).read(TARGET, backup.id, "database.sql.zst")), 1 << 24)
    (tmp_path / "script.sql").write_bytes(script)
    psql = [str(s3_rig.target.cluster.bin_dir / "psql"), "-v", "ON_ERROR_STOP=1", "-qf", str(tmp_path / "script.sql")]
    with fresh_database(s3_rig.target.cluster, "loaded") as loaded:
        subprocess.run([*psql, "-d", loaded.dsn], check=True, capture_output=True)
        with psycopg.connect(loaded.dsn) as connection:
            assert compare(backup.manifest.digest, database_digest(connection, stop=StopSignal())) == []
