"""Sweeps measure, and their alerts open once, change in place and resolve; what is not known never resolves one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from bot.models import Alert, AlertState, Checklist, CheckState, SubjectKind
from bot.operations.health import SILENCE, STALE
from bot.runtime.stop import StopSignal
from tests.house import OPERATOR, TARGET, Rig


def sweep(rig: Rig) -> Checklist:
    rig.clock.move(minutes=1)
    return rig.sweeps.sweep(TARGET, StopSignal())


def states(checklist: Checklist) -> dict[str, CheckState]:
    return {check.name: check.state for check in checklist.checks}


def open_alerts(rig: Rig) -> dict[str, Alert]:
    return {alert.condition: alert for alert in rig.services.overview.targets()[0].open_alerts}


@contextmanager
def out_of_reach(rig: Rig) -> Iterator[Rig]:
    """The same house, whose target's database is not there."""
    with rig.rebuilt(rig.setup.changed(dsn=rig.target.cluster.dsn("nowhere"))) as other:
        yield other


def draw_all(rig: Rig) -> int:
    due = rig.services.drawings.due()
    for drawing in due:
        rig.services.drawings.drawn(drawing, "1.1", drawing.wanted_version)
    return len(due)


def test_a_target_in_order_passes_and_opens_nothing(rig: Rig) -> None:
    rig.backup()
    assert states(sweep(rig)) == {
        "database": CheckState.PASSED,
        "backup_age": CheckState.PASSED,
        "off_host": CheckState.WARNING,
    }
    assert open_alerts(rig) == {}


def test_an_alert_opens_once_and_resolves_in_place(rig: Rig) -> None:
    assert states(sweep(rig))["backup_age"] is CheckState.FAILED
    (alert,) = open_alerts(rig).values()
    assert (alert.condition, alert.severity, alert.summary) == (
        "backup_age",
        CheckState.FAILED,
        "there is no backup yet",
    )
    (drawing,) = rig.services.drawings.due()
    assert (drawing.subject, drawing.subject_id, drawing.channel) == (SubjectKind.ALERT, str(alert.id), "C0ALERTS")
    draw_all(rig)
    sweep(rig)
    assert rig.services.drawings.due() == [], "nothing changed, so nothing is drawn again"
    rig.backup()
    sweep(rig)
    resolved = rig.services.drawings.alert(alert.id)
    assert (resolved.state, resolved.resolved_at) == (AlertState.RESOLVED, rig.clock.now())
    assert str(alert.id) in {drawing.subject_id for drawing in rig.services.drawings.due()}
    results = [entry.result for entry in rig.services.audit.entries() if entry.action == "alert"]
    assert results == ["resolved", "opened"]


def test_an_open_alert_follows_its_condition(rig: Rig) -> None:
    rig.backup()
    rig.clock.move(hours=30)
    sweep(rig)
    first = open_alerts(rig)["backup_age"]
    draw_all(rig)
    rig.clock.move(hours=1)
    sweep(rig)
    second = open_alerts(rig)["backup_age"]
    assert second.id == first.id
    assert (first.summary != second.summary, second.version) == (True, first.version + 1)
    assert len(rig.services.drawings.due()) == 1


def test_a_condition_that_comes_back_is_another_alert(rig: Rig) -> None:
    with out_of_reach(rig) as broken:
        sweep(broken)
        first = open_alerts(broken)["database"]
        sweep(rig)
        sweep(broken)
    assert open_alerts(rig)["database"].id != first.id


def test_what_is_not_known_opens_an_alert_and_never_resolves_one(rig: Rig) -> None:
    with shipping_logs(rig) as shipping, out_of_reach(shipping) as broken:
        assert states(sweep(broken))["log_shipping"] is CheckState.UNKNOWN
        assert open_alerts(rig)["log_shipping"].severity is CheckState.UNKNOWN
        assert states(sweep(shipping))["log_shipping"] is CheckState.FAILED
        failed = open_alerts(rig)["log_shipping"]
        sweep(broken)
    unknown = open_alerts(rig)["log_shipping"]
    assert (unknown.id, failed.severity, unknown.severity) == (failed.id, CheckState.FAILED, CheckState.UNKNOWN)


