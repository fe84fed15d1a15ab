"""The sweep of a target: measured every minute, judged, and turned into alerts that open once and close in place."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import psycopg

from bot.errors import BaselinerError
from bot.models import Actor, Check, Checklist, CheckState, Operation, ScheduleName, SubjectKind, Surface
from bot.operations.backups import Backups
from bot.operations.checklists import judge_backup_age, judge_drill, unknown
from bot.operations.context import Context
from bot.operations.health import SILENCE, Health
from bot.operations.schedules import Schedule, schedule_of
from bot.operations.storage_checks import COPIES, OFF_HOST, check_copies, check_off_host
from bot.operations.upkeep_checks import ScheduleFacts, judge_prune, judge_schedule, say_paused
from bot.postgres.connection import server_of
from bot.postgres.facts import server_facts
from bot.postgres.wal import judge_log_shipping, log_shipping
from bot.runtime.stop import StopSignal
from bot.settings import TargetSettings
from bot.store import audit, messages, observations, operations, prunes, schedules
from bot.store.database import Connection

_ALERTING_WARNINGS = (COPIES,)
WATCHMAN = Actor("watch", "the watch", Surface.SCHEDULE)


class Sweeps:
    def __init__(self, context: Context, backups: Backups, health: Health) -> None:
        self._context = context
        self._backups = backups
        self._health = health

    def sweep(self, target: str, stop: StopSignal) -> Checklist:
        """Check the target and let its alerts follow."""
        checklist = self.checklist(target, stop)
        with self._context.database.transaction() as connection:
            if observations.record_sweep(connection, checklist):
                for check in checklist.checks:
                    self._follow(connection, target, check)
                self._drop_unmeasured(connection, checklist)
        return checklist

    def watch_silence(self) -> None:
        """A target that no worker sweeps any more is an alert too: silence is not health."""
        for checklist in self._health.latest():
            silent = next((check for check in checklist.checks if check.name == SILENCE), None)
            with self._context.database.transaction() as connection:
                heard = Check(SILENCE, "The target is watched", CheckState.PASSED, "swept within 3 minutes")
                self._follow(connection, checklist.target, silent or heard)

    def checklist(self, target: str, stop: StopSignal) -> Checklist:
        """Measure now; one that cannot be measured is unknown."""
        settings = self._context.target(target)
        checks = [
            self._measured("database", "The database answers", lambda: self._database(settings)),
            self._measured("backup_age", "Newest backup within the RPO", lambda: self._backup_age(target, settings)),
        ]
        if (schedule := schedule_of(settings, ScheduleName.BACKUP)) is not None:
            title = "Scheduled backups run"
            checks.append(self._measured("backup_schedule", title, lambda: self._schedule(target, schedule)))
        if settings.retention is not None:
            checks.append(self._measured("retention", "Old backups are removed", lambda: self._retention(target)))
        if settings.drill.schedule is not None or self._last_drill(target) is not None:
            checks.append(self._measured("drill", "Backups come back", lambda: judge_drill(self._last_drill(target))))
        checks.append(self._measured(*OFF_HOST, lambda: check_off_host(self._context, target)))
        if len(settings.storage) > 1:
            title = "Backups are copied to the other storages"
            checks.append(self._measured(COPIES, title, lambda: check_copies(self._context, target)))
        if settings.log_shipping:
            title = "Log shipping runs"
            checks.append(self._measured("log_shipping", title, lambda: self._log_shipping(settings)))
        stop.check()
        return Checklist(target, self._context.now(), tuple(checks))

    def _measured(self, name: str, title: str, measure: Callable[[], Check]) -> Check:
        try:
            return measure()
        except BaselinerError as error:
            return unknown(name, title, error, error.remedy)
        except psycopg.Error as error:
            return unknown(name, title, error)

    def _database(self, settings: TargetSettings) -> Check:
        name, title = "database", "The database answers"
        try:
            with server_of(settings, self._context.environment).connect() as connection:
                facts = server_facts(connection)
        except BaselinerError as error:
            return Check(name, title, CheckState.FAILED, str(error), error.remedy)
        return Check(name, title, CheckState.PASSED, f"PostgreSQL {facts.version}")

    def _backup_age(self, target: str, settings: TargetSettings) -> Check:
        newest = self._backups.newest_first(target, 1)
        with self._context.database.transaction() as connection:
            pause = schedules.pause_of(connection, target, ScheduleName.BACKUP)
        check = judge_backup_age(newest[0] if newest else None, settings.rpo, self._context.now())
        return say_paused(check, pause)

    def _schedule(self, target: str, schedule: Schedule) -> Check:
        with self._context.database.transaction() as connection:
            heard = schedules.heard(connection).get((target, schedule.name))
            known = [
                moment
                for moment in (heard.until if heard else None, operations.last_fire(connection, target))
                if moment is not None
            ]
            facts = ScheduleFacts(
                last=operations.last_scheduled(connection, target),
                since=max(known, default=None) or observations.first_seen(connection, target),
                held=heard.held if heard else None,
                pause=schedules.pause_of(connection, target, schedule.name),
            )
        return judge_schedule(schedule, facts, self._context.now())

    def _retention(self, target: str) -> Check:
        with self._context.database.transaction() as connection:
            return judge_prune(prunes.last(connection, target))

    def _last_drill(self, target: str) -> Operation | None:
        with self._context.database.transaction() as connection:
            return operations.last_drill(connection, target)

    def _log_shipping(self, settings: TargetSettings) -> Check:
        with server_of(settings, self._context.environment).connect() as connection:
            return judge_log_shipping(log_shipping(connection), self._context.now())

    def _follow(self, connection: Connection, target: str, check: Check) -> None:
        now = self._context.now()
        if check.state.blocks or (check.name in _ALERTING_WARNINGS and check.state is CheckState.WARNING):
            opened = observations.open_alert(connection, target, check, now)
            if opened is not None:
                place = self._context.settings.slack.channels.alerts
                messages.want(connection, SubjectKind.ALERT, str(opened), place, now)
                self._audit(connection, now, target, check, "opened")
        elif observations.resolve_alert(connection, target, check.name, now) is not None:
            self._audit(connection, now, target, check, "resolved")

    def _drop_unmeasured(self, connection: Connection, checklist: Checklist) -> None:
        """Alerts of checks that the settings do not ask for any more; what could not be measured is in the list."""
        measured = {SILENCE, *(check.name for check in checklist.checks)}
        for alert in observations.open_alerts(connection, checklist.target):
            if alert.condition not in measured:
                dropped = Check(alert.condition, alert.title, CheckState.PASSED, "not measured any more")
                self._follow(connection, checklist.target, dropped)

    def _audit(self, connection: Connection, now: datetime, target: str, check: Check, result: str) -> None:
        detail = {"condition": check.name, "summary": check.summary}
        before, after = (None, "open") if result == "opened" else ("open", "resolved")
        audit.append(
            connection, now, WATCHMAN, "alert", result, target=target, before=before, after=after, detail=detail
        )
