"""A backup that comes to another place than its own: another target, masked, or a database of a new name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from bot.errors import BadName, BaselinerError, NotFound, Refused, UsageError
from bot.models import Downtime, Operation, OperationState, RestoreRequest, StepState, UndoRequest
from bot.operations import copy_course, restore_job
from bot.store import backups
from tests.house import OPERATOR, TARGET, Rig
from tests.integration.operations.hooks import Moment, at_step, run_and_die
from tests.integration.operations.pairs import STAGING, Pair, pair_beside

MASKED = [name for name, _ in restore_job.MASKED_STEPS[Downtime.NOW]]
COPIED = [name for name, _ in copy_course.MASKED_STEPS]


@pytest.fixture
def pair(rig: Rig) -> Iterator[Pair]:
    with pair_beside(rig) as made:
        yield made


def broken_in(pair: Pair) -> str:
    """What staging's owner is told who wants into the database that is being made, and lets itself in if it can."""
    new = pair.databases()[1]
    with psycopg.connect(pair.owner_dsn, autocommit=True) as owner, suppress(psycopg.errors.InsufficientPrivilege):
        owner.execute(f"GRANT CONNECT ON DATABASE {pair.name}{new} TO {pair.name}".encode())
    with pytest.raises(psycopg.OperationalError) as caught:
        psycopg.connect(pair.as_owner(new))
    return str(caught.value)


def assert_nothing_half_done(pair: Pair, ended: Operation) -> None:
    assert StepState.RUNNING not in {step.state for step in ended.steps}
    assert not [name for name in pair.databases() if name.startswith("__new_")]
    assert pair.rig.application.running == {"api", "worker"}
    assert list((pair.rig.directory / "staging").iterdir()) == []
    assert pair.rig.services.audit.verify().intact


