"""A payload of Slack that comes twice acts once, in whichever process it arrives."""

from __future__ import annotations

from bot.operations.context import Context
from bot.store import deliveries


class Deliveries:
    def __init__(self, context: Context) -> None:
        self._context = context

    def first(self, key: str) -> bool:
        """Whether nobody has heard this one before. Raises DatabaseUnreachable."""
        with self._context.database.transaction() as connection:
            return deliveries.first(connection, key, self._context.now())
