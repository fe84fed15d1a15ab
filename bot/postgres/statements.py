"""SQL scripts cut into their statements."""

from __future__ import annotations

import re
from collections.abc import Iterator

# What a semicolon may stand in: strings (with backslashes in E''), quoted names, comments, dollar quotes.
_PIECE = re.compile(
    r"""[eE]'(?:[^'\\]|''|\\.)*' | '(?:[^']|'')*' | "(?:[^"]|"")*"
      | --[^\n]* | /\* | \$(\w*)\$.*?\$\1\$ | ; | \w[\w$]* | \s+ | .""",
    re.DOTALL | re.VERBOSE,
)
_COMMENT_EDGE = re.compile(r"/\*|\*/")


def statements(script: str) -> Iterator[str]:
    """Each statement without its semicolon; psql's own commands (lines that begin with a backslash) are left out."""
    parts: list[str] = []
    for piece in _pieces(_without_commands(script)):
        if piece == ";":
            if statement := "".join(parts).strip():
                yield statement
            parts.clear()
        else:
            parts.append(piece)
    if statement := "".join(parts).strip():
        yield statement


def _pieces(script: str) -> Iterator[str]:
    """With a blank for each comment, as PostgreSQL reads it."""
    at = 0
    while found := _PIECE.match(script, at):
        at = found.end()
        if found[0] == "/*":
            at = _end_of_comment(script, at)
            # The server refuses one that is left open: nothing behind it may become a statement.
            yield " " if at else script[found.start() :]
            at = at or len(script)
        else:
            yield " " if found[0].startswith("--") else found[0]


def _end_of_comment(script: str, inside: int) -> int:
    """Comments nest. 0 for one that is left open."""
    depth = 1
    for edge in _COMMENT_EDGE.finditer(script, inside):
        depth += 1 if edge[0] == "/*" else -1
        if depth == 0:
            return edge.end()
    return 0


def _without_commands(script: str) -> str:
    return re.sub(r"^\\(?:un)?restrict .*$", "", script, flags=re.MULTILINE)
