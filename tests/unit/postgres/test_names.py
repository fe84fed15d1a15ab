"""Names of the databases that a restore makes."""

from __future__ import annotations

from hypothesis import assume, given
from hypothesis import strategies as st

from bot.postgres.swap import aside_name, scratch_name

OPERATION = "20261122T101500Z-7k3f"


def test_names_tell_what_they_are_and_of_which_operation() -> None:
    assert scratch_name("inventory", OPERATION) == "inventory__new_20261122t101500z7k3f"
    assert aside_name("inventory", OPERATION) == "inventory__old_20261122t101500z7k3f"


@given(st.text(min_size=1, max_size=80), st.uuids())
def test_names_of_any_database_fit_and_differ(live: str, operation: object) -> None:
    assume(len(live.encode("utf-8", "surrogatepass")) <= 63)
    assume(live.encode("utf-8", "ignore").decode() == live)
    names = {live, scratch_name(live, str(operation)), aside_name(live, str(operation)), scratch_name(live, OPERATION)}
    assert len(names) == 4
    assert all(len(name.encode()) <= 63 for name in names)


def test_a_name_is_cut_between_characters() -> None:
    name = scratch_name("🐘" * 15, OPERATION)
    assert name.startswith("🐘" * 9 + "__new_")
    assert len(name.encode()) <= 63
