"""The queue's tasks, by Procrastinate: one lock a target, a queue a worker group, heartbeats, retries."""

from __future__ import annotations

import asyncio
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import procrastinate
import psycopg
from procrastinate.exceptions import ConnectorException

from bot.errors import BaselinerError, DatabaseUnreachable, Interrupted
from bot.models import Operation, OperationKind, OperationState
from bot.operations.abandoned import Abandoned
from bot.operations.asides import Asides
from bot.operations.audit_heads import AuditHeads
from bot.operations.holding import TargetBusy
from bot.operations.leftovers import Leftovers
from bot.operations.pruning import Pruning
from bot.operations.runner import Runner
from bot.operations.sweep import Sweeps
from bot.runtime.stop import StopSignal
from bot.settings import Settings
from bot.store.database import Connection

_log = logging.getLogger(__name__)
_RUN = "baseliner.run_operation"
_SWEEP = "baseliner.sweep"
_PRUNE = "baseliner.prune"
_EXPORT_HEAD = "baseliner.export_audit_head"
_LOOK_EVERY = 0.2
_POLL = 1.0
"""Seconds after which a job is found whose lock has become free, of which the queue tells nobody."""
_HEARTBEAT = 3.0
_STALLED = 12.0
"""Seconds without a heartbeat after which a worker counts as dead and its jobs are taken up."""
_LOCKING = (OperationKind.BACKUP, OperationKind.RESTORE, OperationKind.UNDO)
_LONG = (*_LOCKING, OperationKind.DRILL)


def watch_queue(queue: str) -> str:
    """Short work has a queue of its own, so that it never waits behind long work."""
    return f"{queue}.watch"


