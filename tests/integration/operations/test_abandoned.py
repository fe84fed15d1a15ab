"""What a host that was lost left in its staging area: removed when it is back, wherever the operation has ended."""

from __future__ import annotations

import errno
import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from bot.jobs import Worker
from bot.models import Operation, OperationState
from bot.operations.scratch_places import CLUSTER
from bot.postgres.scratch import socket_folder
from bot.store import staging as tool_owners
from tests.house import OPERATOR, TARGET, Rig, Setup
from tests.integration.jobs.running import in_background
from tests.integration.operations.hooks import Moment, run_and_die
from tests.integration.operations.test_crashes import lost
from tests.support import eventually


def lying(rig: Rig) -> list[str]:
    return sorted(path.name for path in (rig.directory / "staging").iterdir())


def on_another_host(rig: Rig) -> Setup:
    area = {"path": str(rig.directory / "staging-of-another-host")}
    return replace(rig.setup, document={**rig.setup.document, "staging": area})


def ended_elsewhere(rig: Rig, operation: Operation) -> Operation:
    with rig.rebuilt(on_another_host(rig), seed=3) as other:
        return other.run(operation)


def test_a_restores_dump_goes_when_its_host_is_back(rig: Rig) -> None:
    lost(rig)
    operation = rig.approved_restore()
    run_and_die(rig.setup, operation.id, "load", Moment.BEFORE, rig.directory)
    assert rig.house.work.abandoned.remove() == [], "it is under way, and its next worker may be here"
    assert lying(rig) == [operation.id]
    assert list((rig.directory / "staging" / operation.id).glob("*.dat"))
    assert ended_elsewhere(rig, operation).state is OperationState.FAILED
    # The worker starts, which is enough.
    with in_background(Worker(rig.state_dsn, "default", rig.house.work).run):
        eventually(lambda: lying(rig) == [])


def test_a_backups_dump_goes_too_though_the_next_attempt_took_another(rig: Rig) -> None:
    operation = rig.services.backups.request(TARGET, OPERATOR)
    with psycopg.connect(rig.target.dsn) as connection:
        connection.execute("LOCK TABLE devices IN ACCESS EXCLUSIVE MODE")
        run_and_die(rig.setup, operation.id, "dump", Moment.WHEN_TOLD, rig.directory, lambda: any_folder(rig))
    (backup_id,) = lying(rig)
    assert ended_elsewhere(rig, operation).result["backup_id"] != backup_id
    with rig.house.context.database.transaction() as connection:
        rig.house.context.queue.defer_sweep(connection, TARGET)
    with in_background(Worker(rig.state_dsn, "default", rig.house.work).run):
        eventually(lambda: lying(rig) == [])


def any_folder(rig: Rig) -> bool:
    staging = rig.directory / "staging"
    return staging.exists() and any(staging.iterdir())


def test_a_backup_stays_though_its_storage_is_the_staging_area(rig: Rig) -> None:
    rig.backup()
    before = rig.objects()
    area = {"path": str(rig.directory / "backups" / TARGET)}
    with rig.rebuilt(replace(rig.setup, document={**rig.setup.document, "staging": area})) as other:
        other.clock.move(days=30)
        assert other.house.work.abandoned.remove() == []
    assert rig.objects() == before


def test_what_cannot_be_looked_into_stays_and_keeps_no_worker_from_its_work(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    unreadable = rig.directory / "staging" / "20261101T101500Z-7k3f"
    (unreadable / "1.dat").mkdir(parents=True)

    looked = os.lstat

    def stale(path: str | os.PathLike[str], **options: Any) -> os.stat_result:
        if Path(path) == unreadable / "1.dat":
            raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))
        return looked(path, **options)

    monkeypatch.setattr(os, "lstat", stale)
    with in_background(Worker(rig.state_dsn, "default", rig.house.work).run):
        operation = rig.services.backups.request(TARGET, OPERATOR)
        eventually(lambda: rig.services.overview.operation(operation.id).state is OperationState.DONE)
    assert unreadable.exists()


def test_of_an_operation_of_the_version_before_nobody_knows_where_its_tools_ran(rig: Rig) -> None:
    operation = rig.backup()
    with rig.house.context.database.transaction() as connection:
        assert tool_owners.in_containers(connection, operation.id) is False
    rig.alter_state("UPDATE operations SET memory = memory - 'contained'")
    with rig.house.context.database.transaction() as connection:
        assert tool_owners.in_containers(connection, operation.id) is None


def test_what_is_not_known_stays_for_as_long_as_it_may_be_anothers(rig: Rig) -> None:
    staging = rig.directory / "staging"
    work, drilled, probe = "20261101T101500Z-7k3f", "20261102T101500Z-7k3f", "doctor-20261121T101500Z-7k3f"
    for name in (
        f"{work}/1.dat",
        f"{drilled}/{CLUSTER}/base",
        f"{probe}/x",
        "lost+found/x",
        "20261101T101500Z-7k3f.bak/x",
    ):
        (staging / name).mkdir(parents=True)
    socket_folder(staging / drilled / CLUSTER).mkdir()
    remove = rig.house.work.abandoned.remove

    def untouched(**since: float) -> None:
        at = (rig.clock.now() - timedelta(**since)).timestamp()
        for path in (staging, *staging.rglob("*")):
            os.utime(path, (at, at))

    untouched(hours=23)
    assert remove() == []
    untouched(hours=25)
    assert remove() == [probe], "no doctor takes so long"
    untouched(days=8)
    written = Path(staging / work / "1.dat")
    os.utime(written, (rig.clock.now().timestamp(),) * 2)
    assert remove() == [drilled], "the other one is written to"
    assert not socket_folder(staging / drilled / CLUSTER).exists()
    untouched(days=8)
    assert remove() == [work]
    assert lying(rig) == ["20261101T101500Z-7k3f.bak", "lost+found"]
