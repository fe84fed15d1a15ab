"""SQL scripts cut into their statements."""

from __future__ import annotations

import re
from collections.abc import Iterator

# What a semicolon may stand in: strings (with backslashes in E''), quoted names, comments, dollar quotes.
_PIECE = re.compile(
    r"""[eE]'(?:[^'\\]|''|\\.)*' | '(?:[^']|'')*' | "(?:[^"]|"")*"
      | --[^\n]* | /\*.*?\*/ | \$(\w*)\$.*?\$\1\$ | ; | \w+ | \s+ | .""",
    re.DOTALL | re.VERBOSE,
)


def statements(script: str) -> Iterator[str]:
    """Each statement without its semicolon; psql's own commands (lines that begin with a backslash) are left out."""
    parts: list[str] = []
    for found in _PIECE.finditer(_without_commands(script)):
        piece = found[0]
        if piece == ";":
            if statement := "".join(parts).strip():
                yield statement
            parts.clear()
        elif not piece.startswith(("--", "/*")):
            parts.append(piece)
    if statement := "".join(parts).strip():
        yield statement


def _without_commands(script: str) -> str:
    return re.sub(r"^\\(?:un)?restrict .*$", "", script, flags=re.MULTILINE)
