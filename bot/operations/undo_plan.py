"""What an undo would do, and what binds its approval."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bot.errors import NotFound, Refused
from bot.models import Operation
from bot.operations.context import Context
from bot.operations.swap_plan import moved_in_common, swap_body
from bot.postgres.connection import server_of
from bot.postgres.facts import database_facts
from bot.runtime.stop import StopSignal
from bot.store import asides


class UndoPlanner:
    def __init__(self, context: Context) -> None:
        self._context = context

    def body(self, operation: Operation, stop: StopSignal) -> dict[str, Any]:
        """What the undo would do, of now. Raises whatever blocks it."""
        stop.check()
        undone = self._undone(operation)
        aside = str(operation.parameters["aside_database"])
        swapped_at = datetime.fromisoformat(undone.result["swapped_at"])
        server = server_of(self._context.target(operation.target), self._context.environment)
        with server.connect() as connection:
            common = swap_body(self._context, operation, connection, server, swapped_at)
            try:
                facts = database_facts(connection, aside)
            except NotFound as error:
                raise Refused(
                    f"The database {aside} that was set aside is not there any more.", "Restore a backup instead."
                ) from error
        return common | {
            "undoes": {"id": undone.id, "kind": undone.kind, "swapped_at": swapped_at},
            "aside": {"database": aside, "database_oid": facts.oid, "database_bytes": facts.size},
        }

    def moved(self, approved: Mapping[str, Any], fresh: Mapping[str, Any]) -> list[str]:
        moved = moved_in_common(approved, fresh)
        if approved["aside"]["database_oid"] != fresh["aside"]["database_oid"]:
            moved.append("the database that was set aside: it is another one (its oid)")
        return moved

    def _undone(self, operation: Operation) -> Operation:
        with self._context.database.transaction() as connection:
            newest = asides.newest(connection, operation.target)
        if newest is None or newest.id != operation.parameters["undoes"]:
            raise Refused(
                f"Operation {operation.parameters['undoes']} is not the last swap of {operation.target} any more.",
                "Look at what happened since, then ask again.",
            )
        return newest
