"""The command line, and what is measured at which size."""

from pathlib import Path

import pytest

from bench.options import RESULTS, Options, label, parse


def test_as_it_comes_it_measures_all_at_three_sizes() -> None:
    options = parse([])
    assert options == Options()
    assert (options.sizes, options.runs, options.output) == ((0.3, 1.2, 3.0), 5, RESULTS)
    assert (options.commands_per_second, options.command_seconds) == (50, 60)


def test_quick_is_small_and_what_is_given_wins() -> None:
    assert (parse(["--quick"]).sizes, parse(["--quick"]).runs) == ((0.05,), 1)
    options = parse(["--quick", "--sizes", "0.1,0.2,0.1", "--runs", "3", "--only", "ack", "--output", "x.json"])
    assert (options.sizes, options.runs, options.groups, options.output) == ((0.1, 0.2), 3, ("ack",), Path("x.json"))


@pytest.mark.parametrize(
    "arguments",
    [["--sizes", "0"], ["--sizes", "big"], ["--sizes", "1,51"], ["--runs", "0"], ["--runs", "x"], ["--only", "all"]],
)
def test_what_cannot_be_measured_is_a_usage_error(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(arguments)
    assert ended.value.code == 2
    assert arguments[0] in capsys.readouterr().err


def test_a_load_runs_once_in_the_middle_and_a_sweep_at_the_smallest_size() -> None:
    options = Options(sizes=(3.0, 0.3, 1.2))
    assert options.groups_at(0.3) == ("backup", "restore", "sweep")
    assert options.groups_at(1.2) == ("backup", "restore", "ack")
    assert options.groups_at(3.0) == ("backup", "restore")
    assert Options(groups=("ack",), sizes=(1.0,)).groups_at(1.0) == ("ack",)
    assert Options(groups=("sweep",), sizes=(1.0, 2.0)).groups_at(2.0) == ()


def test_sizes_in_names() -> None:
    assert [label(size) for size in (0.3, 1.2, 3.0)] == ["0.3GB", "1.2GB", "3GB"]
