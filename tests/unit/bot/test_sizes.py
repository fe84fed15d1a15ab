"""Sizes as people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sizes import parse_size


@pytest.mark.parametrize(
    ("text", "size"),
    [("0", 0), ("17", 17), ("500MB", 500_000_000), ("8 gb", 8 * 10**9), ("1.5TB", 15 * 10**11), ("4GiB", 4 << 30)],
)
def test_sizes(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "GB", "-1GB", "1 PB", "1,5GB", "1GB2", "1e3", "nan"])
def test_what_is_no_size_is_told_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match=r"write it like 500MB, 8GB or 1\.5TB"):
        parse_size(text)


@given(st.integers(0, 10**6), st.sampled_from(["", "KB", "MB", "GB", "TB"]))
def test_units_are_decimal(number: int, unit: str) -> None:
    assert parse_size(f"{number}{unit}") == number * 1000 ** ["", "KB", "MB", "GB", "TB"].index(unit)
