"""Asking for a restore: who may, what has to be clear, and what the plan says."""

from __future__ import annotations

import psycopg
import pytest

from bot.errors import NotFound, Refused, UsageError
from bot.models import BackupKind, OperationState, RestoreRequest, SubjectKind
from tests.house import NOW, OPERATOR, STRANGER, TARGET, Rig


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


def test_the_latest_is_never_a_safety_backup(rig: Rig) -> None:
    asked = str(rig.backup().result["backup_id"])
    assert rig.run(rig.approved_restore()).state is OperationState.DONE
    assert rig.services.backups.newest_first(TARGET, 1)[0].kind is BackupKind.SAFETY
    assert rig.services.backups.get(TARGET, "latest").id == asked
    with rig.house.context.database.transaction() as connection:
        connection.execute("DELETE FROM backups WHERE id = %s", (asked,))
    with pytest.raises(NotFound, match="has only safety backups"):
        rig.services.backups.get(TARGET, "latest")


def test_a_time_is_the_latest_backup_of_then(rig: Rig) -> None:
    first = str(rig.backup().result["backup_id"])
    rig.clock.move(hours=2)
    rig.backup()
    assert rig.services.backups.get(TARGET, "2026-11-22T12:14+00:00").id == first
    assert rig.services.backups.get(TARGET, "2026-11-22T12:15+00:00").id != first
    with pytest.raises(NotFound, match="no backup from before 2026-11-22 10:14 UTC"):
        rig.services.backups.get(TARGET, "2026-11-22T10:14")