class JobQueue:
    """Defers jobs in the caller's transaction."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._app = procrastinate.App(connector=procrastinate.SyncPsycopgConnector())

    def defer_operation(self, connection: Connection, operation: Operation) -> None:
        planning = operation.state is OperationState.PLANNING
        long = operation.kind in _LONG and not planning
        locking = operation.kind in _LOCKING and not planning
        queue = self._settings.targets[operation.target].queue
        self._app.configure_task(
            _RUN,
            lock=f"target:{operation.target}" if locking else None,
            queue=queue if long else watch_queue(queue),
            connection=connection,
        ).defer(operation_id=operation.id)

    def defer_sweep(self, connection: Connection, target: str) -> None:
        """At most one waits for each target."""
        self._defer_once(connection, _SWEEP, target, watch_queue(self._settings.targets[target].queue))

    def defer_prune(self, connection: Connection, target: str) -> None:
        """At most one waits for each target; it runs when no operation holds the target."""
        queue = self._settings.targets[target].queue
        self._defer_once(connection, _PRUNE, target, queue, lock=f"target:{target}")

    def defer_audit_export(self, connection: Connection, target: str) -> None:
        """At most one waits for each target."""
        self._defer_once(connection, _EXPORT_HEAD, target, watch_queue(self._settings.targets[target].queue))

    def _defer_once(self, connection: Connection, task: str, target: str, queue: str, lock: str | None = None) -> None:
        try:
            with connection.transaction():
                self._app.configure_task(
                    task, queueing_lock=f"{task}:{target}", lock=lock, queue=queue, connection=connection
                ).defer(target=target)
        except procrastinate.exceptions.AlreadyEnqueued:
            _log.debug("%s of %s waits already", task, target)


@dataclass(frozen=True)
class Work:
    """What the tasks call."""

    runner: Runner
    sweeps: Sweeps
    asides: Asides
    pruning: Pruning
    audit_heads: AuditHeads
    leftovers: Leftovers
    abandoned: Abandoned


class Worker:
    """Runs the tasks of one queue until `stop` is set; survives the loss of the state database."""

    def __init__(self, dsn: str, queue: str, work: Work, concurrency: int = 4) -> None:
        self._dsn = dsn
        self._queue = queue
        self._work = work
        self._concurrency = concurrency
        self._stop_jobs = StopSignal()

    def run(self, stop: threading.Event) -> None:
        asyncio.run(self._run(stop))

    async def _run(self, stop: threading.Event) -> None:
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(self._concurrency * 3 + 4))
        while not stop.is_set():
            try:
                await self._serve(stop)
            except (psycopg.Error, ConnectorException, DatabaseUnreachable, OSError) as error:
                _log.warning("the worker lost the state database and tries again: %s", error)
            await asyncio.to_thread(stop.wait, 0 if stop.is_set() else 1.0)

    async def _serve(self, stop: threading.Event) -> None:
        connector = procrastinate.PsycopgConnector(conninfo=self._dsn, min_size=2, max_size=10)
        app = self._app(connector)
        async with app.open_async():
            tidying = asyncio.create_task(asyncio.to_thread(self._tidy))
            workers = [
                asyncio.create_task(self._work_off(app, self._queue, self._concurrency)),
                asyncio.create_task(self._work_off(app, watch_queue(self._queue), self._concurrency)),
            ]
            rescue = asyncio.create_task(_rescue_stalled(app))
            ended = asyncio.create_task(_until(stop))
            await asyncio.wait([*workers, rescue, ended], return_when=asyncio.FIRST_COMPLETED)
            if stop.is_set():
                self._stop_jobs.set("Baseliner is shutting down")
            for task in (rescue, *workers):
                task.cancel()
            results = await asyncio.gather(rescue, *workers, tidying, return_exceptions=True)
            ended.cancel()
            for result in results:
                if isinstance(result, Exception):
                    raise result

    def _tidy(self) -> None:
        """Of this host; nothing waits for it, nor fails with it."""
        try:
            self._work.abandoned.remove()
        except (BaselinerError, psycopg.Error, OSError) as error:
            _log.warning("the staging area was not tidied, the next sweep tries again: %s", error)

    async def _work_off(self, app: procrastinate.App, queue: str, concurrency: int) -> None:
        await app.run_worker_async(
            queues=[queue],
            name=queue,
            concurrency=concurrency,
            fetch_job_polling_interval=_POLL,
            install_signal_handlers=False,
            update_heartbeat_interval=_HEARTBEAT,
            stalled_worker_timeout=_STALLED,
            shutdown_graceful_timeout=30,
        )

    def _app(self, connector: procrastinate.PsycopgConnector) -> procrastinate.App:
        app = procrastinate.App(connector=connector)
        again = procrastinate.RetryStrategy(
            wait=5, retry_exceptions={TargetBusy, Interrupted, DatabaseUnreachable, psycopg.OperationalError}
        )

        @app.task(name=_RUN, retry=again)
        def run_operation(operation_id: str) -> None:
            self._work.runner.run(operation_id, self._stop_jobs)

        @app.task(name=_SWEEP)
        def sweep(target: str) -> None:
            self._work.sweeps.sweep(target, self._stop_jobs)
            self._tidy()
            self._work.leftovers.settle_due(target)
            self._work.runner.clean_up_due(target)
            self._work.asides.remove_due(target)

        @app.task(name=_PRUNE, retry=again)
        def prune(target: str) -> None:
            self._work.pruning.prune(target)

        @app.task(name=_EXPORT_HEAD)
        def export_audit_head(target: str) -> None:
            self._work.audit_heads.export(target)

        return app


async def _rescue_stalled(app: procrastinate.App) -> None:
    """Give the jobs of dead workers to living ones."""
    while True:
        for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=_STALLED):
            _log.warning("job %s of a dead worker is taken up again", job.id)
            await app.job_manager.retry_job(job)
        await asyncio.sleep(_HEARTBEAT)


async def _until(stop: threading.Event) -> None:
    """Looks at it often: a thread that waited for it would be left behind with every connection that is lost."""
    while not stop.is_set():
        await asyncio.sleep(_LOOK_EVERY)
