"""What was measured, what it was measured against, and the few statistics between the two. Pure."""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

MEGABYTE = 1_000_000


@dataclass(frozen=True)
class Sample:
    """One run of one contender. `peak_mb` is the worker's own memory, where there is one."""

    seconds: float
    stored_bytes: int | None = None
    peak_mb: float | None = None
    steps: Mapping[str, float] = field(default_factory=dict)
    """seconds by the step's name"""


Contender = Callable[[], Sample]


@dataclass(frozen=True)
class Row:
    """One figure. `ratio` is ours to the other's: below 1 we are better. Without an `other` it stands alone."""

    name: str
    """`<what>/<size or load>/<against>`"""
    ours_s: float | None
    other: str | None = None
    other_s: float | None = None
    ratio: float | None = None
    peak_mb: float | None = None
    size_mb: float | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    """what explains the figure: each single run, steps, percentiles"""


def versus(
    name: str,
    ours: Sequence[Sample],
    other: str,
    others: Sequence[Sample],
    details: Mapping[str, Any] | None = None,
) -> Row:
    """The medians of both, and their ratio."""
    ours_s, other_s = median_seconds(ours), median_seconds(others)
    return Row(
        name=name,
        ours_s=ours_s,
        other=other,
        other_s=other_s,
        ratio=ours_s / other_s,
        peak_mb=highest_peak(ours),
        size_mb=median_megabytes(ours),
        details={"ours_runs_s": _runs(ours), "other_runs_s": _runs(others), **(details or {})},
    )


def alone(name: str, ours: Sequence[Sample], details: Mapping[str, Any] | None = None) -> Row:
    """A figure that nothing is compared with."""
    return Row(
        name=name,
        ours_s=median_seconds(ours),
        peak_mb=highest_peak(ours),
        size_mb=median_megabytes(ours),
        details={"ours_runs_s": _runs(ours), **(details or {})},
    )


def stored_versus(name: str, ours: Sequence[Sample], other: str, others: Sequence[Sample]) -> Row:
    """Bytes instead of seconds: `ratio` is of the stored sizes. Raises ValueError when one has no size."""
    size_mb, other_mb = median_megabytes(ours), median_megabytes(others)
    if size_mb is None or other_mb is None:
        raise ValueError(f"{name}: a contender stored nothing")
    return Row(name, None, other, ratio=size_mb / other_mb, size_mb=size_mb, details={"other_size_mb": other_mb})


def median_seconds(samples: Sequence[Sample]) -> float:
    return statistics.median(sample.seconds for sample in samples)


def median_megabytes(samples: Sequence[Sample]) -> float | None:
    sizes = [sample.stored_bytes for sample in samples if sample.stored_bytes is not None]
    return statistics.median(sizes) / MEGABYTE if sizes else None


def median_steps(samples: Sequence[Sample]) -> dict[str, float]:
    """The median of each step, in the order of the first sample's steps."""
    return {name: statistics.median(sample.steps[name] for sample in samples) for name in samples[0].steps}


def highest_peak(samples: Sequence[Sample]) -> float | None:
    """The worst of all runs: a limit holds for each of them."""
    return max((sample.peak_mb for sample in samples if sample.peak_mb is not None), default=None)


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that at least `percent` of all values do not exceed (nearest rank)."""
    if not values or not 0 < percent <= 100:
        raise ValueError("a percentile needs values, and a percentage above 0 up to 100")
    return sorted(values)[math.ceil(len(values) * percent / 100) - 1]


def longest_gap(moments: Sequence[float]) -> float:
    """The longest time between two moments that follow each other; they are in order."""
    if len(moments) < 2:
        raise ValueError("a gap needs two moments")
    return max(after - before for before, after in itertools.pairwise(moments))


def interleaved(
    contenders: Mapping[str, Contender], runs: int, before_each: Callable[[str, int], None]
) -> dict[str, list[Sample]]:
    """Run each contender `runs` times, in turn, another one first in each round.

    So whatever the machine does besides, and whatever one leaves in its caches, meets all of them alike.
    """
    names = list(contenders)
    samples: dict[str, list[Sample]] = {name: [] for name in names}
    for run in range(runs):
        first = run % len(names)
        for name in names[first:] + names[:first]:
            before_each(name, run + 1)
            samples[name].append(contenders[name]())
    return samples


def _runs(samples: Sequence[Sample]) -> list[float]:
    return [sample.seconds for sample in samples]
