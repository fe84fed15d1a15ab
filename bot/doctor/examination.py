"""Examinations, run side by side, each with a deadline: one that hangs does not hold the others."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bot.errors import BaselinerError
from bot.models import Check, CheckState
from bot.operations.checklists import unknown
from bot.runtime.stop import StopSignal

_log = logging.getLogger(__name__)
WITHIN = 25.0
"""Seconds for all of them: a connection is given up after 15."""
_ONES_LOG = "Read Baseliner's log for this moment."


@dataclass(frozen=True)
class Line:
    """What is looked at: a machine name and words for people."""

    name: str
    title: str

    def passed(self, summary: str) -> Check:
        return Check(self.name, self.title, CheckState.PASSED, summary)

    def warning(self, summary: str, remedy: str) -> Check:
        return Check(self.name, self.title, CheckState.WARNING, summary, remedy)

    def failed(self, summary: str, remedy: str) -> Check:
        return Check(self.name, self.title, CheckState.FAILED, summary, remedy)

    def unknown(self, summary: str, remedy: str) -> Check:
        return Check(self.name, self.title, CheckState.UNKNOWN, summary, remedy)


@dataclass(frozen=True)
class Examination:
    """`look` gives one check or several. What it raises is the check `line`, failed."""

    line: Line
    look: Callable[[StopSignal], Check | Sequence[Check]]


def examine(examinations: Sequence[Examination], *, within: float = WITHIN) -> tuple[Check, ...]:
    """All checks, in the order of the examinations. What has not answered after `within` seconds is unknown."""
    stop = StopSignal()
    found: dict[int, Sequence[Check]] = {}

    def look(number: int, examination: Examination) -> None:
        found[number] = _looked(examination, stop)

    # Daemons: what hangs in a call that nobody can end must not keep the process.
    threads = [
        threading.Thread(target=look, args=(number, item), name=f"doctor {item.line.name}", daemon=True)
        for number, item in enumerate(examinations)
    ]
    ends_at = time.monotonic() + within
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, ends_at - time.monotonic()))
    answered = dict(found)
    stop.set("the doctor waits no longer")
    return tuple(
        check
        for number, item in enumerate(examinations)
        for check in answered.get(number, (_silent(item.line, within),))
    )


def _looked(examination: Examination, stop: StopSignal) -> Sequence[Check]:
    line = examination.line
    try:
        seen = examination.look(stop)
    except BaselinerError as error:
        return (line.failed(_first_line(error), error.remedy or _ONES_LOG),)
    except Exception as error:  # noqa: BLE001 - whatever it is, the check could not run
        _log.warning("%s could not be examined", line.name, exc_info=True)
        return (unknown(line.name, line.title, error, _ONES_LOG),)
    return (seen,) if isinstance(seen, Check) else seen


def _silent(line: Line, within: float) -> Check:
    return line.unknown(f"no answer within {within:g} s", "Try by hand whether it answers; look for a firewall.")


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
