"""What the entries of the audit log say: who, what, on which plan, before and after."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.errors import Refused
from bot.models import Actor, AuditEntry, Decision, ScheduleName, WindowRequest
from bot.runtime.stop import StopSignal
from tests.house import APPROVER, NOW, OPERATOR, STRANGER, TARGET, Rig
from tests.stored import store_backup


def changes(rig: Rig) -> dict[tuple[str, str], tuple[object, object]]:
    """(action, result) to (before, after), of all entries."""
    return {(entry.action, entry.result): (entry.before, entry.after) for entry in rig.services.audit.entries(100)}


def test_every_change_says_what_was_before_and_what_is_since(rig: Rig) -> None:
    settings = rig.setup.changed(schedule="0 2 * * *", retention={"last": 1})
    with rig.rebuilt(settings) as kept:
        services = kept.services
        old = store_backup(kept.house.context, TARGET, NOW - timedelta(hours=30))
        kept.sweeps.sweep(TARGET, StopSignal())
        store_backup(kept.house.context, TARGET, NOW - timedelta(hours=1))
        kept.clock.move(minutes=1)
        kept.sweeps.sweep(TARGET, StopSignal())
        services.pins.keep(old.id, "evidence", OPERATOR)
        services.pins.unkeep(old.id, "it has moved", OPERATOR)
        services.schedules.pause(TARGET, ScheduleName.BACKUP, "the disk is full", OPERATOR)
        services.schedules.resume(TARGET, ScheduleName.BACKUP, "there is room", OPERATOR)
        request = WindowRequest(TARGET, NOW + timedelta(hours=1), NOW + timedelta(hours=2), "deploy")
        services.windows.cancel(services.windows.announce(request, OPERATOR).id, OPERATOR)
        services.cancelling.cancel(services.backups.request(TARGET, OPERATOR).id, OPERATOR)
        kept.house.work.pruning.prune(TARGET)
        assert changes(kept) == {
            ("alert", "opened"): (None, "open"),
            ("alert", "resolved"): ("open", "resolved"),
            ("backup.keep", "pinned"): ("unpinned", "pinned"),
            ("backup.unkeep", "unpinned"): ("pinned", "unpinned"),
            ("schedule.pause", "paused"): ("active", "paused"),
            ("schedule.resume", "resumed"): ("paused", "active"),
            ("window.announce", "announced"): (None, "scheduled"),
            ("window.cancel", "cancelled"): ("scheduled", "cancelled"),
            ("backup.request", "accepted"): (None, "queued"),
            ("backup.cancel", "cancelled"): ("queued", "cancelled"),
            ("backup.remove", "begun"): ("in the catalog", "removed from the catalog"),
            ("backup.remove", "removed"): ("removed from the catalog", "removed from storage"),
        }


def test_a_plan_is_followed_by_its_hash_and_each_entry_by_its_reference(rig: Rig) -> None:
    rig.backup()
    planned = rig.planned_restore(actor=Actor(OPERATOR.id, OPERATOR.name, reference="0badcafe"))
    with pytest.raises(Refused):
        rig.services.approvals.decide(planned.id, STRANGER, Decision.APPROVED)
    rig.services.approvals.decide(planned.id, Actor(APPROVER.id, APPROVER.name, reference="5eed"), Decision.DENIED)

    def told(entry: AuditEntry) -> tuple[object, ...]:
        return (entry.action, entry.actor.name, entry.before, entry.after, entry.plan_hash, entry.correlation_id)

    plan = planned.plan_hash
    assert [told(entry) for entry in rig.services.audit.entries(4)] == [
        ("restore.denied", "Ada", "awaiting_approval", "denied", plan, "5eed"),
        ("restore.approved", "Sid", None, None, plan, planned.id),
        ("restore.plan", "Olive", "planning", "awaiting_approval", plan, planned.id),
        ("restore.request", "Olive", None, "planning", None, "0badcafe"),
    ]
