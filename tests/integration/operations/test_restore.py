"""A restore, from the request to the old data."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
import pytest

from bot.models import BackupKind, Downtime, Operation, OperationState, StepState, SubjectKind
from bot.operations.restore_job import STEPS
from tests.conftest import Clusters
from tests.house import TARGET, Rig, fresh_state, rig_on
from tests.integration.operations.health_server import answering
from tests.support import Database


@contextmanager
def writing(rig: Rig) -> Iterator[None]:
    """Rows come, change and go for as long as the block runs."""
    ended, begun = threading.Event(), threading.Event()

    def write() -> None:
        with psycopg.connect(rig.target.dsn, autocommit=True) as connection:
            number = 1000
            while not ended.is_set():
                number += 1
                connection.execute("INSERT INTO devices VALUES (%s, 'new')", (number,))
                connection.execute("UPDATE devices SET name = 'changed ' || %s WHERE id = %s", (number, number % 50))
                connection.execute("DELETE FROM devices WHERE id = %s", (number - 3,))
                begun.set()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert begun.wait(10)
        yield
    finally:
        ended.set()
        writer.join()


@pytest.mark.parametrize("target_major", [16, 18], indirect=True)
def test_the_data_of_the_backup_is_back_though_writes_went_on_during_the_dump(s3_rig: Rig) -> None:
    with writing(s3_rig):
        s3_rig.backup()
    backup = s3_rig.services.backups.get(TARGET, "latest")
    s3_rig.execute("UPDATE devices SET name = 'lost'", "DELETE FROM runs WHERE id > 10")
    lost = s3_rig.digest()
    assert lost != backup.manifest.digest
    ended = s3_rig.run(s3_rig.approved_restore())
    assert ended.failure is None, ended.failure
    assert s3_rig.digest() == backup.manifest.digest
    safety = s3_rig.services.backups.get(TARGET, str(ended.result["safety_backup_id"]))
    assert (safety.kind, safety.operation_id) == (BackupKind.SAFETY, ended.id)
    assert safety.manifest.digest == lost
    assert safety.manifest.note == f"before restoring {backup.id}"


@dataclass(frozen=True)
class Restored:
    """A rig after a restore, for several tests to look at."""

    rig: Rig
    operation: Operation
    backup_id: str


@pytest.fixture(scope="module")
def restored(
    clusters: Clusters, state_template: Database, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Restored]:
    directory = tmp_path_factory.mktemp("restored")
    with fresh_state(state_template) as dsn, rig_on(clusters.get(16), dsn, directory) as rig:
        backup_id = str(rig.backup().result["backup_id"])
        rig.execute("UPDATE devices SET name = 'lost'")
        yield Restored(rig, rig.run(rig.approved_restore()), backup_id)


def test_every_step_is_done_and_the_result_says_what_came_of_it(restored: Restored) -> None:
    rig, ended = restored.rig, restored.operation
    assert ended.state is OperationState.DONE
    assert [(item.name, item.state) for item in ended.steps] == [
        (name, StepState.DONE) for name, _ in STEPS[Downtime.NOW]
    ]
    (aside,) = [name for name in rig.databases() if name]
    assert aside.startswith("__old_")
    assert ended.result == {
        "backup_id": restored.backup_id,
        "safety_backup_id": ended.result["safety_backup_id"],
        "swapped_at": "2026-11-22T10:15:00+00:00",
        "aside_database": rig.target.name + aside,
        "aside_until": "2026-11-23T10:15:00+00:00",
        "tables": 3,
        "rows": 131,
        "downtime_seconds": 0.0,
        "health": "no health_url is configured",
    }
    assert list((rig.directory / "staging").iterdir()) == []
    assert rig.services.audit.verify().intact


def test_the_database_set_aside_holds_the_lost_data_and_is_closed(restored: Restored) -> None:
    rig, aside = restored.rig, str(restored.operation.result["aside_database"])
    with pytest.raises(psycopg.OperationalError, match="not currently accepting connections"):
        psycopg.connect(rig.target.cluster.dsn(aside))
    rig.execute(f"ALTER DATABASE {aside} ALLOW_CONNECTIONS true", database="postgres")
    assert rig.value("SELECT min(name) FROM devices", rig.target.cluster.dsn(aside)) == "lost"
    assert rig.value("SELECT count(*) FROM devices WHERE name LIKE 'old %'") == 50


def test_services_stop_in_order_and_start_in_reverse(restored: Restored) -> None:
    assert restored.rig.application.log == ["stop api", "stop worker", "start worker", "start api"]
    assert restored.rig.application.running == {"api", "worker"}


def test_steps_are_told_in_the_thread_of_the_headline(restored: Restored) -> None:
    drawings = restored.rig.services.drawings
    for headline in drawings.due():
        drawings.drawn(headline, "1.1", headline.wanted_version)
    told = [drawing for drawing in drawings.due() if drawing.subject is SubjectKind.STEP]
    assert [(drawing.subject, drawing.detail) for drawing in told] == [
        (SubjectKind.STEP, str(position)) for position in range(len(STEPS[Downtime.NOW]))
    ]
    assert {drawing.thread_ts for drawing in told} == {"1.1"}


def test_a_service_that_was_stopped_stays_stopped(rig: Rig) -> None:
    rig.backup()
    rig.application.halt("worker")
    rig.run(rig.approved_restore())
    assert rig.application.log == ["stop api", "start api"]
    assert rig.application.running == {"api"}


def test_health_is_asked_for_after_the_services_were_started(rig: Rig) -> None:
    rig.backup()
    with (
        answering(200, '{"status": "ok"}', lambda: rig.application.running) as server,
        rig.rebuilt(rig.setup.with_application(health_url=server.url, health_deadline="5s")) as other,
    ):
        ended = other.run(other.approved_restore())
    assert ended.result["health"] == '200 {"status": "ok"}'
    assert server.seen == [{"api", "worker"}]
