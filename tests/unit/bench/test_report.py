"""The JSON file and the tables."""

import json
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from bench.ack import row_of
from bench.figures import Row, Sample, versus
from bench.load import Answer
from bench.report import Report, show, write

KEYS = {"name", "ours_s", "other", "other_s", "ratio", "peak_mb", "size_mb", "details"}


@pytest.fixture
def report() -> Report:
    steps = {"steps_s": {"load": 3.0, "analyze": 1.0}}
    return Report(
        machine={"cores": 2},
        rows=[
            versus("restore/1GB/psql", [Sample(4.0, peak_mb=100.04)], "psql < dump", [Sample(8.0)], steps),
            row_of("ack/50ps/http", [Answer(0.02, True), Answer(0.4, True), Answer(3.2, False)], 7, 150.0),
        ],
        notes=["undo/…: there is no [bold]undo[/bold] yet."],
        failures=["backup/1GB failed: no room"],
    )


def test_the_file_has_the_rows_as_the_design_names_them(report: Report, tmp_path: Path) -> None:
    path = tmp_path / "results" / "latest.json"
    write(report, path)
    found = json.loads(path.read_text())
    assert found["machine"] == {"cores": 2}
    assert [set(row) for row in found["rows"]] == [KEYS, KEYS]
    assert found["rows"][0]["ratio"] == 0.5
    assert list(path.parent.iterdir()) == [path]


def test_a_failed_write_leaves_the_former_file(report: Report, tmp_path: Path) -> None:
    path = tmp_path / "latest.json"
    write(report, path)
    before = path.read_text()
    broken = Report({}, [Row("x/1GB/-", 1.0, details={"not": object()})], [])
    with pytest.raises(TypeError):
        write(broken, path)
    assert path.read_text() == before
    assert list(tmp_path.iterdir()) == [path]


def test_the_tables_say_all_of_it(report: Report) -> None:
    console = Console(file=StringIO(), width=140)
    show(report, console)
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    for words in ("restore/1GB/psql", "4.00 s", "8.00 s", "0.50", "psql < dump", "100 MB", "75%", "25%"):
        assert words in shown
    for words in ("ack/50ps/http", "66.67%", "400 ms", "3,200 ms", "7"):
        assert words in shown
    assert "[bold]undo[/bold]" in shown
    assert "backup/1GB failed: no room" in shown


def test_an_answer_that_came_too_late_was_not_in_time() -> None:
    row = row_of("ack/50ps/http", [Answer(0.1, True)] * 97 + [Answer(3.1, True), Answer(0.2, False)], 1, None)
    assert row.details["in_time"] == pytest.approx(97 / 99)
    assert row.details["p50_s"] == 0.1
    assert row.ours_s == row.details["p99_s"] == 3.1
