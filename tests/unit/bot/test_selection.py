"""Which tables somebody means."""

from __future__ import annotations

import pytest

from bot.errors import NotFound
from bot.operations.selection import chosen_tables

TABLES = ("public.devices", "public.runs", 'public."Odd "" name"', "audit.runs", '"my.schema"."a.b"', "large objects")


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["public.devices"], ["public.devices"]),
        (["devices"], ["public.devices"]),
        ([" devices ", "public.devices"], ["public.devices"]),
        (["audit.*"], ["audit.runs"]),
        (["public.*"], ['public."Odd "" name"', "public.devices", "public.runs"]),
        (['Odd " name'], ['public."Odd "" name"']),
        (['public.Odd " name'], ['public."Odd "" name"']),
        (['public."Odd "" name"'], ['public."Odd "" name"']),
        (["a.b"], ['"my.schema"."a.b"']),
        (["my.schema.*"], ['"my.schema"."a.b"']),
        ([], []),
    ],
)
def test_what_is_meant_is_found(words: list[str], found: list[str]) -> None:
    assert chosen_tables(words, TABLES) == tuple(found)


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("device", "Did you mean devices"),
        ("runs", "Name its schema"),
        ("nothing.*", "has no table"),
        ("", "has no table"),
        ("public", "has no table"),
    ],
)
def test_what_is_not_clear_is_asked_for(word: str, said: str) -> None:
    with pytest.raises(NotFound) as refused:
        chosen_tables([word], TABLES)
    assert said in f"{refused.value} {refused.value.remedy}"
