"""A restore, from the request to the old data: and what is left when it fails on its way."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from bot.errors import NotFound, Refused, UsageError
from bot.models import BackupKind, Operation, OperationState, RestoreRequest, StepState, SubjectKind
from bot.operations.restore_job import STEPS
from tests.house import NOW, OPERATOR, STRANGER, TARGET, Rig
from tests.integration.operations.health_server import answering


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


def step(operation: Operation, name: str) -> StepState:
    return next(step.state for step in operation.steps if step.name == name)


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


def test_every_step_is_done_and_the_result_says_what_came_of_it(rig: Rig) -> None:
    rig.backup()
    backup = rig.services.backups.get(TARGET, "latest")
    ended = rig.run(rig.approved_restore())
    assert ended.state is OperationState.DONE
    assert [(item.name, item.state) for item in ended.steps] == [(name, StepState.DONE) for name, _ in STEPS]
    (aside,) = [name for name in rig.databases() if name]
    assert aside.startswith("__old_")
    assert ended.result == {
        "backup_id": backup.id,
        "safety_backup_id": ended.result["safety_backup_id"],
        "aside_database": rig.target.name + aside,
        "aside_until": "2026-11-23T10:15:00+00:00",
        "tables": 3,
        "rows": 131,
        "downtime_seconds": 0.0,
        "health": "no health_url is configured",
    }
    assert list((rig.directory / "staging").iterdir()) == []
    assert rig.services.audit.verify().intact


def test_the_database_set_aside_holds_the_lost_data_and_is_closed(rig: Rig) -> None:
    rig.backup()
    rig.execute("UPDATE devices SET name = 'lost'")
    ended = rig.run(rig.approved_restore())
    aside = str(ended.result["aside_database"])
    with pytest.raises(psycopg.OperationalError, match="not currently accepting connections"):
        psycopg.connect(rig.target.cluster.dsn(aside))
    rig.execute(f"ALTER DATABASE {aside} ALLOW_CONNECTIONS true", database="postgres")
    assert rig.value("SELECT min(name) FROM devices", rig.target.cluster.dsn(aside)) == "lost"
    assert rig.value("SELECT count(*) FROM devices WHERE name LIKE 'old %'") == 50


def test_services_stop_in_order_and_start_in_reverse(rig: Rig) -> None:
    rig.backup()
    rig.run(rig.approved_restore())
    assert rig.application.log == ["stop api", "stop worker", "start worker", "start api"]
    assert rig.application.running == {"api", "worker"}


def test_a_service_that_was_stopped_stays_stopped(rig: Rig) -> None:
    rig.backup()
    rig.application.halt("worker")
    rig.run(rig.approved_restore())
    assert rig.application.log == ["stop api", "start api"]
    assert rig.application.running == {"api"}


def test_steps_are_told_in_the_thread_of_the_headline(rig: Rig) -> None:
    rig.backup()
    ended = rig.run(rig.approved_restore())
    for headline in rig.services.drawings.due():
        rig.services.drawings.drawn(headline, "1.1", headline.wanted_version)
    told = [drawing for drawing in rig.services.drawings.due() if drawing.subject_id == ended.id]
    assert [(drawing.subject, drawing.detail) for drawing in told] == [
        (SubjectKind.STEP, str(position)) for position in range(len(STEPS))
    ]
    assert {drawing.thread_ts for drawing in told} == {"1.1"}


def test_health_is_asked_for_after_the_services_were_started(rig: Rig) -> None:
    rig.backup()
    with (
        answering(200, '{"status": "ok"}', lambda: rig.application.running) as server,
        rig.rebuilt(rig.setup.with_application(health_url=server.url, health_deadline="5s")) as other,
    ):
        ended = other.run(other.approved_restore())
    assert ended.result["health"] == '200 {"status": "ok"}'
    assert server.seen == [{"api", "worker"}]


# Failures, in the order of the steps.


def assert_as_it_was(rig: Rig, ended: Operation) -> None:
    """Nothing happened, or all of it was undone; and that is what it says."""
    stopped = any(line.startswith("stop") for line in rig.application.log)
    undone, untouched = "is as it was, with all its data. The services are as before.", "was only read, and no service"
    assert ended.state is OperationState.FAILED
    assert ended.failure is not None
    assert f"{rig.target.name} {undone if stopped else untouched}" in ended.failure.left_as_it_was
    assert rig.value("SELECT count(*) FROM devices WHERE name = 'live'") == 50
    assert rig.databases() == [""]
    assert rig.application.running == {"api", "worker"}
    assert StepState.RUNNING not in {item.state for item in ended.steps}
    staging = rig.directory / "staging"
    assert not staging.exists() or list(staging.iterdir()) == []


def prepared(rig: Rig) -> Rig:
    """A backup was taken, and its data is lost since."""
    rig.backup()
    rig.execute("UPDATE devices SET name = 'live'")
    return rig


def stored_dump(rig: Rig) -> str:
    return next(key for key in rig.objects() if key.endswith("database.pgdump.zst"))


def test_a_tampered_object_is_refused_before_anything_is_stopped(rig: Rig) -> None:
    prepared(rig)
    path = rig.directory / "backups" / stored_dump(rig)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    ended = rig.run(rig.approved_restore())
    assert_as_it_was(rig, ended)
    assert ended.failure is not None
    assert "is not what was written: its SHA-256 differs" in ended.failure.message
    assert "Choose another backup" in ended.failure.remedy
    assert rig.application.log == []
    assert len(rig.backup_ids()) == 1, "no safety backup is needed for what is not begun"


def test_a_missing_object_is_refused_before_anything_is_stopped(rig: Rig) -> None:
    prepared(rig)
    (rig.directory / "backups" / stored_dump(rig)).unlink()
    ended = rig.run(rig.approved_restore())
    assert_as_it_was(rig, ended)
    assert ended.failure is not None
    assert "is missing" in ended.failure.message
    assert rig.application.log == []


def test_a_service_that_cannot_be_stopped_brings_all_of_them_back(rig: Rig) -> None:
    prepared(rig)
    rig.application.break_act("worker", "stop")
    ended = rig.run(rig.approved_restore())
    assert_as_it_was(rig, ended)
    assert ended.failure is not None
    assert "The stop command of the service worker failed" in ended.failure.message
    assert "cannot stop worker" in ended.failure.message
    assert rig.application.log == ["stop api", "start api"]


def test_a_digest_that_differs_names_the_table_and_undoes_everything(rig: Rig) -> None:
    prepared(rig)
    with forging(rig) as manifest:
        next(item for item in manifest["digest"]["tables"] if item["table"] == "public.runs")["content"] = "1"
    ended = rig.run(rig.approved_restore())
    assert_as_it_was(rig, ended)
    assert ended.failure is not None
    assert "public.runs: same row count (80), different content" in ended.failure.message
    assert ended.failure.details == "public.runs: same row count (80), different content"
    assert step(ended, "verify_digests") is StepState.FAILED
    assert step(ended, "swap") is StepState.PENDING
    assert rig.application.log == ["stop api", "stop worker", "start worker", "start api"]


@contextmanager
def forging(rig: Rig) -> Iterator[dict[str, Any]]:
    """As if the backup had held something else: change its manifest in the catalog, before anybody asks for it."""
    manifest = rig.state("SELECT manifest FROM backups")
    yield manifest
    rig.alter_state(f"UPDATE backups SET manifest = '{json.dumps(manifest)}'")


def test_without_room_to_unpack_it_nothing_is_begun(rig: Rig) -> None:
    prepared(rig)
    with forging(rig) as manifest:
        manifest["dump_bytes"] = 10**18
    ended = rig.run(rig.approved_restore())
    assert_as_it_was(rig, ended)
    assert ended.failure is not None
    assert "the unpacked backup needs 1,000,000,000,000,000,000" in ended.failure.message
    assert rig.application.log == []


def test_an_unhealthy_application_is_told_with_the_truth_about_the_data(rig: Rig) -> None:
    prepared(rig)
    with (
        answering(503, "no disk") as server,
        rig.rebuilt(rig.setup.with_application(health_url=server.url, health_deadline="1s")) as other,
    ):
        ended = other.run(other.approved_restore())
    assert ended.state is OperationState.FAILED
    assert ended.failure is not None
    assert "did not become healthy within 1 s; it last said: 503 no disk" in ended.failure.message
    (aside,) = [name for name in rig.databases() if name]
    assert ended.failure.left_as_it_was == (
        f"The restored data is in place as {rig.target.name} and verified; the former database is kept as "
        f"{rig.target.name}{aside}, closed. The services are as before."
    )
    assert rig.value("SELECT count(*) FROM devices WHERE name LIKE 'old %'") == 50
    assert rig.application.running == {"api", "worker"}
    assert (step(ended, "swap"), step(ended, "health")) == (StepState.DONE, StepState.FAILED)


def test_a_service_that_cannot_be_started_is_told_with_the_truth_about_the_data(rig: Rig) -> None:
    prepared(rig)
    rig.application.break_act("worker", "start")
    ended = rig.run(rig.approved_restore())
    assert ended.state is OperationState.FAILED
    assert ended.failure is not None
    assert "The start command of the service worker failed" in ended.failure.message
    assert f"The restored data is in place as {rig.target.name}" in ended.failure.left_as_it_was
    assert "cannot start worker" in ended.failure.left_as_it_was
    assert rig.value("SELECT count(*) FROM devices WHERE name LIKE 'old %'") == 50
    assert rig.application.running == {"api"}, "the others are started nevertheless"


# Requests that do not become restores.


def test_a_stranger_may_not_ask(rig: Rig) -> None:
    with pytest.raises(Refused) as caught:
        rig.services.restores.request(RestoreRequest(TARGET, "latest", "why", rig.target.name), STRANGER)
    assert caught.value.who_can == rig.services.settings.policy.requesters


@pytest.mark.parametrize(
    ("backup_id", "reason", "confirmation", "error", "words"),
    [
        ("latest", "why", "inventory", UsageError, "The name typed is not the database's"),
        ("latest", "  ", None, UsageError, "A restore needs a reason"),
        ("latest", "why", None, NotFound, "inventory has no backup yet"),
        ("20200101T000000Z-aaaa", "why", None, NotFound, "There is no backup '20200101T000000Z-aaaa'"),
    ],
)
def test_a_request_that_is_not_clear_is_told_and_not_written_down(
    rig: Rig, backup_id: str, reason: str, confirmation: str | None, error: type[UsageError], words: str
) -> None:
    request = RestoreRequest(TARGET, backup_id, reason, confirmation or rig.target.name)
    with pytest.raises(error, match=words):
        rig.services.restores.request(request, OPERATOR)
    assert rig.state("SELECT count(*) FROM operations") == 0
    assert rig.state("SELECT count(*) FROM procrastinate_jobs") == 0


def test_a_backup_of_another_target_is_not_restored_here(rig: Rig) -> None:
    rig.backup()
    rig.alter_state("UPDATE backups SET target = 'billing'")
    with pytest.raises(NotFound, match="belongs to billing, not to inventory"):
        rig.services.restores.request(
            RestoreRequest(TARGET, rig.state("SELECT id FROM backups"), "why", rig.target.name), OPERATOR
        )


def test_the_plan_says_what_would_be_lost_and_warns_of_another_revision(rig: Rig) -> None:
    rig.backup()
    rig.execute("UPDATE alembic_version SET version_num = '0003'")
    with psycopg.connect(rig.target.dsn, application_name="fleet"):
        planned = rig.planned_restore()
    plan = rig.services.drawings.plan(planned.id)
    assert planned.state is OperationState.AWAITING_APPROVAL
    assert plan is not None
    assert plan.hash == planned.plan_hash
    assert plan.body["services"] == ["api", "worker"]
    assert plan.body["loses"]["since"] == NOW.isoformat()
    assert plan.body["loses"]["sessions"] == [{"application_name": "fleet", "user": "postgres", "count": 1}]
    assert plan.body["current_revision"] == "0003"
    assert plan.body["warnings"][0].startswith("The backup is at revision 0002, the database at 0003: deploy")


def test_a_plan_that_cannot_be_made_fails_the_operation_and_asks_nobody(rig: Rig) -> None:
    rig.backup()
    rig.target.cluster.drop_database(rig.target.name)
    planned = rig.planned_restore()
    assert planned.state is OperationState.FAILED
    assert planned.failure is not None
    assert "does not exist" in planned.failure.message
    assert planned.failure.left_as_it_was == "Nothing was asked of anybody and nothing was touched."
    assert SubjectKind.APPROVAL not in {drawing.subject for drawing in rig.services.drawings.due()}
