"""How long one look at a target takes, which every target gets once a minute."""

from __future__ import annotations

from bench import ours
from bench.figures import Row, Sample, alone
from bench.options import Options
from bench.world import TARGET, Seeded


def measure(database: Seeded, options: Options) -> list[Row]:
    """The median of several sweeps in one worker, as in the product: the first one connects to the state database."""
    database.world.tell(f"{options.sweeps} sweeps")
    answer = ours.run_worker(database, "sweep", TARGET, str(options.sweeps))
    samples = [Sample(seconds, peak_mb=answer["peak_mb"]) for seconds in answer["runs_s"]]
    return [alone("sweep/1-target/-", samples)]
