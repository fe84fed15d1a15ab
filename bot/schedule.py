"""The leader's clockwork, by APScheduler. A fire only writes and defers; the work is a worker's."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.date import DateTrigger

from bot.operations.approvals import Approvals
from bot.operations.context import Context
from bot.operations.firing import Schedules
from bot.operations.orphans import adopt
from bot.operations.schedules import schedules_of
from bot.operations.sweep import Sweeps
from bot.operations.windows import Windows
from bot.store import prunes

_log = logging.getLogger(__name__)
_GRACE = 600
SWEEP_SECONDS = 60
PRUNE_EVERY = timedelta(days=1)


class Clockwork:
    def __init__(
        self, context: Context, schedules: Schedules, windows: Windows, approvals: Approvals, sweeps: Sweeps
    ) -> None:
        self._context = context
        self._schedules = schedules
        self._windows = windows
        self._approvals = approvals
        self._sweeps = sweeps

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
        self._every(scheduler, "approvals", 5, self._approvals.expire)
        self._every(scheduler, "prunes", 600, self._defer_prunes)
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
