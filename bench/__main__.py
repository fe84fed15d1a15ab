"""`python -m bench`: measures, prints tables on stdout and writes one JSON file; progress goes to stderr."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from types import FrameType

import psycopg
from rich.console import Console

from bench import ack, backup, machine, pgbackrest, restore, sweep
from bench.errors import BenchError
from bench.figures import Row
from bench.options import Options, parse
from bench.report import Report, show, write
from bench.world import Seeded, Tell, open_world, seeded
from bot.errors import BaselinerError
from sandbox.cluster import ClusterError
from sandbox.installation import MissingPostgresError
from sandbox.processes import ProcessError

_FAILURES = (
    BenchError,
    BaselinerError,
    ClusterError,
    MissingPostgresError,
    ProcessError,
    TimeoutError,
    psycopg.Error,
)
_TABLE_WIDTH = 140

Measure = Callable[[Seeded, Options], list[Row]]
MEASURES: Mapping[str, Measure] = {
    "backup": backup.measure,
    "restore": restore.measure,
    "ack": ack.measure,
    "sweep": sweep.measure,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """0: all is measured; 1: something failed (what did not is written); 2: usage; 130: interrupted."""
    options = parse(arguments)
    signal.signal(signal.SIGTERM, _interrupt)
    progress, started = Console(stderr=True, highlight=False, soft_wrap=True), time.monotonic()

    def tell(line: str) -> None:
        progress.print(f"{time.monotonic() - started:6.0f} s  {line}", markup=False)

    try:
        report = measure(options, tell)
    except KeyboardInterrupt:
        tell("interrupted; nothing is written")
        return 130
    except _FAILURES as error:
        tell(f"nothing could be measured: {error}")
        return 1
    write(report, options.output)
    show(report, Console(highlight=False, width=None if sys.stdout.isatty() else _TABLE_WIDTH))
    tell(f"written to {options.output}")
    return 1 if report.failures else 0


def measure(options: Options, tell: Tell) -> Report:
    """Measure what was asked for, one size after the other. A group that fails is told, and the others go on."""
    about, rows, failures = machine.describe(), list[Row](), list[str]()
    with open_world(max(options.sizes), tell) as world:
        for size in filter(options.groups_at, options.sizes):
            with seeded(world, size) as database:
                for group in options.groups_at(size):
                    try:
                        rows += MEASURES[group](database, options)
                    except _FAILURES as error:
                        failures.append(f"{group}/{database.size} failed: {error}")
                        tell(failures[-1])
    return Report(about, rows, notes(options), failures)


def notes(options: Options) -> list[str]:
    """What is not measured, and why."""
    missing = []
    if "backup" in options.groups and (reason := pgbackrest.missing()) is not None:
        missing.append(f"backup/…/pgbackrest: {reason}.")
    return missing


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
