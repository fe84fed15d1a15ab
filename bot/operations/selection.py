"""Which tables of a backup somebody means. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from bot.errors import TableNotFound

_PART = r'("(?:[^"]|"")*"|[^".]+)'
_QUALIFIED = re.compile(rf"{_PART}\.{_PART}")


def chosen_tables(words: Sequence[str], tables: Iterable[str]) -> tuple[str, ...]:
    """Of `tables` (named as in a manifest) those that are meant, sorted: `public.devices`, `devices`, or `audit.*`.

    Raises TableNotFound for a word that means none, or more than one.
    """
    known = {table: _parts(table) for table in tables}
    found = {table for word in words for table in _meant(word.strip(), known)}
    return tuple(sorted(found))


def _meant(word: str, known: dict[str, tuple[str, str]]) -> list[str]:
    if word in known:
        return [word]
    if word.endswith(".*"):
        found = [table for table, (schema, _) in known.items() if schema == word[:-2].strip('"')]
        if found:
            return found
        raise _unknown(word, known)
    found = [table for table, (schema, name) in known.items() if word in (name, f"{schema}.{name}")]
    if len(found) > 1:
        raise TableNotFound(f"{word!r} may be {' or '.join(sorted(found))}.", "Name its schema too.")
    if not found:
        raise _unknown(word, known)
    return found


def _unknown(word: str, known: dict[str, tuple[str, str]]) -> TableNotFound:
    names = [*known, *(name for _, name in known.values())]
    nearest = get_close_matches(word, names, n=1)
    hint = f"Did you mean {nearest[0]}? " if nearest else ""
    return TableNotFound(
        f"The backup has no table {word!r}.", f"{hint}Type public.devices, or audit.* for a whole schema."
    )


def _parts(table: str) -> tuple[str, str]:
    """Schema and name without their quotes; what is no table (large objects) has no schema."""
    matched = _QUALIFIED.fullmatch(table)
    if matched is None:
        return "", table
    schema, name = (part[1:-1].replace('""', '"') if part[0] == '"' else part for part in matched.groups())
    return schema, name
