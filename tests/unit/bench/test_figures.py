"""Medians, ratios, percentiles and the order of runs."""

import pytest

from bench.figures import (
    Sample,
    alone,
    highest_peak,
    interleaved,
    longest_gap,
    median_steps,
    percentile,
    stored_versus,
    versus,
)

OURS = [Sample(2.0, 50_000_000, 110.0), Sample(9.0, 52_000_000, 140.0), Sample(3.0, 51_000_000, 120.0)]
OTHERS = [Sample(5.0, 100_000_000), Sample(6.0, 102_000_000), Sample(40.0, 101_000_000)]


def test_a_comparison_has_both_medians_and_their_ratio() -> None:
    row = versus("backup/1GB/other", OURS, "the other", OTHERS, {"steps_s": {"dump": 1.0}})
    assert (row.ours_s, row.other_s, row.ratio) == (3.0, 6.0, 0.5)
    assert (row.name, row.other) == ("backup/1GB/other", "the other")
    assert row.details == {
        "ours_runs_s": [2.0, 9.0, 3.0],
        "other_runs_s": [5.0, 6.0, 40.0],
        "steps_s": {"dump": 1.0},
    }


def test_memory_is_the_worst_of_all_runs_and_size_the_median() -> None:
    row = alone("backup/1GB/-", OURS)
    assert (row.peak_mb, row.size_mb) == (140.0, 51.0)
    assert (row.other, row.other_s, row.ratio) == (None, None, None)
    assert highest_peak(OTHERS) is None


def test_stored_bytes_are_compared_without_seconds() -> None:
    row = stored_versus("stored/1GB/other", OURS, "the other", OTHERS)
    assert (row.ours_s, row.other_s) == (None, None)
    assert row.ratio == pytest.approx(51 / 101)
    assert row.details["other_size_mb"] == 101.0


def test_who_stored_nothing_is_not_compared_by_size() -> None:
    with pytest.raises(ValueError, match="stored nothing"):
        stored_versus("stored/1GB/other", OURS, "the other", [Sample(1.0)])


def test_steps_keep_their_order() -> None:
    samples = [Sample(0, steps={"load": 4.0, "analyze": 1.0}), Sample(0, steps={"load": 2.0, "analyze": 3.0})]
    assert list(median_steps(samples).items()) == [("load", 3.0), ("analyze", 2.0)]


@pytest.mark.parametrize(
    ("values", "percent", "expected"),
    [
        ([7.0], 99, 7.0),
        (list(range(1, 101)), 99, 99),
        (list(range(1, 101)), 50, 50),
        (list(range(100, 0, -1)), 100, 100),
        ([1.0, 2.0, 3.0], 50, 2.0),
        ([1.0, 2.0], 51, 2.0),
        (list(range(1, 3001)), 99, 2970),
    ],
)
def test_percentiles_are_values_that_occurred(values: list[float], percent: float, expected: float) -> None:
    assert percentile(values, percent) == expected


@pytest.mark.parametrize(("values", "percent"), [([], 50), ([1.0], 0), ([1.0], 101)])
def test_a_percentile_of_nothing_is_an_error(values: list[float], percent: float) -> None:
    with pytest.raises(ValueError, match="percentile"):
        percentile(values, percent)


def test_the_longest_gap() -> None:
    assert longest_gap([1.0, 1.5, 4.0, 4.25]) == 2.5
    with pytest.raises(ValueError, match="two moments"):
        longest_gap([1.0])


def test_each_round_begins_with_another_one() -> None:
    ran: list[str] = []
    settled: list[tuple[str, int]] = []

    def contender(name: str, seconds: float) -> Sample:
        ran.append(name)
        return Sample(seconds)

    samples = interleaved(
        {"a": lambda: contender("a", 1), "b": lambda: contender("b", 2), "c": lambda: contender("c", 3)},
        4,
        lambda name, run: settled.append((name, run)),
    )
    assert "".join(ran) == "abcbcacababc"
    assert [name for name, _ in settled] == ran
    assert [run for _, run in settled] == [1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4]
    assert {name: [sample.seconds for sample in found] for name, found in samples.items()} == {
        "a": [1] * 4,
        "b": [2] * 4,
        "c": [3] * 4,
    }
