"""The second half of every operation: taken up by one worker, run, judged, written down."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, Protocol

import psycopg
from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_fixed

from bot.errors import BaselinerError, Interrupted, PlanVoid
from bot.models import Actor, Failure, Operation, OperationKind, OperationState, SubjectKind
from bot.operations.cancelling import listening
from bot.operations.context import Context
from bot.operations.holding import holding, lock_key
from bot.operations.journal import Journal
from bot.operations.records import record
from bot.postgres.errors import passes
from bot.runtime.stop import StopSignal
from bot.store import leftovers, messages, operations, staging
from bot.store.database import Connection

_log = logging.getLogger(__name__)
_CAN_START = (OperationState.QUEUED, OperationState.RUNNING)
_RUNNING = (OperationState.RUNNING,)


class Job(Protocol):
    """What one kind of operation does. Everything that it starts, `clean_up` can end, whatever it was doing."""

    locks_target: bool
    threaded: bool
    """its steps are told in the thread"""
    attempts: int
    """how often it may begin anew after its worker was killed or stopped"""
    patience: float
    """for how many seconds its clean-up waits for a server that is away"""

    def run(self, operation: Operation, journal: Journal, stop: StopSignal) -> Mapping[str, Any]:
        """Do it all and return the result."""
        ...

    def clean_up(self, operation: Operation, journal: Journal, /) -> str:
        """Leave nothing half done; called after any failure. Returns what was left as it was, in a sentence."""
        ...


class Planner(Protocol):
    """Makes the plan of an operation that needs approval."""

    def plan(self, operation: Operation, stop: StopSignal) -> None: ...


class Runner:
    def __init__(self, context: Context, jobs: Mapping[OperationKind, Job], planner: Planner) -> None:
        self._context = context
        self._jobs = jobs
        self._planner = planner

    def run(
        self, operation_id: str, stop: StopSignal, *, wait: float = 15.0, can_resume: bool = True
    ) -> Operation | None:
        """Run it to its end, or not at all when it has ended or is not ready. Returns how it stands then.

        Raises TargetBusy when the target stays held for `wait` seconds, Interrupted when told to stop and the next
        worker is to go on. `can_resume=False`: told to stop, the operation has failed.
        """
        operation = self._load(operation_id)
        if operation is not None and operation.state is OperationState.PLANNING:
            self._planner.plan(operation, stop)
            return self._load(operation_id)
        if operation is None or operation.state not in _CAN_START:
            return operation
        job = self._jobs[operation.kind]
        key = lock_key(operation, locks_target=job.locks_target)
        then = "It runs as soon as the other one has ended."
        with holding(self._context, key, operation.target, wait, then):
            started = self._start(operation_id)
            if started is not None:
                self._run(started, job, stop, can_resume=can_resume)
        return self._load(operation_id)

    def cancel(self, operation_id: str) -> bool:
        """One that nobody has begun is not begun any more. False when it was begun or has ended."""
        now = self._context.now()
        with self._context.database.transaction() as connection:
            before = (OperationState.PLANNING, OperationState.QUEUED)
            cancelled = operations.transition(connection, operation_id, before, OperationState.CANCELLED, now)
            operation = operations.get(connection, operation_id)
            if cancelled and operation is not None:
                self._audit(connection, operation, OperationState.CANCELLED, {})
        return cancelled

    def _run(self, operation: Operation, job: Job, stop: StopSignal, *, can_resume: bool) -> None:
        journal = Journal(self._context, operation, threaded=job.threaded)
        try:
            _demand_attempts(operation, job)
            with listening(self._context, operation, stop) as own_stop:
                result = job.run(operation, journal, own_stop)
        except Exception as error:
            if not self._still_ours(operation):
                raise
            left = self._clean_up(operation, job, journal)
            if isinstance(error, Interrupted) and (asked_by := self._cancelled_by(operation)) is not None:
                self._end(operation, OperationState.CANCELLED, failure=_called_off(asked_by, left))
                return
            if isinstance(error, Interrupted) and can_resume and operation.attempt < job.attempts:
                self._end(operation, OperationState.QUEUED)
                raise
            self._fail(operation, error, left)
            if isinstance(error, Interrupted):
                return
            if not isinstance(error, BaselinerError):
                _log.exception("operation %s failed unexpectedly", operation.id)
            return
        self._end(operation, OperationState.DONE, result=result)

    def _clean_up(self, operation: Operation, job: Job, journal: Journal) -> str:
        patiently = Retrying(
            retry=retry_if_exception(passes), stop=stop_after_delay(job.patience), wait=wait_fixed(2), reraise=True
        )
        try:
            left = patiently(job.clean_up, operation, journal)
        except (BaselinerError, psycopg.Error, OSError) as error:
            _log.exception("operation %s could not be cleaned up", operation.id)
            journal.remember(**{leftovers.UNCLEANED: True})
            return _uncleaned(error)
        if journal.memory.get(leftovers.UNCLEANED):
            journal.remember(**{leftovers.UNCLEANED: None})
        return left

    def clean_up_due(self, target: str) -> list[str]:
        """Clean up after operations where that failed before, while nobody works on the target. Returns their ids."""
        with self._context.database.transaction() as connection:
            found = leftovers.uncleaned(connection, target)
        done = []
        for operation in found:
            job = self._jobs[operation.kind]
            try:
                with holding(self._context, lock_key(operation, locks_target=job.locks_target), target, 0.1, ""):
                    left = job.clean_up(operation, Journal(self._context, operation, threaded=False))
            except (BaselinerError, psycopg.Error, OSError) as error:
                _log.info("operation %s cannot be cleaned up yet: %s", operation.id, error)
                continue
            with self._context.database.transaction() as connection:
                leftovers.cleaned(connection, operation.id, left)
            done.append(operation.id)
        return done

    def _start(self, operation_id: str) -> Operation | None:
        now = self._context.now()
        with self._context.database.transaction() as connection:
            if not operations.transition(connection, operation_id, _CAN_START, OperationState.RUNNING, now):
                return None
            started = operations.get(connection, operation_id)
            if started is not None and started.attempt == 1:
                staging.begin(connection, operation_id)
            return started

    def _fail(self, operation: Operation, error: Exception, left: str) -> None:
        known = isinstance(error, BaselinerError)
        failure = Failure(
            message=str(error) if known else f"Unexpected {type(error).__name__}: {error}",
            remedy=getattr(error, "remedy", "") or "Look into the log for this operation's id.",
            left_as_it_was=left,
            details=_details(error),
        )
        state = OperationState.VOIDED if isinstance(error, PlanVoid) else OperationState.FAILED
        self._end(operation, state, failure=failure)

    def _end(
        self,
        operation: Operation,
        state: OperationState,
        *,
        result: Mapping[str, Any] | None = None,
        failure: Failure | None = None,
    ) -> None:
        now = self._context.now()
        with self._context.database.transaction() as connection:
            moved = operations.transition(
                connection,
                operation.id,
                _RUNNING,
                state,
                now,
                result=result,
                failure=failure,
                attempt=operation.attempt,
            )
            if not moved or not state.ended:
                return
            operations.fail_running_steps(connection, operation.id, now)
            self._audit(connection, operation, state, {"failure": failure.message} if failure else dict(result or {}))
            if failure is not None and failure.details:
                self._want_details(connection, operation)

    def _audit(
        self, connection: Connection, operation: Operation, state: OperationState, detail: Mapping[str, Any]
    ) -> None:
        record(self._context, connection, operation, operation.requester, "run", state, detail)

    def _want_details(self, connection: Connection, operation: Operation) -> None:
        parent = messages.headline(connection, SubjectKind.OPERATION, operation.id)
        if parent is not None:
            messages.want(
                connection,
                SubjectKind.FAILURE,
                operation.id,
                parent.channel,
                self._context.now(),
                thread_of=parent.id,
            )

    def _cancelled_by(self, operation: Operation) -> Actor | None:
        with self._context.database.transaction() as connection:
            current = operations.get(connection, operation.id)
        if current is None or current.past_return:
            return None
        return current.cancel_asked_by

    def _still_ours(self, operation: Operation) -> bool:
        current = self._load(operation.id)
        return current is not None and current.attempt == operation.attempt

    def _load(self, operation_id: str) -> Operation | None:
        with self._context.database.transaction() as connection:
            return operations.get(connection, operation_id)


def _demand_attempts(operation: Operation, job: Job) -> None:
    if operation.attempt > job.attempts:
        raise BaselinerError(
            f"Its worker was killed or stopped {job.attempts} times.", "Find out what kills it, then ask again."
        )


def _uncleaned(error: Exception) -> str:
    said = " ".join(str(error).split())
    remedy = getattr(error, "remedy", "") or "Look at the target meanwhile."
    told = [
        "Cleaning up failed too, and is tried again with each sweep:",
        said,
        *getattr(error, "__notes__", ()),
        remedy,
    ]
    return " ".join(told)


def _called_off(asked_by: Actor, left: str) -> Failure:
    return Failure(
        message=f"Cancelled by {asked_by.name}.", remedy="Ask for it again when it suits.", left_as_it_was=left
    )


def _details(error: Exception) -> str:
    stderr = getattr(error, "stderr", "")
    differences = getattr(error, "differences", ())
    return "\n".join([str(stderr).strip(), *map(str, differences)]).strip()[-6000:]