@contextmanager
def shipping_logs(rig: Rig) -> Iterator[Rig]:
    """The same house, told that the server (whose archive_mode is off) ships its logs."""
    with rig.rebuilt(rig.setup.changed(log_shipping=True)) as other:
        yield other


def test_an_alert_of_a_check_that_the_settings_dropped_resolves(rig: Rig) -> None:
    with shipping_logs(rig) as shipping:
        sweep(shipping)
        assert "log_shipping" in open_alerts(rig)
    sweep(rig)
    assert "log_shipping" not in open_alerts(rig)
    assert "backup_age" in open_alerts(rig), "what is still measured stays open"


def test_a_backup_from_the_future_does_not_resolve_the_alert(rig: Rig) -> None:
    sweep(rig)
    rig.clock.move(hours=5)
    rig.backup()
    rig.clock.move(hours=-4)
    assert states(sweep(rig))["backup_age"] is CheckState.UNKNOWN
    assert open_alerts(rig)["backup_age"].severity is CheckState.UNKNOWN


def test_a_sweep_that_comes_late_changes_nothing(rig: Rig) -> None:
    rig.backup()
    newest = sweep(rig)
    rig.clock.move(minutes=-5)
    with out_of_reach(rig) as broken:
        assert states(sweep(broken))["database"] is CheckState.FAILED
    assert open_alerts(rig) == {}
    assert rig.services.health.latest() == [newest]


def test_a_scheduled_backup_that_does_not_start_is_an_alert_until_one_does(rig: Rig) -> None:
    rig.backup()
    with rig.rebuilt(rig.setup.changed(schedule="0 12 * * *")) as scheduled:
        sweep(scheduled)
        assert open_alerts(rig) == {}
        fire = rig.clock.now().replace(hour=12, minute=0)
        rig.clock.set(fire + timedelta(minutes=11))
        sweep(scheduled)
        assert "due at 2026-11-22 12:00 UTC has not started" in open_alerts(rig)["backup_schedule"].summary
        operation = scheduled.services.backups.request_scheduled(TARGET, fire)
        assert operation is not None
        scheduled.run(operation)
        sweep(scheduled)
    assert "backup_schedule" not in open_alerts(rig)


def test_silence_is_an_alert_until_the_target_is_swept_again(rig: Rig) -> None:
    rig.backup()
    sweep(rig)
    rig.sweeps.watch_silence()
    assert open_alerts(rig) == {}
    rig.clock.move(seconds=STALE.total_seconds() + 1)
    for _ in range(2):
        rig.sweeps.watch_silence()
        assert [alert.condition for alert in open_alerts(rig).values()] == [SILENCE]
    assert "no sweep in the last 3 minutes" in open_alerts(rig)[SILENCE].summary
    sweep(rig)
    rig.sweeps.watch_silence()
    assert open_alerts(rig) == {}


def test_health_is_that_of_the_last_sweep_until_it_is_stale(rig: Rig) -> None:
    swept = sweep(rig)
    rig.clock.move(seconds=STALE.total_seconds())
    assert rig.services.health.latest() == [swept]
    rig.clock.move(seconds=1)
    (stale,) = rig.services.health.latest()
    assert stale.verdict is CheckState.UNKNOWN
    assert [check.name for check in stale.checks] == [SILENCE]
    assert "the last one was at 2026-11-22 10:16 UTC" in stale.checks[0].summary


def test_health_without_any_sweep_is_unknown(rig: Rig) -> None:
    (never,) = rig.services.health.latest()
    assert never.verdict is CheckState.UNKNOWN
    assert "there was none yet" in never.checks[0].summary


def test_a_glance_shows_what_runs_what_is_open_and_what_is_next(rig: Rig) -> None:
    backup_id = rig.backup().result["backup_id"]
    with rig.rebuilt(rig.setup.changed(schedule="0 12 * * *", timezone="Europe/Berlin", rpo="12h")) as scheduled:
        queued = scheduled.services.backups.request(TARGET, OPERATOR)
        (status,) = scheduled.services.overview.targets()
    assert (status.name, status.database, status.rpo_seconds) == (TARGET, rig.target.name, 12 * 3600)
    assert status.newest_backup is not None
    assert status.newest_backup.id == backup_id
    assert (status.running, status.recent[0].id, len(status.recent)) == (None, queued.id, 2)
    assert status.next_backup_at == rig.clock.now().replace(hour=11, minute=0)
