"""How long a restore takes, step by step, and how long the application is away."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bench import contenders, ours
from bench.figures import Row, Sample, alone, interleaved, longest_gap, median_steps, versus
from bench.options import Options
from bench.probe import Probe, application
from bench.world import SERVED, TARGET, Seeded
from bot.models import Downtime

_SAFETY = "safety_backup"


def measure(database: Seeded, options: Options) -> list[Row]:
    """The whole restore beside `psql < dump`; the safety backup in a row of its own."""
    size = database.size
    backup_id = ours.keep_backup(database, TARGET)
    dump = contenders.plain_dump(database)
    samples = interleaved(
        {
            "ours": lambda: _restore(database, TARGET, backup_id),
            "psql": lambda: contenders.psql_load(database, dump),
        },
        options.runs,
        lambda name, run: _before(database, name, run),
    )
    dump.unlink()
    whole = samples["ours"]
    timed = [_without_safety(sample) for sample in whole]
    return [
        versus(f"restore/{size}/psql", timed, "psql < dump", samples["psql"], _steps(whole)),
        alone(f"safety-backup/{size}/-", [Sample(sample.steps[_SAFETY]) for sample in whole]),
        *_downtimes(database, options),
    ]


def _downtimes(database: Seeded, options: Options) -> list[Row]:
    """The longest time between two good answers of the sample application while its database is replaced."""
    backup_id = ours.keep_backup(database, SERVED)
    gaps: dict[Downtime, list[Sample]] = {Downtime.AT_SWAP: [], Downtime.NOW: []}
    undos = []
    with application(database):
        for run in range(options.runs):
            for downtime, found in gaps.items():
                _before(database, f"downtime, stopped {downtime}", run + 1)
                with Probe(database.health_url) as probe:
                    restored = ours.sample_of(ours.run_worker(database, "restore", SERVED, backup_id, downtime))
                found.append(Sample(longest_gap(probe.answered), steps=restored.steps))
                if downtime is Downtime.AT_SWAP:
                    undos.append(ours.sample_of(ours.run_worker(database, "undo", SERVED)))
                database.drop_set_aside()
                database.empty_bucket(keep=backup_id)
    size = database.size
    return [
        alone(f"downtime/{size}/at-swap", gaps[Downtime.AT_SWAP], _steps(gaps[Downtime.AT_SWAP])),
        alone(f"downtime/{size}/stop-first", gaps[Downtime.NOW], _steps(gaps[Downtime.NOW])),
        alone(f"undo/{size}/-", undos, _steps(undos)),
    ]


def _steps(samples: Sequence[Sample]) -> dict[str, Any]:
    return {"steps_s": median_steps(samples)}


def _restore(database: Seeded, target: str, backup_id: str) -> Sample:
    sample = ours.sample_of(ours.run_worker(database, "restore", target, backup_id))
    database.drop_set_aside()
    database.empty_bucket(keep=backup_id)
    return sample


def _without_safety(sample: Sample) -> Sample:
    return Sample(sample.seconds - sample.steps[_SAFETY], sample.stored_bytes, sample.peak_mb, sample.steps)


def _before(database: Seeded, name: str, run: int) -> None:
    database.settle()
    database.world.tell(f"{database.size} restore, run {run}: {name}")
