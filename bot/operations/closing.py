"""Whether the live database may be closed by an operation's own swap, and opening it again."""

from __future__ import annotations

from psycopg import Connection

from bot.models import Operation
from bot.operations.journal import Journal
from bot.postgres.swap import reopen


class Closing:
    """What a swap closes is remembered before, so that what others close stays so."""

    def __init__(self, operation: Operation, journal: Journal, live: str) -> None:
        self._operation = operation
        self._journal = journal
        self._live = live

    def begins(self) -> None:
        self._journal.remember(closing=True)

    def ended(self) -> None:
        """Whoever closes the database from now on has his reasons."""
        self._journal.remember(closing=None)

    def undo(self, connection: Connection) -> None:
        """Open it again where the swap was broken off."""
        if self._journal.memory.get("closing", self._swap_was_begun()):
            reopen(connection, self._live)
            self.ended()

    def _swap_was_begun(self) -> bool:
        """For an operation that the version before began, which remembered nothing."""
        return any(step.name == "swap" and step.started_at is not None for step in self._operation.steps)
