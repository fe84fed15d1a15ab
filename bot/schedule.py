"""The leader's clockwork, by APScheduler. A fire only writes and defers; the work is a worker's."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.date import DateTrigger

from bot.operations.audit_heads import is_export_due
from bot.operations.context import Context
from bot.operations.deadlines import Deadlines
from bot.operations.firing import Schedules
from bot.operations.orphans import adopt
from bot.operations.reports import Reports
from bot.operations.schedules import schedules_of
from bot.operations.sweep import Sweeps
from bot.operations.windows import Windows
from bot.store import audit_exports, prunes

_log = logging.getLogger(__name__)
_GRACE = 600
SWEEP_SECONDS = 60
_SWEPT_WITHIN = timedelta(minutes=3)
PRUNE_EVERY = timedelta(days=1)


class Clockwork:
    def __init__(
        self,
        context: Context,
        schedules: Schedules,
        windows: Windows,
        deadlines: Deadlines,
        sweeps: Sweeps,
        reports: Reports,
    ) -> None:
        self._context = context
        self._schedules = schedules
        self._windows = windows
        self._deadlines = deadlines
        self._sweeps = sweeps
        self._reports = reports

    @contextmanager
    def running(self) -> Generator[None]:
        """Wound up inside the block."""
        scheduler = BackgroundScheduler(
            timezone=UTC, job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": _GRACE}
        )
        self._add_fires(scheduler)
        self._every(scheduler, "sweeps", SWEEP_SECONDS, self._defer_sweeps)
        self._every(scheduler, "silence", SWEEP_SECONDS, self._sweeps.watch_silence, first_after=240)
        self._every(scheduler, "windows", 5, lambda: self._set_windows(scheduler))
        self._every(scheduler, "deadlines", 5, self._deadlines.advance)
        self._every(scheduler, "prunes", 600, self._defer_prunes)
        self._every(scheduler, "audit_exports", 600, self._defer_audit_exports)
        self._add_report(scheduler)
        self._every(scheduler, "orphans", 10, lambda: adopt(self._context))
        scheduler.start()
        try:
            yield
        finally:
            scheduler.shutdown(wait=True)

    def _add_fires(self, scheduler: BackgroundScheduler) -> None:
        """Each at its second; those that jitter delays, a window held or nobody heard are found by looking often."""
        for target, settings in self._context.settings.targets.items():
            for schedule in schedules_of(settings):
                scheduler.add_job(self._schedules.advance, schedule.trigger, id=f"{schedule.name}:{target}")
        self._every(scheduler, "schedules", 5, self._schedules.advance)

    def _add_report(self, scheduler: BackgroundScheduler) -> None:
        """At its second; one that nobody heard is found by looking often."""
        settings = self._context.settings.report
        if settings.enabled:
            at = CronTrigger(hour=settings.at.hour, minute=settings.at.minute, timezone=settings.timezone)
            begun = self._context.now()
            scheduler.add_job(self._report, at, [begun], id="report")
            self._every(scheduler, "reports", 5, lambda: self._report(begun))

    def _report(self, begun: datetime) -> None:
        """After a start the first sweeps are waited for: a report that knows nothing yet would alarm for nothing."""
        if self._context.now() - begun >= _SWEPT_WITHIN or self._reports.informed():
            self._reports.advance()

    def _defer_audit_exports(self) -> None:
        """Once a day in UTC for each target; every hour where that failed."""
        now = self._context.now()
        with self._context.database.transaction() as connection:
            last = audit_exports.last(connection)
            for target in self._context.settings.targets:
                if is_export_due(last.get(target), now):
                    self._context.queue.defer_audit_export(connection, target)

    def _defer_prunes(self) -> None:
        """Once a day where no newer backup has done it."""
        with self._context.database.transaction() as connection:
            for target, settings in self._context.settings.targets.items():
                last = prunes.last(connection, target)
                due = last is None or self._context.now() - last.ran_at >= PRUNE_EVERY
                if settings.retention is not None and due:
                    self._context.queue.defer_prune(connection, target)

    def _defer_sweeps(self) -> None:
        for target in self._context.settings.targets:
            with self._context.database.transaction() as connection:
                self._context.queue.defer_sweep(connection, target)

    def _set_windows(self, scheduler: BackgroundScheduler) -> None:
        """Edges that are due are made; those to come get a trigger of their own, to the second."""
        self._windows.advance()
        for window in self._windows.upcoming():
            for edge, at in (("start", window.starts_at), ("end", window.ends_at)):
                if at > self._context.now():
                    scheduler.add_job(
                        self._windows.advance,
                        DateTrigger(at),
                        id=f"window:{window.id}:{edge}",
                        replace_existing=True,
                    )

    def _every(
        self,
        scheduler: BackgroundScheduler,
        name: str,
        seconds: int,
        act: Callable[[], object],
        *,
        first_after: int = 0,
    ) -> None:
        first = datetime.now(UTC) + timedelta(seconds=first_after)
        scheduler.add_job(act, "interval", seconds=seconds, id=name, next_run_time=first)
