"""A row as one text, the same for the same values and for no others: what a table's content is hashed over.

`ROW(…)::text` would do, and takes nearly twice the time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from psycopg import sql

_BETWEEN = "\x1f"
_MOST_ARGUMENTS = 90
"""Of one call (PostgreSQL's FUNC_MAX_ARGS is 100)."""
_BITS = 60


class TextForm(StrEnum):
    """What is known of the texts of a type."""

    PLAIN = "plain"
    """never hold a control character"""
    STRING = "string"
    """may hold any; the length can be had without the text"""
    OTHER = "other"


@dataclass(frozen=True)
class Column:
    name: str
    form: TextForm


COLUMNS = """
    SELECT coalesce(array_agg(a.attname::text ORDER BY a.attname), '{}'),
           coalesce(array_agg(CASE
               WHEN t.oid >= 16384 THEN 'other'
               WHEN t.typname IN ('text', 'varchar', 'bpchar') THEN 'string'
               WHEN t.typcategory IN ('N', 'D', 'B', 'I', 'T') OR t.typname IN ('uuid', 'bytea', 'jsonb') THEN 'plain'
               ELSE 'other' END ORDER BY a.attname), '{}')
    FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
    WHERE a.attrelid = %s AND a.attnum > 0 AND NOT a.attisdropped
"""
"""By name: with inheritance a restore may change their order."""


def columns_of(names: Sequence[str], forms: Sequence[str]) -> list[Column]:
    """From the two arrays that `COLUMNS` gives."""
    return [Column(name, TextForm(form)) for name, form in zip(names, forms, strict=True)]


def row_text(alias: str, columns: Sequence[Column]) -> sql.Composable:
    """An expression over the row `alias`; never null.

    Values stand between separators, nulls are left out and told by bits, and a value that may hold a separator is
    preceded by its length.
    """
    parts = [*_nulls(alias, columns)]
    for column in columns:
        value = sql.Identifier(alias, column.name)
        if column.form is TextForm.STRING:
            parts.append(sql.SQL("octet_length({})").format(value))
        elif column.form is TextForm.OTHER:
            parts.append(sql.SQL("octet_length({}::text)").format(value))
        parts.append(value)
    while len(parts) > _MOST_ARGUMENTS:
        parts = [_joined(parts[at : at + _MOST_ARGUMENTS]) for at in range(0, len(parts), _MOST_ARGUMENTS)]
    return _joined(parts)


def _nulls(alias: str, columns: Sequence[Column]) -> list[sql.Composable]:
    """One number for each 60 columns, a bit for each. NOT NULL spares none: that may change, and the content not."""
    names = [column.name for column in columns]
    groups = [names[at : at + _BITS] for at in range(0, len(names), _BITS)]
    return [
        sql.SQL(" + ").join(
            sql.SQL("CASE WHEN {} IS NULL THEN {}::bigint ELSE 0 END").format(
                sql.Identifier(alias, name), sql.Literal(1 << bit)
            )
            for bit, name in enumerate(group)
        )
        for group in groups
    ]


def _joined(parts: Sequence[sql.Composable]) -> sql.Composable:
    return sql.SQL("concat_ws({})").format(sql.SQL(", ").join([sql.Literal(_BETWEEN), *(parts or [sql.Literal("")])]))
