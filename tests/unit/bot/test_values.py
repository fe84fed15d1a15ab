"""Ids that sort by time, and one text for one value."""

from __future__ import annotations

import json
import random
import re
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.canonical import canonical_json, sha256_hex
from bot.ids import new_id
from bot.postgres.swap import aside_name, scratch_name
from bot.storage.base import safe_name

NOW = datetime(2026, 11, 22, 10, 15, tzinfo=UTC)
moments = st.datetimes(datetime(2020, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
seeds = st.integers(0, 2**32).map(random.Random)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(chance=seeds)
def test_an_id_is_the_second_in_utc_and_four_characters(chance: random.Random) -> None:
    local = NOW.astimezone(timezone(timedelta(hours=5, minutes=30)))
    assert re.fullmatch(r"20261122T101500Z-[a-z2-9]{4}", new_id(local, chance))


@given(earlier=moments, seconds=st.integers(1, 10**6), chance=seeds)
def test_ids_sort_by_time(earlier: datetime, seconds: int, chance: random.Random) -> None:
    assert new_id(earlier, chance) < new_id(earlier + timedelta(seconds=seconds), chance)


@given(now=moments, chance=seeds)
def test_an_id_names_objects_and_databases(now: datetime, chance: random.Random) -> None:
    identity = new_id(now, chance)
    assert safe_name(identity) == identity
    assert not set("01ilo") & set(identity.partition("-")[2])
    for name in (scratch_name("x" * 80, identity), aside_name("ü" * 80, identity)):
        assert len(name.encode()) <= 63
        assert name.endswith(identity.replace("-", "").lower())


@given(value=values)
def test_canonical_json_reads_back_and_says_the_same_again(value: object) -> None:
    text = canonical_json(value)
    assert json.loads(text) == value
    assert canonical_json(json.loads(text)) == text


@given(mapping=st.dictionaries(st.text(), values, max_size=6), chance=seeds)
def test_the_order_of_keys_does_not_matter(mapping: dict[str, object], chance: random.Random) -> None:
    keys = list(mapping)
    chance.shuffle(keys)
    assert canonical_json({key: mapping[key] for key in keys}) == canonical_json(mapping)


def test_times_are_told_in_utc() -> None:
    local = NOW.astimezone(timezone(timedelta(hours=-3)))
    assert canonical_json({"b": NOW, "a": [local]}) == (
        '{"a":["2026-11-22T10:15:00+00:00"],"b":"2026-11-22T10:15:00+00:00"}'
    )


@pytest.mark.parametrize("value", [{1, 2}, b"x", object(), timedelta(1)])
def test_what_json_lacks_has_no_canonical_form(value: object) -> None:
    with pytest.raises(TypeError, match="has no canonical form"):
        canonical_json({"value": value})


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_numbers_that_are_none_have_no_canonical_form(value: float) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical_json(value)


def test_the_hash_is_sha_256_of_utf_8() -> None:
    assert sha256_hex("ü") == "607474ca475a9724d7360aba71a56d5df77e61350e3f724cfa1f46e857e2d85f"
