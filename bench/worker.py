"""A process of its own for each measured operation, so that its memory is the worker's alone.

`python -m bench.worker backup TARGET`, `restore TARGET BACKUP [DOWNTIME]`, `undo TARGET` or `sweep TARGET TIMES`;
settings come from the environment as for any bot process. Its answer is one JSON document on stdout. What comes before
the request is made (starting Python, connecting, what a worker does before its first operation) is not in its seconds:
a real worker runs already.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

from bench.machine import peak_memory_mb
from bot.errors import BaselinerError
from bot.models import Actor, Downtime, Operation, OperationState, RestoreRequest, Surface, UndoRequest
from bot.runtime.stop import StopSignal
from bot.settings import Environment, load_settings
from bot.storage import warm_up
from bot.wiring import House, open_house

ACTOR = Actor("cli:bench", "the bench", Surface.CLI)


def main(arguments: Sequence[str] | None = None) -> int:
    """0: measured; 1: the operation failed, with the reason on stderr."""
    parser = argparse.ArgumentParser(prog="python -m bench.worker", description=__doc__)
    parser.add_argument("act", choices=("backup", "restore", "undo", "sweep"))
    parser.add_argument("target")
    parser.add_argument("argument", nargs="?", default="", help="a backup's id, or how many sweeps")
    parser.add_argument("downtime", nargs="?", type=Downtime, default=Downtime.NOW)
    given = parser.parse_args(arguments)
    try:
        settings = load_settings(Environment())
        warm_up(settings.storage.values())
        with open_house(settings, os.environ) as house:
            answer = _measure(house, given)
    except BaselinerError as error:
        sys.stderr.write(f"{error} {error.remedy}\n")
        return 1
    sys.stdout.write(json.dumps(answer | {"peak_mb": peak_memory_mb()}) + "\n")
    return 0


def _measure(house: House, given: argparse.Namespace) -> dict[str, Any]:
    match given.act:
        case "backup":
            return _backup(house, given.target)
        case "restore":
            return _restore(house, given)
        case "undo":
            return _undo(house, given.target)
    return {"runs_s": [_sweep(house, given.target) for _ in range(int(given.argument))]}


def _sweep(house: House, target: str) -> float:
    return _timed(lambda: house.work.sweeps.sweep(target, StopSignal()))[0]


def _backup(house: House, target: str) -> dict[str, Any]:
    """From the request to the backup in the catalog, whose manifest is in storage."""

    def take() -> Operation:
        return _run(house, house.services.backups.request(target, ACTOR, deferred=False).id)

    seconds, ended = _timed(take)
    result = ended.result
    return {"seconds": seconds, "stored_bytes": result["size"], "backup_id": result["backup_id"], **_steps(ended)}


def _restore(house: House, given: argparse.Namespace) -> dict[str, Any]:
    database = house.services.restores.database_of(given.target)
    request = RestoreRequest(given.target, given.argument, "to measure it", database, given.downtime)
    return _swap(house, house.services.restores.request(request, ACTOR, deferred=False))


def _undo(house: House, target: str) -> dict[str, Any]:
    request = UndoRequest(target, "to measure it", house.services.restores.database_of(target))
    return _swap(house, house.services.undos.request(request, ACTOR, deferred=False))


def _swap(house: House, asked: Operation) -> dict[str, Any]:
    """From the approval to the end; the plan was made before, while people decide."""
    planned = _run(house, asked.id, OperationState.AWAITING_APPROVAL)
    house.services.approvals.break_glass(planned.id, ACTOR, go=True)
    seconds, ended = _timed(lambda: _run(house, planned.id))
    return {"seconds": seconds, **_steps(ended)}


def _run(house: House, operation_id: str, expected: OperationState = OperationState.DONE) -> Operation:
    ended = house.work.runner.run(operation_id, StopSignal())
    if ended is None or ended.state is not expected:
        failure = ended.failure if ended else None
        raise BaselinerError(f"It ended as {ended.state if ended else None}: {failure.message if failure else ''}")
    return ended


def _steps(ended: Operation) -> dict[str, Any]:
    return {"steps": {step.name: step.duration for step in ended.steps if step.duration is not None}}


def _timed(act: Callable[[], Any]) -> tuple[float, Any]:
    started = time.perf_counter()
    result = act()
    return time.perf_counter() - started, result


if __name__ == "__main__":
    sys.exit(main())
