"""The figures as JSON for machines and as tables for people."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.figures import Row

_DIGITS = 6


@dataclass(frozen=True)
class Report:
    """What one run of the bench found. `notes` say what is not in it and why; `failures` what should be, and is not."""

    machine: Mapping[str, Any]
    rows: Sequence[Row]
    notes: Sequence[str]
    failures: Sequence[str] = ()


def write(report: Report, path: Path) -> None:
    """Replace the file in one step: a reader sees the former run's figures or all of these."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        unfinished.write_text(json.dumps(_rounded(asdict(report)), indent=1) + "\n", encoding="utf-8")
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def show(report: Report, console: Console) -> None:
    """Print the tables that have rows, then the notes and failures."""
    acks = [row for row in report.rows if "in_time" in row.details]
    others = [row for row in report.rows if row not in acks]
    if others:
        console.print(_comparisons(others))
    if acks:
        console.print(_acknowledgements(acks))
    for row in report.rows:
        if "steps_s" in row.details:
            console.print(_steps(row))
    for note in (*report.notes, *report.failures):
        console.print(f"– {note}", markup=False)


def _comparisons(rows: Sequence[Row]) -> Table:
    table = Table("figure", title="Medians, in one run on this machine", title_justify="left")
    for heading in ("ours", "other", "ratio", "stored", "peak memory"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("compared with")
    for row in rows:
        table.add_row(
            row.name,
            _seconds(row.ours_s),
            _seconds(row.other_s),
            "" if row.ratio is None else f"{row.ratio:.2f}",
            _megabytes(row.size_mb),
            _megabytes(row.peak_mb),
            row.other or "",
        )
    return table


def _acknowledgements(rows: Sequence[Row]) -> Table:
    table = Table("figure", title="Slash commands acknowledged during backups", title_justify="left")
    for heading in ("commands", "within 3 s", "p50", "p99", "slowest", "backups", "peak memory"):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in rows:
        found = row.details
        table.add_row(
            row.name,
            f"{found['commands']:,}",
            f"{found['in_time']:.2%}",
            *(f"{found[name] * 1000:,.0f} ms" for name in ("p50_s", "p99_s", "slowest_s")),
            str(found["backups"]),
            _megabytes(row.peak_mb),
        )
    return table


def _steps(row: Row) -> Table:
    """The steps' share of their sum."""
    steps: Mapping[str, float] = row.details["steps_s"]
    whole = sum(steps.values()) or 1.0
    table = Table("step", title=f"Steps of {row.name}", title_justify="left")
    table.add_column("median", justify="right")
    table.add_column("share", justify="right")
    for name, seconds in steps.items():
        table.add_row(name, _seconds(seconds), f"{seconds / whole:.0%}")
    return table


def _seconds(value: float | None) -> str:
    return "" if value is None else f"{value:.2f} s" if value >= 1 else f"{value * 1000:.0f} ms"


def _megabytes(value: float | None) -> str:
    return "" if value is None else f"{value:,.0f} MB"


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, _DIGITS)
    if isinstance(value, Mapping):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(item) for item in value]
    return value
