"""The audit log, asked: entries by filter, and whether its chain holds."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import replace

import psycopg

from bot.errors import BaselinerError
from bot.models import AuditEntry, AuditFilter
from bot.operations.context import Context
from bot.store import audit
from bot.store.audit import AuditVerdict

_WRITTEN = {"prune": "backup.remove"}
"""What people call an act, and what stands in the chain for it."""


class Audit:
    def __init__(self, context: Context) -> None:
        self._context = context

    def entries(
        self, limit: int = 20, target: str | None = None, wanted: AuditFilter | None = None
    ) -> list[AuditEntry]:
        """Newest first. Raises NotFound for an unknown target."""
        wanted = _by_what_is_written(wanted or AuditFilter(target=target))
        if wanted.target is not None:
            self._context.target(wanted.target)
        with _readable(), self._context.database.transaction() as connection:
            return audit.entries(connection, limit, wanted)

    @contextmanager
    def stream(self, wanted: AuditFilter) -> Generator[Iterator[AuditEntry]]:
        """In the order of the chain, read while the block runs. Of a target that is in the settings no more, too."""
        with _readable(), self._context.database.transaction() as connection:
            yield audit.stream(connection, _by_what_is_written(wanted))

    def verify(self) -> AuditVerdict:
        """Walk the whole chain."""
        with self._context.database.transaction() as connection:
            return audit.verify(connection)


def _by_what_is_written(wanted: AuditFilter) -> AuditFilter:
    return replace(wanted, action=_WRITTEN.get(wanted.action or "", wanted.action))


@contextmanager
def _readable() -> Generator[None]:
    try:
        yield
    except (psycopg.DataError, KeyError, ValueError) as error:
        raise BaselinerError(
            "An entry of the audit log is not as Baseliner writes them.", "Find it: baseliner audit verify"
        ) from error
