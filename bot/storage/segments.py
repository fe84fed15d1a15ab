"""One stream of bytes in as many objects as it needs: `name`, `name.2` and so on, to be put together again."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from bot.errors import DamagedBackup
from bot.models import StoredObject
from bot.storage.base import ObjectWriter, Written

_NUMBERED = re.compile(r"(?P<name>.+\.(?:zst|age))\.(?P<number>[1-9]\d*)")


class SegmentedWriter:
    """`open_writer` gets a name and the expected bytes; `limit` bounds each object beside the writer's own bound."""

    def __init__(
        self,
        name: str,
        open_writer: Callable[[str, int | None], ObjectWriter],
        expected_bytes: int | None,
        limit: int | None,
    ) -> None:
        self._name = name
        self._open_writer = open_writer
        self._limit = limit
        self._opened = ExitStack()
        self._written: list[tuple[str, ObjectWriter]] = []
        self._current = self._open(expected_bytes)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._opened.__exit__(kind, error, trace)

    def write(self, data: bytes) -> None:
        while self._room is not None and len(data) > self._room:
            head, data = data[: self._room], data[self._room :]
            self._current.write(head)
            self._current.seal()
            # Twice as much as was thought at least: the next object may have larger parts.
            self._current = self._open(2 * (self._held or 0))
        self._current.write(data)
        if self._room is not None:
            self._room -= len(data)

    def seal(self) -> None:
        self._current.seal()

    def complete(self) -> list[tuple[str, Written]]:
        """Make the objects exist, in their order, by name."""
        return [(name, writer.complete()) for name, writer in self._written]

    def _open(self, expected_bytes: int | None) -> ObjectWriter:
        number = len(self._written) + 1
        name = self._name if number == 1 else f"{self._name}.{number}"
        writer = self._opened.enter_context(self._open_writer(name, expected_bytes))
        self._written.append((name, writer))
        bounds = [bound for bound in (writer.limit, self._limit) if bound is not None]
        self._room = self._held = min(bounds) if bounds else None
        return writer


def joined(objects: Sequence[StoredObject]) -> list[tuple[str, list[StoredObject]]]:
    """The streams by name, each with its objects in order. Raises DamagedBackup when one is missing."""
    streams: dict[str, dict[int, StoredObject]] = {}
    for item in objects:
        found = _NUMBERED.fullmatch(item.name)
        name, number = (found["name"], int(found["number"])) if found else (item.name, 1)
        streams.setdefault(name, {})[number] = item
    for name, numbered in streams.items():
        if set(numbered) != set(range(1, len(numbered) + 1)):
            raise DamagedBackup(
                f"The manifest names only {len(numbered)} of the objects that {name} goes on in.",
                "Choose another backup; keep this one for inquiry.",
            )
    return [(name, [numbered[number] for number in sorted(numbered)]) for name, numbered in streams.items()]
