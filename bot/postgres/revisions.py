"""The deployed code's Alembic history, as `alembic heads` and `alembic history` print it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

_LINE = re.compile(r"^(?P<parents>.+?) -> (?P<id>[^\s,]+)(?P<marks>(?: \([^)]*\))*), ?(?P<message>.*)$")
_PARENT = re.compile(r"[^\s,()]+")  # what it depends on stands in parentheses behind its parents


@dataclass(frozen=True)
class Revision:
    id: str
    parents: tuple[str, ...]
    message: str


@dataclass(frozen=True)
class History:
    """Every revision of the code by its id, with the order in which they run."""

    revisions: Mapping[str, Revision]

    def knows(self, ids: Iterable[str]) -> bool:
        return all(item in self.revisions for item in ids)

    def ancestors(self, ids: Iterable[str]) -> set[str]:
        """These revisions and everything that they build on."""
        found: set[str] = set()
        waiting = [item for item in ids if item in self.revisions]
        while waiting:
            item = waiting.pop()
            if item not in found:
                found.add(item)
                waiting += [parent for parent in self.revisions[item].parents if parent in self.revisions]
        return found

    def pending(self, current: Iterable[str]) -> list[Revision]:
        """What is not applied yet, oldest first."""
        applied = self.ancestors(current)
        return [revision for revision in reversed(list(self.revisions.values())) if revision.id not in applied]


def parse_heads(printed: str) -> list[str]:
    """Ids that `alembic heads` printed."""
    return [line.split()[0] for line in printed.splitlines() if "(head)" in line]


def parse_history(printed: str) -> History:
    """`alembic history` prints newest first, `parent -> id (marks), message` a line."""
    revisions: dict[str, Revision] = {}
    for line in printed.splitlines():
        match = _LINE.match(line.strip())
        if match:
            parents = tuple(part for part in _PARENT.findall(match["parents"]) if part != "<base>")
            revisions[match["id"]] = Revision(match["id"], parents, match["message"].strip())
    return History(revisions)
