"""What tuple counters tell of the time between two looks."""

from __future__ import annotations

import pytest

from bot.models import TupleCounters
from bot.postgres.changes import RowChanges, changes_between

THEN = TupleCounters(16400, "- 7", {"public.devices": (50, 3, 1), "public.runs": (80, 0, 0)})


def later(tables: dict[str, tuple[int, int, int]], oid: int = 16400, reset: str = "- 7") -> TupleCounters:
    return TupleCounters(oid, reset, tables)


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (later(dict(THEN.tables)), []),
        (
            later({"public.devices": (51, 5, 1), "public.runs": (180, 0, 2)}),
            [RowChanges("public.runs", 100, 0, 2), RowChanges("public.devices", 1, 2, 0)],
        ),
        (later({"public.devices": (50, 3, 1), "public.new": (2, 0, 0)}), [RowChanges("public.new", 2, 0, 0)]),
        (later({"public.devices": (49, 9, 9)}), None),
        (later(dict(THEN.tables), oid=16401), None),
        (later(dict(THEN.tables), reset="9 7"), None),
        (later(dict(THEN.tables), reset="- 8"), None),
    ],
    ids=["nothing", "most first", "a new table", "went back", "another database", "reset", "reset by a crash"],
)
def test_changes_are_the_difference_where_the_counters_are_the_same(
    after: TupleCounters, expected: list[RowChanges] | None
) -> None:
    assert changes_between(THEN, after) == expected
