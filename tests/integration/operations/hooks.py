"""Acting at a step of an operation: just before it acts, while it works, or when its end is not written down yet."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Generator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path

import pytest

from bot.operations import runner
from bot.operations.journal import Journal, StepNotes
from bot.runtime.stop import StopSignal
from tests.house import MovableClock, Setup, open_house
from tests.support import eventually


class Moment(StrEnum):
    BEFORE = "before"
    DURING = "during"
    """when the step has reported `MANY` bytes"""
    AFTER = "after"
    WHEN_TOLD = "when told"
    """by the parent, which watches what the step does"""


MANY = 36 << 20


def at_step(patch: pytest.MonkeyPatch, name: str, moment: Moment, act: Callable[[], object]) -> None:
    """From now on, operations that this process runs call `act` at this step."""

    class HookedJournal(Journal):
        now_at = ""

        @contextmanager
        def step(self, entered: str) -> Generator[StepNotes]:
            with super().step(entered) as notes:
                self.now_at = entered
                self._act(Moment.BEFORE)
                yield notes
                self._act(Moment.AFTER)

        def progress(self, done: int, expected: int | None) -> None:
            super().progress(done, expected)
            if done > MANY:
                self._act(Moment.DURING)

        def _act(self, reached: Moment) -> None:
            if self.now_at == name and reached is moment:
                act()

    patch.setattr(runner, "Journal", HookedJournal)


def run_and_die(
    setup: Setup,
    operation_id: str,
    name: str,
    moment: Moment,
    scratch: Path,
    when: Callable[[], bool] = lambda: False,
) -> None:
    """Run the operation in a process of its own, which is killed by SIGKILL at this step; by itself or by us."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    process = context.Process(target=_run_until_killed, args=(setup, operation_id, name, moment, scratch))
    process.start()
    if moment is Moment.WHEN_TOLD:
        eventually(lambda: when() or process.exitcode is not None, 60)
        process.kill()
    process.join(120)
    ended_by = process.exitcode
    if ended_by is None:
        process.kill()
        process.join()
    process.close()
    told = (scratch / "child.log").read_text() if (scratch / "child.log").exists() else ""
    assert ended_by == -signal.SIGKILL, f"the worker was not killed at {name}: {ended_by}\n{told}"


def _run_until_killed(setup: Setup, operation_id: str, name: str, moment: Moment, scratch: Path) -> None:
    log = os.open(scratch / "child.log", os.O_WRONLY | os.O_CREAT)
    os.dup2(log, 1)
    os.dup2(log, 2)
    at_step(pytest.MonkeyPatch(), name, moment, lambda: os.kill(os.getpid(), signal.SIGKILL))
    with open_house(setup, MovableClock(), seed=os.getpid()) as house:
        house.work.runner.run(operation_id, StopSignal())
