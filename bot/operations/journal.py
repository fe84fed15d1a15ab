"""The persisted course of a running operation: steps, progress, memory. Every write is fenced by the attempt."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot.errors import Interrupted
from bot.models import POINTS_OF_NO_RETURN, Operation, Progress, StepState, SubjectKind
from bot.operations.context import Context
from bot.store import cancels, messages, operations
from bot.store.database import Connection

_EVERY = timedelta(seconds=1)


@dataclass
class StepNotes:
    """What the running step has to say when it is done."""

    detail: str = ""


class Journal:
    """Raises Interrupted as soon as another worker has taken the operation over."""

    def __init__(self, context: Context, operation: Operation, *, threaded: bool) -> None:
        self._context = context
        self._operation = operation
        self._threaded = threaded
        self._meter = _Meter()
        with context.database.transaction() as connection:
            self._memory = operations.memory(connection, operation.id)

    @property
    def operation_id(self) -> str:
        return self._operation.id

    def plan(self, steps: Sequence[tuple[str, str]]) -> None:
        with self._context.database.transaction() as connection:
            operations.plan_steps(connection, self._operation.id, steps)

    @contextmanager
    def step(self, name: str) -> Generator[StepNotes]:
        """Persist the step before it acts, and its end after."""
        self._begin(name)
        notes = StepNotes()
        try:
            yield notes
        except BaseException as error:
            self._set(name, StepState.FAILED, str(error).splitlines()[0] if str(error) else type(error).__name__)
            raise
        self._set(name, StepState.DONE, notes.detail)

    def found_done(self, name: str, detail: str) -> None:
        """A step that an earlier worker brought to its end without writing that down."""
        self._set(name, StepState.DONE, detail)

    def skip(self, name: str, why: str) -> None:
        self._set(name, StepState.SKIPPED, why)

    def remember(self, **memory: Any) -> None:
        """Persist what the next worker must find if this one is killed."""
        with self._context.database.transaction() as connection:
            self._owned(operations.remember(connection, self._operation.id, self._operation.attempt, memory))
        self._memory.update(memory)

    @property
    def memory(self) -> Mapping[str, Any]:
        """What this and earlier attempts remembered; at hand even while the state database is away."""
        return self._memory

    def progress(self, done: int, expected: int | None) -> None:
        """Cheap; persisted about once a second."""
        measured = self._meter.measure(done, expected, self._context.now())
        if measured is None:
            return
        with self._context.database.transaction() as connection:
            self._owned(operations.set_progress(connection, self._operation.id, self._operation.attempt, measured))

    def _begin(self, name: str) -> None:
        """The point of no return is passed only where nobody has called the operation off before."""
        operation = self._operation
        if POINTS_OF_NO_RETURN.get(operation.kind) == name:
            with self._context.database.transaction() as connection:
                operations.get(connection, operation.id, lock=True)
                asked_by = cancels.cancel_asked_by(connection, operation.id)
                if asked_by is not None:
                    raise Interrupted(f"Interrupted: cancelled by {asked_by.name}")
                self._write(connection, name, StepState.RUNNING, "")
        else:
            self._set(name, StepState.RUNNING, "")

    def _set(self, name: str, state: StepState, detail: str) -> None:
        with self._context.database.transaction() as connection:
            self._write(connection, name, state, detail)

    def _write(self, connection: Connection, name: str, state: StepState, detail: str) -> None:
        now = self._context.now()
        step = operations.set_step(
            connection, self._operation.id, self._operation.attempt, name, state, now, detail[:500]
        )
        self._owned(step is not None)
        if step is not None and self._threaded:
            self._want_message(connection, step.position, now)

    def _want_message(self, connection: Connection, position: int, now: datetime) -> None:
        parent = messages.headline(connection, SubjectKind.OPERATION, self._operation.id)
        if parent is None:
            return
        messages.want(
            connection,
            SubjectKind.STEP,
            self._operation.id,
            parent.channel,
            now,
            detail=str(position),
            thread_of=parent.id,
        )

    def _owned(self, still_ours: bool) -> None:
        if not still_ours:
            raise Interrupted(
                f"Another worker has taken operation {self._operation.id} over.", "Look at its message for the outcome."
            )


class _Meter:
    """Rate over the last seconds, and the time left by it."""

    def __init__(self) -> None:
        self._seen: list[tuple[datetime, int]] = []

    def measure(self, done: int, expected: int | None, now: datetime) -> Progress | None:
        if self._seen and now - self._seen[-1][0] < _EVERY and done >= self._seen[-1][1]:
            return None
        if self._seen and done < self._seen[-1][1]:
            self._seen.clear()
        self._seen.append((now, done))
        self._seen = self._seen[-10:]
        first_time, first_done = self._seen[0]
        seconds = (now - first_time).total_seconds()
        rate = (done - first_done) / seconds if seconds > 0 else None
        left = max(expected - done, 0) / rate if rate and expected else None
        return Progress(done, expected, rate, left)
