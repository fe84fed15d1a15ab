"""A hash of a database's schema that survives dump and restore."""

from __future__ import annotations

import hashlib
import re
from importlib import resources

from psycopg import Connection

# A restored expression may carry its casts and parentheses elsewhere: (ARRAY['a'::varchar])::text[] comes back as
# ARRAY[('a'::varchar)::text]. Both sides are hashed without.
_CAST = re.compile(
    r'::(?:"[^"]+"|[a-z_][a-z0-9_ ]*)(?:\.(?:"[^"]+"|\w+))?(?:\([0-9, ]+\))?(?: with(?:out)? time zone)?(?:\[\])*'
)
_PARENTHESES_AND_SPACE = re.compile(r"[()\s]+")


def schema_sha256(connection: Connection) -> str:
    """SHA-256, in hex, over the sorted names and definitions of everything that is not a system's or an extension's.

    Covers schemas, columns, defaults, constraints, indexes, views, sequences, functions, triggers, rules, policies,
    types, extensions, publications and comments; the rest by name. Owners and privileges are not in it: a restore that
    cannot set these fails. The connection's search_path must be empty.
    """
    query = resources.files("bot.postgres").joinpath("schema.sql").read_bytes()
    lines = sorted(
        f"{kind}\t{name}\t{_stable(rewritten or '')}\t{kept or ''}"
        for kind, name, rewritten, kept in connection.execute(query).fetchall()
    )
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _stable(expression: str) -> str:
    return _PARENTHESES_AND_SPACE.sub("", _CAST.sub("", expression))
