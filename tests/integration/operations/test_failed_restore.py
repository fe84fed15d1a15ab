"""A restore that fails on its way: what is undone, what is left, and that it says so."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from bot.models import Operation, OperationState, StepState
from tests.house import TARGET, Rig
from tests.integration.operations.health_server import answering
from tests.support import random_name


def step(operation: Operation, name: str) -> StepState:
    return next(step.state for step in operation.steps if step.name == name)


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
    return next(key for key in rig.objects() if key.endswith("database.small.tar.zst"))


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
    assert "1,000,000,000,000,000,000 are needed" in ended.failure.message
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
        f"{rig.target.name}{aside}, closed, and undo {TARGET} puts it back. The services are as before."
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


def test_a_role_that_something_in_the_backup_belongs_to_is_missed_before_anything_is_stopped(rig: Rig) -> None:
    role = random_name("gone")
    rig.execute(f"CREATE ROLE {role}", f"ALTER TABLE runs OWNER TO {role}", f"GRANT SELECT ON devices TO {role}")
    prepared(rig)
    rig.execute("ALTER TABLE runs OWNER TO postgres", f"DROP OWNED BY {role}", f"DROP ROLE {role}")
    ended = rig.run(rig.approved_restore())
    assert_as_it_was(rig, ended)
    assert ended.failure is not None
    assert f"what this server does not have: role {role}." in ended.failure.message
    assert "globals.sql" in ended.failure.remedy
    assert rig.application.log == []
    assert len(rig.backup_ids()) == 1


def test_what_the_database_itself_needs_is_missed_before_anybody_is_asked(rig: Rig) -> None:
    role = random_name("gone")
    rig.execute(f"CREATE ROLE {role}", f"ALTER DATABASE {rig.target.name} OWNER TO {role}")
    prepared(rig)
    rig.execute(f"ALTER DATABASE {rig.target.name} OWNER TO postgres", f"DROP ROLE {role}")
    asked = rig.planned_restore()
    assert asked.state is OperationState.FAILED
    assert asked.failure is not None
    assert f"role {role}" in asked.failure.message
    assert asked.failure.left_as_it_was == "Nothing was asked of anybody and nothing was touched."


def test_a_database_larger_than_the_free_disk_of_the_server_is_refused_before_anybody_is_asked(rig: Rig) -> None:
    prepared(rig)
    vast = 10**15
    rig.alter_state(f"UPDATE backups SET manifest = jsonb_set(manifest, '{{database_bytes}}', '{vast}')")
    asked = rig.planned_restore()
    assert asked.failure is not None
    assert "bytes free; a second database beside it needs 1,100,000,000,000,000" in asked.failure.message


def test_a_locale_that_the_server_has_not_is_told_while_the_services_run(rig: Rig) -> None:
    prepared(rig)
    rig.alter_state("""UPDATE backups SET manifest = jsonb_set(manifest, '{properties,collate}', '"xx_YY"')""")
    ended = rig.run(rig.approved_restore())
    assert ended.failure is not None
    assert "xx_YY" in ended.failure.message
    assert rig.application.log == []
    assert rig.databases() == [""]
