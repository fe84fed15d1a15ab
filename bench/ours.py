"""Baseliner as a contender: each operation in a worker process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from bench.errors import BenchError
from bench.figures import Sample
from bench.world import TARGET, Seeded

_REPOSITORY = Path(__file__).parents[1]


def run_worker(database: Seeded, *words: str) -> dict[str, Any]:
    """What `python -m bench.worker` answers. Raises BenchError with its last words when it fails."""
    argv = [sys.executable, "-m", "bench.worker", *words]
    answer = subprocess.run(
        argv, env=dict(database.environment), cwd=_REPOSITORY, capture_output=True, text=True, check=False
    )
    if answer.returncode != 0:
        raise BenchError(f"bench.worker {' '.join(words)} failed:\n{answer.stderr.strip()[-2000:]}")
    document: dict[str, Any] = json.loads(answer.stdout)
    return document


def take_backup(database: Seeded, target: str = TARGET) -> Sample:
    """Measured, and removed from storage again."""
    answer = run_worker(database, "backup", target)
    database.empty_bucket()
    return sample_of(answer)


def sample_of(answer: dict[str, Any]) -> Sample:
    return Sample(answer["seconds"], answer.get("stored_bytes"), answer["peak_mb"], answer["steps"])


def keep_backup(database: Seeded, target: str) -> str:
    """Take a backup that stays in storage; returns its id."""
    return str(run_worker(database, "backup", target)["backup_id"])
