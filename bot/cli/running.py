"""Running an operation at the shell, in this process, with its progress on stderr."""

from __future__ import annotations

import signal
import threading
from collections.abc import Generator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from types import FrameType

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from bot.cli.session import err
from bot.errors import BaselinerError, Interrupted
from bot.models import Operation, StepState
from bot.operations.holding import TargetBusy
from bot.runtime.stop import StopSignal
from bot.wiring import House

_LOOK_EVERY = 0.2


class OperationFailed(BaselinerError):
    """The operation ended badly; its message says why."""


def run_here(house: House, operation: Operation) -> Operation:
    """Run it to its end. Ctrl-C stops it and cleans up. Raises OperationFailed."""
    stop = StopSignal()
    with _interruptible(stop), ThreadPoolExecutor(1) as executor:
        future = executor.submit(_run, house, operation.id, stop)
        _show(house, operation.id, future, err())
        ended = future.result()
    if ended.failure is not None:
        failure = ended.failure
        raise OperationFailed(f"{failure.message} {failure.left_as_it_was}", failure.remedy)
    return ended


def _run(house: House, operation_id: str, stop: StopSignal) -> Operation:
    while True:
        try:
            ended = house.work.runner.run(operation_id, stop, can_resume=False)
        except TargetBusy as busy:
            if stop.is_set:
                house.work.runner.cancel(operation_id)
            stop.check()
            err().print(f"{busy} Waiting.", markup=False)
            continue
        if ended is None:
            raise Interrupted(f"Operation {operation_id} is gone.", "Ask for it again.")
        return ended


def _show(house: House, operation_id: str, future: Future[Operation], console: Console) -> None:
    ended = threading.Event()
    future.add_done_callback(lambda _future: ended.set())
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        bar = progress.add_task("Starting", total=None)
        told: set[str] = set()
        while not ended.wait(_LOOK_EVERY):
            operation = house.services.overview.operation(operation_id)
            _tell_steps(operation, told, console)
            running = next((step for step in operation.steps if step.state is StepState.RUNNING), None)
            measured = operation.progress
            progress.update(
                bar,
                description=running.title if running else "Waiting",
                completed=measured.done if measured else 0,
                total=measured.expected if measured else None,
            )
    _tell_steps(house.services.overview.operation(operation_id), told, console)


def _tell_steps(operation: Operation, told: set[str], console: Console) -> None:
    for step in operation.steps:
        if step.state in (StepState.DONE, StepState.FAILED) and step.name not in told:
            told.add(step.name)
            took = f"{step.duration:.1f} s" if step.duration is not None else ""
            console.print(f"{step.state.value:>6}  {step.title}  {took}  {step.detail}", markup=False)


@contextmanager
def _interruptible(stop: StopSignal) -> Generator[None]:
    def handle(_number: int, _frame: FrameType | None) -> None:
        stop.set("stopped at the shell")

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
