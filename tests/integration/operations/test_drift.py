"""Between the approval and the job: what no longer fits the world is void."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bot.canonical import canonical_json, sha256_hex
from bot.models import Operation, OperationState
from tests.house import SECOND, Rig, Setup


def assert_voided(rig: Rig, ended: Operation, words: str) -> None:
    assert ended.state is OperationState.VOIDED
    assert ended.failure is not None
    assert words in ended.failure.message
    assert ended.failure.remedy == "Ask for a new restore."
    assert ended.failure.left_as_it_was.endswith("was only read, and no service was touched.")
    assert rig.application.log == []
    assert rig.services.audit.entries()[0].result == "voided"


def recreate(rig: Rig) -> None:
    rig.target.cluster.drop_database(rig.target.name)
    rig.target.cluster.create_database(rig.target.name)
    rig.execute("CREATE TABLE alembic_version AS SELECT '0002'::text AS version_num")


def migrate(rig: Rig) -> None:
    rig.execute("UPDATE alembic_version SET version_num = '0003'")


def change_manifest(rig: Rig) -> None:
    rig.alter_state("UPDATE backups SET manifest_sha256 = repeat('0', 64)")


def remove_from_catalog(rig: Rig) -> None:
    rig.alter_state("DELETE FROM backups")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (recreate, "the database itself (its oid)"),
        (migrate, "the database's revision: 0002 was approved, it is 0003 now"),
        (change_manifest, "the backup: its manifest is not the one that was approved"),
        (remove_from_catalog, "There is no backup"),
    ],
)
def test_what_drifts_after_the_approval_voids_it(rig: Rig, change: Callable[[Rig], None], words: str) -> None:
    rig.backup()
    approved = rig.approved_restore()
    change(rig)
    assert_voided(rig, rig.run(approved), words)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            lambda setup: setup.with_application(services=[]),
            "the services to be stopped: ['api', 'worker'] was",
        ),
        (lambda setup: setup.with_policy(approvers=[SECOND.id]), "The plan has 0 valid approval(s) and needs 1"),
    ],
)
def test_settings_that_change_after_the_approval_void_it(
    rig: Rig, change: Callable[[Setup], Setup], words: str
) -> None:
    rig.backup()
    approved = rig.approved_restore()
    with rig.rebuilt(change(rig.setup)) as other:
        assert_voided(other, other.run(approved), words)


def test_several_drifts_are_all_named(rig: Rig) -> None:
    rig.backup()
    approved = rig.approved_restore()
    migrate(rig)
    change_manifest(rig)
    ended = rig.run(approved)
    assert_voided(rig, ended, "the database's revision")
    assert_voided(rig, ended, "the backup: its manifest")


def test_a_plan_that_was_swapped_for_another_voids_the_approval(rig: Rig) -> None:
    rig.backup()
    approved = rig.approved_restore()
    plan = rig.services.drawings.plan(approved.id)
    assert plan is not None
    text = canonical_json({**plan.body, "reason": "another one"})
    rig.alter_state(f"UPDATE plans SET hash = '{sha256_hex(text)}', canonical = '{text}'")
    assert_voided(rig, rig.run(approved), "The plan has 0 valid approval(s) and needs 1")


def test_a_plan_that_was_changed_behind_its_hash_is_void(rig: Rig) -> None:
    rig.backup()
    approved = rig.approved_restore()
    rig.alter_state("UPDATE plans SET canonical = replace(canonical, 'bad deploy', 'good deploy')")
    assert_voided(rig, rig.run(approved), "The plan is not the one that was made")


def test_what_lives_may_move_between_approval_and_job(rig: Rig) -> None:
    rig.backup()
    approved = rig.approved_restore()
    rig.execute("INSERT INTO runs (device) SELECT 3 FROM generate_series(1, 5000)")
    rig.clock.move(minutes=3)
    assert rig.run(approved).state is OperationState.DONE


def test_a_database_that_is_gone_fails_the_restore_without_touching_anything(rig: Rig) -> None:
    rig.backup()
    approved = rig.approved_restore()
    rig.target.cluster.drop_database(rig.target.name)
    ended = rig.run(approved)
    assert ended.state is OperationState.FAILED
    assert ended.failure is not None
    assert "does not exist" in ended.failure.message
    assert ended.failure.left_as_it_was.endswith("was only read, and no service was touched.")
