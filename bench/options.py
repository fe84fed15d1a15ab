"""What is measured, how large and how often."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

GROUPS = ("backup", "restore", "ack", "sweep")
RESULTS = Path(__file__).parent / "results" / "latest.json"
_LARGEST_GB = 50.0
_MOST_RUNS = 100


@dataclass(frozen=True)
class Options:
    """Sizes are gigabytes of database; every time is the median of `runs`."""

    groups: tuple[str, ...] = GROUPS
    sizes: tuple[float, ...] = (0.3, 1.2, 3.0)
    runs: int = 5
    commands_per_second: int = 50
    command_seconds: int = 60
    sweeps: int = 20
    output: Path = RESULTS

    def groups_at(self, size: float) -> tuple[str, ...]:
        """What is measured on a database of this size: a load has one size in the middle, a sweep the smallest."""
        ordered = sorted(self.sizes)
        only_at = {"ack": ordered[(len(ordered) - 1) // 2], "sweep": ordered[0]}
        return tuple(group for group in self.groups if only_at.get(group, size) == size)


def parse(arguments: Sequence[str] | None = None) -> Options:
    """The command line; ends the process with exit code 2 when it cannot be understood."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measures Baseliner beside what it replaces.")
    parser.add_argument("--only", choices=GROUPS, help="one group of figures")
    parser.add_argument("--sizes", type=_sizes, metavar="GB,GB", help="sizes of the databases (default 0.3,1.2,3)")
    parser.add_argument("--runs", type=_runs, help="how often each is measured; medians are shown (default 5)")
    parser.add_argument("--quick", action="store_true", help="0.05 GB and one run: to see that it works, not how fast")
    parser.add_argument("--output", type=Path, default=RESULTS, help=f"the JSON file (default {RESULTS})")
    given = parser.parse_args(arguments)
    usual = _quick() if given.quick else Options()
    return Options(
        groups=(given.only,) if given.only else GROUPS,
        sizes=given.sizes or usual.sizes,
        runs=given.runs or usual.runs,
        commands_per_second=usual.commands_per_second,
        command_seconds=usual.command_seconds,
        sweeps=usual.sweeps,
        output=given.output,
    )


def label(size: float) -> str:
    """As in a row's name: `1.2GB`."""
    return f"{size:g}GB"


def _quick() -> Options:
    return Options(sizes=(0.05,), runs=1, commands_per_second=20, command_seconds=2, sweeps=3)


def _sizes(text: str) -> tuple[float, ...]:
    sizes = tuple(dict.fromkeys(float(word) for word in text.split(",")))
    if not all(0 < size <= _LARGEST_GB for size in sizes):
        raise argparse.ArgumentTypeError(f"a size is above 0 and at most {_LARGEST_GB:g} GB")
    return sizes


def _runs(text: str) -> int:
    runs = int(text)
    if not 1 <= runs <= _MOST_RUNS:
        raise argparse.ArgumentTypeError(f"runs are 1 to {_MOST_RUNS}")
    return runs
