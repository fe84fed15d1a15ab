"""A worker that is killed or stopped at any step: the next one brings the operation to an end that is whole."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import psycopg
import pytest

from bot.errors import Interrupted
from bot.models import DatabaseDigest, Downtime, Operation, OperationKind, OperationState, StepState
from bot.operations import backup_job, restore_job, undo_job
from bot.runtime.stop import StopSignal
from tests.house import OPERATOR, TARGET, Rig
from tests.integration.operations.hooks import Moment, at_step, run_and_die
from tests.support import eventually

BACKUP_STEPS = [name for name, _ in backup_job.STEPS]
RESTORE_STEPS = {downtime: [name for name, _ in steps] for downtime, steps in restore_job.STEPS.items()}
UNDO_STEPS = [name for name, _ in undo_job.STEPS]
CHANGES_THE_WORLD = ["safety_backup", "stop_services", "create_database", "load", "swap", "start_services"]
every_moment = pytest.mark.parametrize("moment", [Moment.BEFORE, Moment.AFTER])
every_backup_step = pytest.mark.parametrize("step", BACKUP_STEPS)
every_restore_step = pytest.mark.parametrize(
    ("downtime", "step", "moment"),
    [(Downtime.NOW, step, Moment.BEFORE) for step in RESTORE_STEPS[Downtime.NOW]]
    + [(Downtime.NOW, step, Moment.AFTER) for step in CHANGES_THE_WORLD]
    # At the swap, what comes before the new database and after the swap is the same.
    + [(Downtime.AT_SWAP, step, Moment.BEFORE) for step in RESTORE_STEPS[Downtime.AT_SWAP][3:-1]]
    + [(Downtime.AT_SWAP, step, Moment.AFTER) for step in ("load", "stop_services", "swap")],
)
every_undo_step = pytest.mark.parametrize(
    ("step", "moment"),
    [(step, Moment.BEFORE) for step in UNDO_STEPS]
    + [(step, Moment.AFTER) for step in UNDO_STEPS if step in CHANGES_THE_WORLD],
)


def is_swapped(step: str, moment: Moment, steps: Sequence[str] = RESTORE_STEPS[Downtime.NOW]) -> bool:
    return steps.index(step) + (moment is Moment.AFTER) > steps.index("swap")


def has_begun(step: str, steps: Sequence[str] = RESTORE_STEPS[Downtime.NOW]) -> bool:
    """Whether the worker had begun what cannot simply be done anew."""
    return steps.index(step) >= min(steps.index(name) for name in ("stop_services", "create_database") if name in steps)


def assert_nothing_half_done(rig: Rig, ended: Operation) -> None:
    """The rules that hold whatever was killed when."""
    assert ended.state.ended
    assert StepState.RUNNING not in {step.state for step in ended.steps}
    assert not [name for name in rig.databases() if name.startswith("__new_")]
    prefix = "baseliner/" if rig.bucket else ""
    assert rig.objects() == sorted(
        f"{prefix}{TARGET}/{backup_id}/{name}"
        for backup_id in rig.backup_ids()
        for name in ("database.small.tar.zst", "globals.sql.zst", "manifest.json")
    )
    assert rig.application.running == {"api", "worker"}
    assert ended.id in {drawing.subject_id for drawing in rig.services.drawings.due()}
    assert rig.services.audit.verify().intact
    staging = rig.directory / "staging"
    assert not staging.exists() or list(staging.iterdir()) == []


@every_moment
@every_backup_step
def test_a_backup_whose_worker_is_killed_is_finished_by_the_next(s3_rig: Rig, step: str, moment: Moment) -> None:
    operation = s3_rig.services.backups.request(TARGET, OPERATOR)
    run_and_die(s3_rig.setup, operation.id, step, moment, s3_rig.directory)
    assert s3_rig.services.overview.operation(operation.id).state is OperationState.RUNNING
    ended = s3_rig.run(operation)
    assert (ended.state, ended.attempt) == (OperationState.DONE, 2)
    assert s3_rig.backup_ids() == [ended.result["backup_id"]]
    assert {item.state for item in ended.steps} == {StepState.DONE}
    assert_nothing_half_done(s3_rig, ended)


def test_a_backup_whose_worker_is_killed_again_and_again_is_given_up(s3_rig: Rig) -> None:
    operation = s3_rig.services.backups.request(TARGET, OPERATOR)
    for _ in range(backup_job.BackupJob.attempts):
        run_and_die(s3_rig.setup, operation.id, "dump", Moment.BEFORE, s3_rig.directory)
    ended = s3_rig.run(operation)
    assert ended.state is OperationState.FAILED
    assert ended.failure is not None
    assert ended.failure.message == "Its worker was killed or stopped 3 times."
    assert s3_rig.backup_ids() == []
    assert_nothing_half_done(s3_rig, ended)


def lost(rig: Rig) -> tuple[DatabaseDigest, DatabaseDigest]:
    """Take a backup, change the data, and return both digests: the old and the new one."""
    rig.backup()
    old = rig.digest()
    rig.execute("UPDATE devices SET name = 'new'", "INSERT INTO runs (device) VALUES (7)")
    return old, rig.digest()


@every_restore_step
def test_a_restore_whose_worker_is_killed_ends_with_all_of_the_old_or_all_of_the_new_data(
    rig: Rig, downtime: Downtime, step: str, moment: Moment
) -> None:
    old, new = lost(rig)
    operation, steps = rig.approved_restore(downtime=downtime), RESTORE_STEPS[downtime]
    run_and_die(rig.setup, operation.id, step, moment, rig.directory)
    ended = rig.run(operation)
    restored = is_swapped(step, moment, steps) or not has_begun(step, steps)
    assert rig.digest() == (old if restored else new)
    assert ended.state is (OperationState.DONE if restored else OperationState.FAILED)
    assert [name.rpartition("_")[0] for name in rig.databases()] == ([""] if not restored else ["", "__old"])
    if not restored:
        assert ended.failure is not None
        assert ended.failure.message == "The worker was stopped or killed in the middle of the restore."
        assert ended.failure.left_as_it_was == (
            f"{rig.target.name} is as it was, with all its data. The services are as before."
        )
    assert_nothing_half_done(rig, ended)


@every_undo_step
def test_an_undo_whose_worker_is_killed_ends_with_all_of_the_old_or_all_of_the_new_data(
    rig: Rig, step: str, moment: Moment
) -> None:
    old, new = lost(rig)
    restore = rig.run(rig.approved_restore())
    operation = rig.approved_undo()
    run_and_die(rig.setup, operation.id, step, moment, rig.directory)
    ended = rig.run(operation)
    undone = is_swapped(step, moment, UNDO_STEPS) or not has_begun(step, UNDO_STEPS)
    assert rig.digest() == (new if undone else old)
    assert ended.state is (OperationState.DONE if undone else OperationState.FAILED)
    (way_back,) = [name for name in rig.databases() if name]
    last = rig.services.undos.undoable(TARGET)
    assert (last.id, last.result["aside_database"]) == (
        ended.id if undone else restore.id,
        rig.target.name + way_back,
    )
    assert_nothing_half_done(rig, ended)


BULKY = (
    "CREATE TABLE bulky (id int, noise text)",
    "INSERT INTO bulky SELECT i, (SELECT string_agg(gen_random_uuid()::text, '') FROM generate_series(i, i + 999))"
    " FROM generate_series(1, 1300) i",
)
"""47 MB that compress to 22, so that an upload has parts."""


def test_an_upload_that_is_cut_off_is_aborted_by_the_next_worker(s3_rig: Rig) -> None:
    s3_rig.execute(*BULKY)
    operation = s3_rig.services.backups.request(TARGET, OPERATOR)
    run_and_die(s3_rig.setup, operation.id, "dump", Moment.DURING, s3_rig.directory)
    assert [key for key in s3_rig.objects() if key.endswith("…")], "nothing was being uploaded"
    s3_rig.execute("TRUNCATE bulky")
    ended = s3_rig.run(operation)
    assert ended.state is OperationState.DONE
    assert s3_rig.backup_ids() == [ended.result["backup_id"]]
    assert_nothing_half_done(s3_rig, ended)


def test_a_safety_backup_that_is_cut_off_is_removed_and_taken_anew(s3_rig: Rig) -> None:
    old, _ = lost(s3_rig)
    s3_rig.execute(*BULKY)
    operation = s3_rig.approved_restore()
    run_and_die(s3_rig.setup, operation.id, "safety_backup", Moment.DURING, s3_rig.directory)
    assert [key for key in s3_rig.objects() if key.endswith("…")], "nothing was being uploaded"
    s3_rig.execute("TRUNCATE bulky")
    ended = s3_rig.run(operation)
    assert ended.state is OperationState.DONE
    assert s3_rig.digest() == old
    assert len(s3_rig.backup_ids()) == 2
    assert_nothing_half_done(s3_rig, ended)


def killed_when(rig: Rig, step: str, when: Callable[[], bool]) -> tuple[Operation, DatabaseDigest]:
    """A restore whose worker is killed in the middle of a step; and what was lost until then."""
    _, new = lost(rig)
    operation = rig.approved_restore()
    run_and_die(rig.setup, operation.id, step, Moment.WHEN_TOLD, rig.directory, when)
    return operation, new


def assert_undone(rig: Rig, operation: Operation, new: DatabaseDigest) -> None:
    ended = rig.run(operation)
    assert (ended.state, rig.digest() == new, rig.databases()) == (OperationState.FAILED, True, [""])
    assert_nothing_half_done(rig, ended)


def test_a_swap_that_is_cut_off_before_its_renames_opens_the_database_again(rig: Rig) -> None:
    # Whoever comments on a database keeps it from being renamed, not from being closed.
    with psycopg.connect(rig.target.cluster.dsn()) as commenting:
        commenting.execute(f"COMMENT ON DATABASE {rig.target.name} IS 'mine'".encode())
        operation, new = killed_when(rig, "swap", lambda: not open_for_sessions(rig))
        commenting.rollback()
    assert_undone(rig, operation, new)


def open_for_sessions(rig: Rig) -> bool:
    query = f"SELECT datallowconn FROM pg_database WHERE datname = '{rig.target.name}'"
    return bool(rig.value(query, rig.target.cluster.dsn()))


def test_a_stop_that_goes_on_after_its_worker_was_killed_leaves_no_service_stopped(rig: Rig) -> None:
    rig.application.slow_down("api", "stop")
    operation, new = killed_when(rig, "stop_services", lambda: rig.application.begun("api", "stop"))
    assert rig.application.running == {"api", "worker"}, "it has not stopped yet"
    assert_undone(rig, operation, new)
    eventually(lambda: rig.application.log.count("stop api") == 2)
    assert rig.application.running == {"api", "worker"}


SLOW_IN_SCRATCH = (
    "CREATE FUNCTION slowly(int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN"
    " IF current_database() LIKE '%\\_\\_new\\_%' THEN PERFORM pg_sleep(60); END IF; RETURN $1; END $$",
    "CREATE INDEX devices_slowly ON devices (slowly(id)) WHERE id = 1",
)
"""An index whose making takes a minute, in the new database only."""


def test_a_load_that_is_cut_off_is_dropped_by_the_next_worker(rig: Rig) -> None:
    rig.execute(*SLOW_IN_SCRATCH)
    assert_undone(rig, *killed_when(rig, "load", lambda: loading(rig)))


def loading(rig: Rig) -> bool:
    query = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname LIKE '%\\_\\_new\\_%'"
    return bool(rig.value(query))


@pytest.mark.parametrize("step", CHANGES_THE_WORLD)
def test_a_restore_that_is_told_to_stop_leaves_all_of_the_old_or_all_of_the_new_data(
    rig: Rig, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = lost(rig)
    operation, stop = rig.approved_restore(), StopSignal()
    at_step(monkeypatch, step, Moment.AFTER, lambda: stopped(stop))
    swapped = is_swapped(step, Moment.AFTER)
    finishes = swapped or not has_begun(step)
    with pytest.raises(Interrupted, match="shutting down"):
        rig.run(operation, stop)
    assert rig.digest() == (old if swapped else new)
    assert rig.application.running == {"api", "worker"}
    assert not [name for name in rig.databases() if name.startswith("__new_")]
    monkeypatch.undo()
    ended = rig.run(operation)
    assert ended.state is (OperationState.DONE if finishes else OperationState.FAILED)
    assert rig.digest() == (old if finishes else new)


def stopped(stop: StopSignal) -> None:
    stop.set("Baseliner is shutting down")
    stop.check()


@pytest.mark.parametrize("kind", [OperationKind.RESTORE, OperationKind.UNDO])
def test_what_the_version_before_closed_is_opened_again(rig: Rig, kind: OperationKind) -> None:
    old, new = lost(rig)
    operation = rig.approved_restore()
    if kind is OperationKind.UNDO:
        rig.run(operation)
        operation = rig.approved_undo()
    run_and_die(rig.setup, operation.id, "swap", Moment.BEFORE, rig.directory)
    rig.alter_state(f"UPDATE operations SET memory = memory - 'closing' WHERE id = '{operation.id}'")
    rig.target.cluster.execute(f'ALTER DATABASE "{rig.target.name}" ALLOW_CONNECTIONS false')
    assert rig.run(operation).failure is not None
    assert rig.digest() == (new if kind is OperationKind.RESTORE else old)