def test_another_targets_data_come_masked_and_nobody_sees_them_before(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    approved = pair.approved()
    plan = pair.rig.services.drawings.plan(approved.id)
    assert plan is not None
    assert (plan.body["source"]["target"], plan.body["source"]["statements"]) == (TARGET, 2)
    assert "since" not in plan.body["loses"], "all that is there is lost"
    assert plan.body["disk"]["needed"] == 3 * pair.rig.state("SELECT manifest->'database_bytes' FROM backups")
    with pair.rig.house.context.database.transaction() as connection:
        assert backups.listed(connection, TARGET)[0].needed_by == f"restore {approved.id}"

    at_step(monkeypatch, "mask", Moment.BEFORE, lambda: told.append(broken_in(pair)))
    ended = pair.rig.run(approved)
    assert ended.failure is None, ended.failure
    assert [step.name for step in ended.steps] == MASKED
    assert "permission denied for database" in told[0]
    assert (ended.result["source"], ended.result["masked"]) == (TARGET, 2)
    assert pair.value("SELECT array_agg(DISTINCT split_part(name, ' ', 1)) FROM devices") == ["masked"]
    assert pair.value("SELECT count(*) FROM runs") == 10
    with psycopg.connect(pair.owner_dsn) as owner:
        assert owner.info.user == pair.name, "owner and grants are staging's own"
    pages = pair.rig.target.cluster.data_directory / str(pair.value("SELECT pg_relation_filepath('devices')"))
    assert b"old 7" not in pages.read_bytes(), "no former version of a masked row is left"
    assert_nothing_half_done(pair, ended)
    undo = pair.rig.services.undos.request(UndoRequest(STAGING, "worse", pair.name), OPERATOR)
    undone = pair.rig.run(pair.rig.approve(pair.rig.run(undo)))
    assert (undone.state, pair.value("SELECT n FROM precious")) == (OperationState.DONE, 1)


def test_a_new_name_leaves_the_live_database_and_its_services_alone(pair: Pair) -> None:
    approved = pair.approved(pair.copy)
    plan = pair.rig.services.drawings.plan(approved.id)
    assert plan is not None
    assert not {"loses", "keep_old_for"} & plan.body.keys(), "nothing is lost or interrupted"
    ended = pair.rig.run(approved)
    assert ended.failure is None, ended.failure
    assert [(step.name, step.state) for step in ended.steps] == [(name, StepState.DONE) for name in COPIED]
    assert ended.result["new_database"] == pair.copy
    assert pair.databases() == ["", "_copy"]
    assert pair.rig.application.log == []
    assert pair.value("SELECT min(name) FROM devices", pair.copy) == "masked 1"
    psycopg.connect(pair.as_owner("_copy")).close()
    comment = "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = current_database()"
    assert ended.id in str(pair.value(comment, pair.copy))
    assert_nothing_half_done(pair, ended)
    again = pair.rig.run(pair.asked(new_name=pair.copy))
    assert again.failure is not None
    assert again.failure.message == f"A database {pair.copy!r} exists already; it is left as it is."


def test_a_targets_own_backup_under_a_new_name_is_as_it_was(pair: Pair) -> None:
    taken = pair.rig.run(pair.rig.services.backups.request(STAGING, OPERATOR))
    assert taken.failure is None, taken.failure
    ended = pair.rig.run(pair.rig.approve(pair.rig.run(pair.asked(source=None, new_name=pair.copy))))
    assert [step.name for step in ended.steps] == [name for name, _ in copy_course.STEPS]
    assert pair.value("SELECT n FROM precious", pair.copy) == 1


UNCLEAR: tuple[tuple[RestoreRequest, type[BaselinerError], str], ...] = (
    (RestoreRequest(TARGET, "latest", "why", "", source=STAGING), Refused, "inventory takes no backups of staging"),
    (RestoreRequest(STAGING, "latest", "why", "", source="prod"), NotFound, "There is no target named 'prod'"),
    (
        RestoreRequest(STAGING, "latest", "why", "", only=("devices",), source=TARGET),
        UsageError,
        "they could not be masked",
    ),
    *(
        (RestoreRequest(STAGING, "latest", "why", "", new_name=name), UsageError, "cannot be the new database's")
        for name in ("postgres", "a b", "inventory__old_1", "x" * 64)
    ),
    (RestoreRequest(STAGING, "latest", "why", ""), NotFound, "staging has no backup yet"),
)


def test_what_is_not_allowed_or_not_clear_is_refused(pair: Pair) -> None:
    restores = pair.rig.services.restores
    for request, error, words in UNCLEAR:
        with pytest.raises(error, match=words):
            restores.request(replace(request, confirmation=restores.database_of(request.target)), OPERATOR)
    for asked, words in (
        (RestoreRequest(STAGING, "latest", "why", pair.name, new_name=pair.name), "is the live database itself"),
        (RestoreRequest(STAGING, "latest", "why", pair.name, only=("a",), new_name="x"), "none is made that a new"),
    ):
        with pytest.raises(BadName, match=words):
            restores.request(asked, OPERATOR)


def test_a_masking_file_that_will_not_do_is_refused_before_anybody_is_asked(pair: Pair) -> None:
    for text, words in (
        ("BEGIN; DELETE FROM runs; COMMIT;", "begins a transaction: 'BEGIN'"),
        ("\\set x 1\nDELETE FROM runs;", "has a command of psql"),
        ("-- nothing yet\n", "has no statement"),
    ):
        pair.mask.write_text(text)
        planned = pair.planned()
        assert planned.failure is not None
        assert words in planned.failure.message
    pair.mask.unlink()
    planned = pair.planned()
    assert planned.failure is not None
    assert "cannot be read: No such file" in planned.failure.message


@pytest.mark.parametrize("step", ["preconditions", "load"])
def test_a_masking_file_that_is_changed_after_the_approval_voids_it(
    pair: Pair, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    approved = pair.approved()
    at_step(monkeypatch, step, Moment.BEFORE, lambda: pair.mask.write_text("SELECT 1"))
    ended = pair.rig.run(approved)
    assert ended.state is OperationState.VOIDED
    assert ended.failure is not None
    assert "masking file" in ended.failure.message
    assert pair.databases() == [""]
    assert pair.value("SELECT n FROM precious") == 1
    assert_nothing_half_done(pair, ended)


def test_masking_that_fails_leaves_staging_as_it_was_and_tells_no_value(pair: Pair) -> None:
    pair.mask.write_text("UPDATE devices SET name = 'x' WHERE id = 1; UPDATE devices SET id = name::int WHERE id = 7")
    ended = pair.rig.run(pair.approved())
    assert ended.state is OperationState.FAILED
    assert ended.failure is not None
    assert "failed at statement 2 of 2" in ended.failure.message
    assert "old 7" not in str(ended.failure)
    assert pair.value("SELECT n FROM precious") == 1
    assert pair.databases() == [""]
    assert_nothing_half_done(pair, ended)


def test_a_load_that_fails_before_the_masking_tells_no_value(pair: Pair) -> None:
    fails_elsewhere = """CREATE TABLE people AS SELECT 'alice@example.org' AS email;
        CREATE FUNCTION ok(text) RETURNS bool LANGUAGE sql AS $$SELECT current_database() !~ '__new_'$$;
        ALTER TABLE people ADD CONSTRAINT known CHECK (public.ok(email))"""
    pair.rig.target.cluster.execute(fails_elsewhere, pair.rig.target.name)
    taken = pair.rig.backup().result["backup_id"]
    ended = pair.rig.run(pair.rig.approve(pair.rig.run(pair.asked(taken))))
    assert ended.failure is not None
    assert 'violates check constraint "known". What it quotes of rows is not shown' in ended.failure.message
    assert "alice" not in str(ended.failure)
    assert_nothing_half_done(pair, ended)


def test_a_role_that_is_no_superuser_copies_and_masks(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    keeper, cluster = f"{pair.name}_keeper", pair.rig.target.cluster
    cluster.execute(f"CREATE ROLE {keeper} LOGIN PASSWORD 'secret' CREATEDB")
    cluster.execute(f"GRANT pg_read_all_data, pg_signal_backend, {pair.name} TO {keeper}")
    for statement in (
        f"ALTER TABLE precious OWNER TO {pair.name}",
        f"REVOKE CONNECT ON DATABASE {pair.name} FROM PUBLIC",
        f"GRANT CONNECT ON DATABASE {pair.name} TO {pair.name}",
    ):
        cluster.execute(statement, pair.name)
    pair.mask.write_text("UPDATE precious SET n = 2")
    told: list[str] = []

    targets = pair.rig.setup.document["targets"]
    staging = {
        **targets[STAGING],
        "dsn": make_conninfo(cluster.dsn(pair.name), user=keeper, password="secret"),
        "restore_from": {STAGING: {"masking": str(pair.mask)}},
    }
    document = {**pair.rig.setup.document, "targets": {**targets, STAGING: staging}}
    try:
        with pair.rig.rebuilt(replace(pair.rig.setup, document=document), seed=3) as rig:
            other = replace(pair, rig=rig)
            taken = rig.run(rig.services.backups.request(STAGING, OPERATOR))
            assert taken.failure is None, taken.failure
            at_step(monkeypatch, "mask", Moment.BEFORE, lambda: told.append(broken_in(pair)))
            ended = rig.run(rig.approve(rig.run(other.asked(source=None, new_name=pair.copy))))
            assert ended.failure is None, ended.failure
        assert "permission denied for database" in told[0]
        assert pair.value("SELECT n FROM precious", pair.copy) == 2
        granted = f"SELECT datacl::text FROM pg_database WHERE datname = '{pair.copy}'"
        assert keeper not in str(pair.value(granted)), "what it gave itself to work is taken back"
        lent = "SELECT nspacl::text FROM pg_namespace WHERE nspname = 'public'"
        assert pair.name not in str(pair.value(lent, pair.copy)), "and what it lent to the owner"
    finally:
        cluster.execute(f"DROP ROLE {keeper}")


@pytest.mark.parametrize("moment", [Moment.BEFORE, Moment.AFTER])
def test_a_masked_restore_whose_worker_is_killed_leaves_what_was_there(pair: Pair, moment: Moment) -> None:
    operation = pair.approved()
    run_and_die(pair.rig.setup, operation.id, "mask", moment, pair.rig.directory)
    ended = pair.rig.run(operation)
    assert ended.state is OperationState.FAILED
    assert pair.value("SELECT n FROM precious") == 1
    assert_nothing_half_done(pair, ended)


@pytest.mark.parametrize(
    ("step", "moment"),
    # What comes before the new database is the same as in every restore.
    [(step, Moment.BEFORE) for step in COPIED[2:]] + [("name", Moment.AFTER)],
)
def test_a_copy_whose_worker_is_killed_is_made_by_the_next(pair: Pair, step: str, moment: Moment) -> None:
    operation = pair.approved(pair.copy)
    run_and_die(pair.rig.setup, operation.id, step, moment, pair.rig.directory)
    ended = pair.rig.run(operation)
    assert ended.state is OperationState.DONE, ended.failure
    assert {item.state for item in ended.steps} == {StepState.DONE}
    assert pair.databases() == ["", "_copy"]
    assert pair.value("SELECT min(name) FROM devices", pair.copy) == "masked 1"
    assert_nothing_half_done(pair, ended)
