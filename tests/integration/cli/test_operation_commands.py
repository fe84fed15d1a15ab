"""`baseliner status` and `baseliner cancel`: the day Slack is down."""

from __future__ import annotations

from bot.models import OperationState
from tests.house import OPERATOR, TARGET, Rig
from tests.integration.cli.shell import DONE, USAGE, baseliner


def test_what_waits_is_seen_and_called_off(rig: Rig) -> None:
    backup_id = rig.backup().result["backup_id"]
    operation = rig.services.backups.request(TARGET, OPERATOR)
    answer = baseliner(rig, "status", "--json")
    assert answer.code == DONE, answer.err
    (status,) = answer.document
    assert (status["target"], status["newest_backup"]["id"]) == (TARGET, backup_id)
    (waiting,) = (each for each in status["operations"] if each["id"] == operation.id)
    assert (waiting["kind"], waiting["state"]) == ("backup", "queued")
    cancelled = baseliner(rig, "cancel", operation.id)
    assert cancelled.code == DONE, cancelled.err
    assert f"The backup {operation.id} of {TARGET} is cancelled." in cancelled.out
    after = rig.services.overview.operation(operation.id)
    assert after.state is OperationState.CANCELLED
    assert after.cancel_asked_by is not None
    assert after.cancel_asked_by.surface == "cli"
    told = baseliner(rig, "status", TARGET)
    assert f"{operation.id} cancelled, asked for by {OPERATOR.name}" in told.out
    assert "within the RPO" in told.out
    again = baseliner(rig, "cancel", operation.id, "--json")
    assert (again.code, again.error["kind"]) == (1, "Conflict")


def test_an_unknown_operation_or_target_is_a_usage_error(rig: Rig) -> None:
    assert baseliner(rig, "cancel", "20200101T000000Z-aaaa").code == USAGE
    assert baseliner(rig, "status", "nosuch").code == USAGE
