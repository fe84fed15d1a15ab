"""How an object of any size is cut into parts that S3 takes, and how many are under way."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.storage.s3_parts import PartPool, largest_object, part_size

MIB, GIB, TIB = 1 << 20, 1 << 30, 1 << 40


@given(st.integers(min_value=0, max_value=50 * TIB), st.integers(min_value=2, max_value=10_000))
def test_parts_are_whole_mib_that_s3_takes_and_a_small_worker_holds(expected: int, max_parts: int) -> None:
    size = part_size(expected, max_parts)
    assert size % MIB == 0
    assert 8 * MIB <= size <= 32 * MIB


@given(st.integers(min_value=0, max_value=50 * TIB), st.integers(min_value=2, max_value=10_000))
def test_what_is_expected_fits_into_one_object_where_any_object_holds_it(expected: int, max_parts: int) -> None:
    if expected <= largest_object(max_parts):
        assert part_size(expected, max_parts) * max_parts >= expected


@pytest.mark.parametrize(
    ("expected", "max_parts", "size"),
    [
        (None, 10_000, 8 * MIB),
        (0, 10_000, 8 * MIB),
        (78 * GIB, 10_000, 8 * MIB),
        (79 * GIB, 10_000, 9 * MIB),
        (300 * GIB, 10_000, 31 * MIB),
        (5 * TIB, 10_000, 32 * MIB),
        (7 * GIB, 1_000, 8 * MIB),
        (20 * GIB, 1_000, 21 * MIB),
        (5 * TIB, 1_000, 32 * MIB),
    ],
)
def test_part_sizes_follow_the_expected_size(expected: int | None, max_parts: int, size: int) -> None:
    assert part_size(expected, max_parts) == size


@pytest.mark.parametrize(("max_parts", "objects"), [(10_000, 17), (1_000, 164)])
def test_five_tib_take_so_many_objects(max_parts: int, objects: int) -> None:
    assert -(-5 * TIB // largest_object(max_parts)) == objects
    assert largest_object(10_000) <= 5 * TIB


@pytest.mark.parametrize(("size", "at_once"), [(8 * MIB, 4), (16 * MIB, 4), (21 * MIB, 3), (32 * MIB, 2)])
def test_a_pool_bounds_how_many_and_how_much(size: int, at_once: int) -> None:
    pool, release, lock = PartPool(), threading.Event(), threading.Lock()
    under_way = 0
    all_there = threading.Event()

    def send() -> int:
        nonlocal under_way
        with lock:
            under_way += 1
            if under_way == at_once:
                all_there.set()
        release.wait(30)
        return size

    for _ in range(at_once):
        pool.submit(size, send)
    beyond = threading.Thread(target=pool.submit, args=(size, send))
    beyond.start()
    assert all_there.wait(30)
    beyond.join(0.05)
    assert beyond.is_alive(), "it waits until there is room"
    assert under_way == at_once
    release.set()
    beyond.join(30)
    assert not beyond.is_alive()
