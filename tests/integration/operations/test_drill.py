"""A drill restores a backup elsewhere, compares it, examines it and leaves nothing; the backup is verified then."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest

from bot.models import CheckState, Operation, OperationState, StepState
from bot.operations.drill_job import STEPS
from bot.runtime.stop import StopSignal
from tests.conftest import Clusters
from tests.house import OPERATOR, TARGET, Rig
from tests.integration.operations.hooks import Moment, run_and_die
from tests.support import eventually, random_name

DRILL_STEPS = [name for name, _ in STEPS]


def drilled(rig: Rig, backup_id: str = "latest") -> Operation:
    return rig.run(rig.services.drills.request(TARGET, OPERATOR, backup_id))


def scratch_servers() -> list[psutil.Process]:
    """Servers of drills: each knows its socket's folder by its name."""
    marks = (f"{tempfile.gettempdir()}/baseliner-", "archive_mode=off")
    found = []
    for process in psutil.process_iter(["cmdline"]):
        line = " ".join(process.info["cmdline"] or ())
        if all(mark in line for mark in marks) and "postgres" in line:
            found.append(process)
    return found


def with_drill(rig: Rig, seed: int = 2, **drill: Any) -> Any:
    return rig.rebuilt(rig.setup.changed(drill=drill), seed)


def test_a_backup_is_verified_with_its_restore_time(rig: Rig) -> None:
    backup_id = rig.backup().result["backup_id"]
    ended = drilled(rig)
    assert ended.state is OperationState.DONE, ended.failure
    assert [step.name for step in ended.steps if step.state is StepState.DONE] == [
        name for name in DRILL_STEPS if name != "smoke"
    ]
    backup = rig.services.backups.get(TARGET, str(backup_id))
    assert backup.verified_at == rig.clock.now()
    assert ended.result["restore_seconds"] > 0
    assert (ended.result["backup_id"], ended.result["rows"]) == (backup_id, backup.manifest.digest.rows)
    assert not list(rig.house.context.settings.staging.path.glob("*"))


@pytest.mark.parametrize("target_major", [15], indirect=True)
def test_tables_and_indexes_are_examined_where_the_server_can(rig: Rig) -> None:
    rig.backup()
    ended = drilled(rig)
    assert ended.state is OperationState.DONE, ended.failure
    assert ended.result["structure"] == "no damage"


def test_the_owner_and_all_else_that_is_the_backups_comes_along(rig: Rig) -> None:
    role = random_name("owner")
    rig.execute(
        f"CREATE ROLE {role} PASSWORD 'it''s; a \"secret\"'",
        f"COMMENT ON ROLE {role} IS 'first line\n\\restrict second; line'",
        f"ALTER TABLE devices OWNER TO {role}",
    )
    try:
        rig.backup()
        assert drilled(rig).state is OperationState.DONE
    finally:
        rig.execute(f"REASSIGN OWNED BY {role} TO postgres", f"DROP ROLE {role}")


def test_smoke_queries_are_asked_and_one_that_fails_fails_the_drill(rig: Rig) -> None:
    rig.backup()
    with with_drill(rig, smoke=["SELECT count(*) = 50 FROM devices", "SELECT true"]) as asking:
        assert drilled(asking).result["smoke_queries"] == 2
    queries = ["SELECT count(*) > 999 FROM devices", "SELECT 1 FROM nowhere", "DELETE FROM devices RETURNING 1"]
    with with_drill(rig, 3, smoke=queries) as asking:
        ended = drilled(asking)
    assert ended.state is OperationState.FAILED
    assert ended.failure is not None
    assert "gave False" in ended.failure.message
    assert 'relation "nowhere" does not exist' in ended.failure.details
    assert "read-only transaction" in ended.failure.details


def test_a_damaged_object_fails_the_drill_and_opens_an_alert_until_one_succeeds(rig: Rig) -> None:
    rig.backup()
    key = next(path for path in rig.directory.joinpath("backups").rglob("database.*.zst"))
    good = key.read_bytes()
    key.write_bytes(good[:-20] + bytes(20))
    ended = drilled(rig)
    assert ended.state is OperationState.FAILED
    assert ended.failure is not None
    assert "SHA-256 differs" in ended.failure.message
    assert "was not touched" in ended.failure.left_as_it_was
    assert state_of_check(rig) is CheckState.FAILED
    key.write_bytes(good)
    assert drilled(rig).state is OperationState.DONE
    assert state_of_check(rig) is CheckState.PASSED


def state_of_check(rig: Rig) -> CheckState:
    rig.clock.move(minutes=1)
    checks = rig.sweeps.sweep(TARGET, StopSignal()).checks
    return next(check.state for check in checks if check.name == "drill")


def test_a_drill_on_a_configured_server_drops_its_database(rig: Rig, clusters: Clusters) -> None:
    rig.backup()
    cluster = clusters.get(18)
    with with_drill(rig, dsn=cluster.dsn()) as elsewhere:
        ended = drilled(elsewhere)
    assert ended.state is OperationState.DONE, ended.failure
    with psycopg.connect(cluster.dsn()) as connection:
        names = connection.execute("SELECT datname FROM pg_database WHERE datname LIKE '%drill%'").fetchall()
    assert names == []


@pytest.mark.parametrize("step", ["verify_objects", "load", "record"])
def test_a_drill_whose_worker_is_killed_is_done_by_the_next_and_leaves_nothing(rig: Rig, step: str) -> None:
    rig.backup()
    operation = rig.services.drills.request(TARGET, OPERATOR)
    before = {process.pid for process in scratch_servers()}
    run_and_die(rig.setup, operation.id, step, Moment.BEFORE, rig.directory)
    eventually(lambda: {process.pid for process in scratch_servers()} <= before)
    assert rig.run(operation).state is OperationState.DONE
    assert not list(rig.house.context.settings.staging.path.glob("*"))
    assert not Path(tempfile.gettempdir(), f"baseliner-{operation.id}").exists()


def test_servers_that_are_missing_are_named(rig: Rig) -> None:
    rig.backup()
    with rig.house.context.database.transaction() as connection:
        connection.execute("UPDATE backups SET manifest = jsonb_set(manifest, '{server_version_num}', '140001')")
    ended = drilled(rig)
    assert ended.failure is not None
    assert "No PostgreSQL 14 server programs" in ended.failure.message
    assert "[targets." in ended.failure.remedy
