"""How long a restore takes, step by step, and how long the application is away."""

from __future__ import annotations

from bench import contenders, ours
from bench.figures import Row, Sample, alone, interleaved, longest_gap, median_steps, versus
from bench.options import Options
from bench.probe import Probe, application
from bench.world import SERVED, TARGET, Seeded

_SAFETY = "safety_backup"
NO_SWITCH = (
    "downtime/…/at-swap: restores stop the services before they load, there is no switch to do it at the swap; "
    "measured is downtime/…/stop-first."
)
NO_UNDO = "undo/…: there is no undo yet."


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
    steps = {"steps_s": median_steps(whole)}
    return [
        versus(f"restore/{size}/psql", timed, "psql < dump", samples["psql"], steps),
        alone(f"safety-backup/{size}/-", [Sample(sample.steps[_SAFETY]) for sample in whole]),
        _downtime(database, options),
    ]


def _downtime(database: Seeded, options: Options) -> Row:
    """The longest time between two good answers of the sample application while its database is replaced."""
    backup_id = ours.keep_backup(database, SERVED)
    gaps = []
    with application(database):
        for run in range(options.runs):
            _before(database, "downtime", run + 1)
            with Probe(database.health_url) as probe:
                restored = _restore(database, SERVED, backup_id)
            gaps.append(Sample(longest_gap(probe.answered), steps=restored.steps))
    return alone(f"downtime/{database.size}/stop-first", gaps, {"steps_s": median_steps(gaps)})


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
