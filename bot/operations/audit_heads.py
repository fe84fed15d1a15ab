"""The audit log's head, exported daily: what was cut off or rewritten later does not match it.

A chain alone shows that nothing between its ends was touched. Whoever may write to the state database could take its
last entries away, or write all of it anew; not so the heads in storage, under Object Lock where that is asked for.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta

from bot.canonical import canonical_json
from bot.errors import BaselinerError
from bot.models import AuditExport, AuditHead
from bot.operations.context import Context
from bot.operations.storages import named
from bot.storage import Storage
from bot.store import audit, audit_exports
from bot.store.audit import AuditVerdict

_LATELY = 31
"""Days whose heads are compared with each export; `audit verify` compares all."""
_AGAIN = timedelta(hours=1)


@dataclass(frozen=True)
class HeadsCompared:
    """What one storage's heads say of the log."""

    storage: str
    compared: int
    newest: AuditHead | None
    first_broken: int | None = None
    """the position from which on, or at or before which, the log is not what it was"""
    problem: str = ""
    """what they prove against it, or why they could not be read"""


@dataclass(frozen=True)
class Verification:
    """The chain, and the exported heads of every storage that should have some."""

    chain: AuditVerdict
    heads: tuple[HeadsCompared, ...]

    @property
    def holds(self) -> bool:
        """False where heads could not be compared, too."""
        return self.chain.intact and not any(each.problem for each in self.heads)

    @property
    def first_broken(self) -> int | None:
        found = [self.chain.first_broken, *(each.first_broken for each in self.heads)]
        return min((position for position in found if position is not None), default=None)


class AuditHeads:
    def __init__(self, context: Context) -> None:
        self._context = context

    def export(self, target: str) -> AuditExport:
        """Write today's head to the target's first storage, unless it has one. The outcome is on record.

        A log that its former heads belie is not exported. Raises NotFound.
        """
        name = self._context.target(target).storage[0]
        now, head, problem = self._context.now(), None, ""
        try:
            chain = self._chain()
            said = self._compared(name, _LATELY)
            problem = _broken(chain) or said.problem
            if not problem:
                head = self._written(named(self._context, name), chain, now)
        except BaselinerError as error:
            problem = f"{error} {error.remedy}".strip()
        export = AuditExport(target, name, now, head, problem)
        with self._context.database.transaction() as connection:
            audit_exports.record(connection, export)
        return export

    def verify(self) -> Verification:
        """Walk the chain, and compare it with every head in the first storage of each target."""
        names = dict.fromkeys(target.storage[0] for target in self._context.settings.targets.values())
        heads = []
        for name in names:
            try:
                heads.append(self._compared(name))
            except BaselinerError as error:
                heads.append(HeadsCompared(name, 0, None, None, f"cannot be read: {error}"))
        return Verification(self._chain(), tuple(heads))

    def last(self) -> dict[str, AuditExport]:
        """The last export of each target that had one."""
        with self._context.database.transaction() as connection:
            return audit_exports.last(connection)

    def _chain(self) -> AuditVerdict:
        with self._context.database.transaction() as connection:
            return audit.verify(connection)

    def _compared(self, name: str, lately: int = 0) -> HeadsCompared:
        storage = named(self._context, name)
        days = storage.audit_heads()
        heads = [_read(storage, day) for day in days[-lately:]]
        with self._context.database.transaction() as connection:
            found = audit.hashes_at(connection, [head.position for head in heads])
            exports = audit_exports.last(connection)
        said = compare(name, heads, found)
        exported = {each.head.day for each in exports.values() if each.storage == name and each.head is not None}
        gone = exported - set(days)
        if gone and not said.problem:
            return replace(said, problem=f"the head of {min(gone)} was exported there, and is gone")
        return said

    def _written(self, storage: Storage, chain: AuditVerdict, now: datetime) -> AuditHead | None:
        """None of an empty log."""
        if not chain.entries:
            return None
        day = f"{now.astimezone(UTC):%Y-%m-%d}"
        head = AuditHead(day, chain.entries, chain.head, now)
        if storage.put_audit_head(day, canonical_json(asdict(head)).encode()):
            return head
        return _read(storage, day)


def is_export_due(last: AuditExport | None, now: datetime) -> bool:
    """Once a day, in UTC; an hour after one that failed. Pure."""
    if last is None or last.ran_at.astimezone(UTC).date() < now.astimezone(UTC).date():
        return True
    return bool(last.problem) and now - last.ran_at >= _AGAIN


def compare(storage: str, heads: Sequence[AuditHead], found: Mapping[int, str]) -> HeadsCompared:
    """Exported heads, oldest first, against the hashes that the log has at their positions. Pure."""
    matched = 0
    for head in heads:
        if head.position not in found:
            problem = f"entry {head.position}, the head of {head.day}, is missing: the log's end was cut off"
            return HeadsCompared(storage, len(heads), heads[-1], matched + 1, problem)
        if found[head.position] != head.hash:
            after = f" and after entry {matched}" if matched else ""
            problem = f"entry {head.position} is not the head of {head.day}: the log was rewritten up to it{after}"
            return HeadsCompared(storage, len(heads), heads[-1], matched + 1, problem)
        matched = max(matched, head.position)
    return HeadsCompared(storage, len(heads), heads[-1] if heads else None)


def _broken(chain: AuditVerdict) -> str:
    return "" if chain.intact else f"the chain is broken at entry {chain.first_broken}: it {chain.problem}"


def _read(storage: Storage, day: str) -> AuditHead:
    try:
        value = json.loads(storage.get_audit_head(day))
        return AuditHead(day, int(value["position"]), str(value["hash"]), datetime.fromisoformat(value["at"]))
    except (ValueError, KeyError, TypeError) as error:
        raise BaselinerError(
            f"The audit log's head of {day} in storage cannot be understood.", "Find out who wrote it there."
        ) from error
