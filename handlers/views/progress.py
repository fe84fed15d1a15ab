"""How far a running step has come, in figures that were measured."""

from __future__ import annotations

from bot.models import Operation, Progress, Step, StepState
from handlers.text import bar, duration, inline, number, rate, size
from handlers.views.states import STEP_MARKS


def current_step(operation: Operation) -> Step | None:
    return next((step for step in operation.steps if step.state is StepState.RUNNING), None)


def failed_step(operation: Operation) -> Step | None:
    return next((step for step in operation.steps if step.state is StepState.FAILED), None)


def progress_lines(progress: Progress) -> str:
    """A bar with its percentage, then bytes, rate and time left, each where it is known."""
    told = [_bytes(progress)]
    if progress.rate:
        told.append(rate(progress.rate))
    if progress.seconds_left is not None and not _passed(progress):
        told.append(f"about {duration(progress.seconds_left)} left")
    figures = " · ".join(told)
    percent = percentage(progress)
    if percent is None:
        return figures
    return f"`{bar(percent / 100)}` {percent} %\n{figures}"


def percentage(progress: Progress) -> int | None:
    """Of the expected size, which is an estimate: None without one, or once it was passed."""
    if not progress.expected or _passed(progress):
        return None
    return progress.done * 100 // progress.expected


def step_line(step: Step) -> str:
    """One step in a list."""
    told = f"{STEP_MARKS[step.state]} {inline(step.title, 120)}"
    if step.duration is not None:
        told += f" · {duration(step.duration)}"
    return told


def step_count(operation: Operation) -> str:
    """`step 3 of 9`; empty when no step is running."""
    step = current_step(operation)
    if step is None or len(operation.steps) < 2:
        return ""
    place = operation.steps.index(step) + 1
    return f"step {number(place)} of {number(len(operation.steps))}"


def _bytes(progress: Progress) -> str:
    if not progress.expected:
        return size(progress.done)
    if _passed(progress):
        return f"{size(progress.done)}, more than the expected {size(progress.expected)}"
    return f"{size(progress.done)} of about {size(progress.expected)}"


def _passed(progress: Progress) -> bool:
    return progress.expected is not None and progress.done > progress.expected
