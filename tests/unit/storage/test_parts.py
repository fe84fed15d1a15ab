"""How an object of any size is cut into parts that S3 takes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.storage.s3_upload import part_size

MIB, GIB, TIB = 1 << 20, 1 << 30, 1 << 40


@given(st.integers(min_value=0, max_value=5 * TIB))
def test_the_expected_size_fits_in_8000_parts(expected: int) -> None:
    assert part_size(expected, 1) * 8_000 >= expected
    assert part_size(expected, 1) % MIB == 0


@pytest.mark.parametrize("expected", [None, 0, GIB, 100 * GIB, TIB])
def test_sixteen_times_more_than_expected_still_fits(expected: int | None) -> None:
    room = sum(part_size(expected, number) for number in range(1, 10_001))
    assert room >= 16 * max(expected or 0, 8_000 * 8 * MIB)


def test_parts_never_shrink_and_stay_within_what_s3_takes() -> None:
    sizes = [part_size(100 * GIB, number) for number in range(1, 10_001)]
    assert sizes == sorted(sizes)
    assert sizes[0] >= 5 * MIB
    assert sizes[-1] <= 5 * GIB


def test_small_databases_need_little_memory() -> None:
    assert part_size(None, 1) == part_size(50 * GIB, 1) == 8 * MIB
