"""Alembic's heads and history, as it prints them."""

from __future__ import annotations

import pytest

from bot.postgres.revisions import History, Revision, parse_heads, parse_history

LINE = """\
c3 -> d4 (head), add owner
b2 -> c3, add runs, items -> and more
a1 -> b2, Revision ID: b2
<base> -> a1, devices (first)
"""
# `alembic history` of two branches, a merge, labels and dependencies, by Alembic 1.20.
BRANCHED = """\
e5 (d4) -> f6 (net) (head), more
<base> (b2) -> e5 (net), network
d4 -> g7 (carts) (head), Revision ID: g7
b2, c3 -> d4 (carts) (mergepoint), merge
a1 -> c3, right (really)
a1 -> b2 (carts), left
<base> -> a1 (branchpoint), first
"""


def pending(history: History, *current: str) -> list[str]:
    return [revision.id for revision in history.pending(current)]


@pytest.mark.parametrize(
    ("printed", "heads"),
    [
        ("d4 (head)\n", ["d4"]),
        ("f6 (net) (head)\ng7 (carts) (head)\n", ["f6", "g7"]),
        ("INFO  [alembic] loaded\n1975ea83b712 (head)\n", ["1975ea83b712"]),
        ("55af2cb1c267 (net) (effective head)\n", []),
        ("", []),
    ],
)
def test_heads_are_the_lines_marked_so(printed: str, heads: list[str]) -> None:
    assert parse_heads(printed) == heads


def test_a_line_of_revisions_runs_oldest_first() -> None:
    history = parse_history(LINE)
    assert list(history.revisions.values()) == [
        Revision("d4", ("c3",), "add owner"),
        Revision("c3", ("b2",), "add runs, items -> and more"),
        Revision("b2", ("a1",), "Revision ID: b2"),
        Revision("a1", (), "devices (first)"),
    ]
    assert pending(history) == ["a1", "b2", "c3", "d4"]
    assert pending(history, "b2") == ["c3", "d4"]
    assert pending(history, "d4") == []


def test_a_merge_has_both_branches_behind_it() -> None:
    history = parse_history(BRANCHED)
    assert history.revisions["d4"].parents == ("b2", "c3")
    assert history.ancestors(["d4"]) == {"a1", "b2", "c3", "d4"}
    assert pending(history, "d4") == ["g7", "e5", "f6"]
    assert pending(history, "b2", "c3") == ["d4", "g7", "e5", "f6"]


def test_what_a_revision_depends_on_is_behind_it_too() -> None:
    history = parse_history(BRANCHED)
    assert history.ancestors(["e5"]) == {"e5", "b2", "a1"}
    assert pending(history, "e5") == ["c3", "d4", "g7", "f6"]
    assert pending(history, "f6", "g7") == []


def test_a_revision_that_nobody_knows_is_not_known() -> None:
    history = parse_history(LINE)
    assert history.knows(["a1", "d4"])
    assert not history.knows(["a1", "e5"])
    assert pending(history, "e5") == ["a1", "b2", "c3", "d4"]


def test_noise_is_no_revision() -> None:
    assert parse_history("INFO  [alembic.runtime] Context impl\n\n  \nRev: a1 (head)\n").revisions == {}
