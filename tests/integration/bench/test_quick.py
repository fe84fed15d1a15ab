"""The whole bench, in small: each group runs, and what it writes has the shape that the design promises."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bench import pgbackrest

REPOSITORY = Path(__file__).parents[3]
KEYS = {"name", "ours_s", "other", "other_s", "ratio", "peak_mb", "size_mb", "details"}
NAMES = {
    "backup-digests/0.02GB/pg_dump-gzip",
    "stored/0.02GB/gzip",
    "backup-digests/0.02GB/single-stream",
    "backup-digests/0.02GB/raw",
    "backup/0.02GB/pg_dump-gzip",
    "backup/0.02GB/single-stream",
    "backup/0.02GB/raw",
    *([] if pgbackrest.missing() else ["backup/0.02GB/pgbackrest", "backup-digests/0.02GB/pgbackrest"]),
    "restore/0.02GB/psql",
    "safety-backup/0.02GB/-",
    "downtime/0.02GB/at-swap",
    "downtime/0.02GB/stop-first",
    "undo/0.02GB/-",
    "ack/20ps/http",
    "ack/20ps/socket",
    "sweep/1-target/-",
}


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_quick(tmp_path: Path, work_directory: Path) -> None:
    found = run_bench(tmp_path / "latest.json", work_directory / "bench")
    assert set(found) == {"machine", "rows", "notes", "failures"}
    assert found["failures"] == []
    assert found["machine"]["cores"] == os.cpu_count()
    assert {row["name"] for row in found["rows"]} == NAMES
    for row in found["rows"]:
        judge(row)


def run_bench(output: Path, place: Path) -> dict[str, Any]:
    """Everything that it makes goes to `place`, and is gone afterwards."""
    place.mkdir()
    place.chmod(0o711)
    ended = subprocess.run(
        [sys.executable, "-m", "bench", "--quick", "--sizes=0.02", f"--output={output}"],
        cwd=REPOSITORY,
        env={**os.environ, "TMPDIR": str(place)},
        capture_output=True,
        text=True,
        timeout=560,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert list(place.iterdir()) == []
    found: dict[str, Any] = json.loads(output.read_text())
    for row in found["rows"]:
        assert row["name"] in ended.stdout
    return found


def judge(row: dict[str, Any]) -> None:
    assert set(row) == KEYS
    details = row["details"]
    if row["name"].startswith("stored/"):
        assert row["ours_s"] is None
        assert row["ratio"] == pytest.approx(row["size_mb"] / details["other_size_mb"], abs=1e-4)
        return
    assert row["ours_s"] > 0
    assert (row["other"] is None) == (row["other_s"] is None) == (row["ratio"] is None)
    if row["other"] is not None:
        assert row["ratio"] == pytest.approx(row["ours_s"] / row["other_s"], abs=1e-4)
        assert len(details["ours_runs_s"]) == len(details["other_runs_s"]) == 1
        assert row["peak_mb"] is None or 20 < row["peak_mb"] < 1000
    if row["name"].startswith("backup"):
        assert row["size_mb"] > 1
    if row["name"].startswith("restore/"):
        assert {"load", "verify_digests", "swap"} <= set(details["steps_s"])
    if row["name"].startswith("downtime/"):
        assert {"load", "swap", "health"} <= set(details["steps_s"])
    if row["name"].endswith("/stop-first"):
        assert row["ours_s"] > details["steps_s"]["load"]  # the services are stopped before it
    if row["name"].startswith("ack/"):
        assert details["commands"] == 40
        assert 0 < details["in_time"] <= 1
        assert details["backups"] >= 1
