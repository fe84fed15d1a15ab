"""Databases that restores set aside: the way back, kept until their date and never removed as the only good copy."""

from __future__ import annotations

from bot.models import Actor, Operation, Surface
from bot.operations.context import Context
from bot.postgres.connection import server_of
from bot.postgres.swap import drop_database
from bot.store import asides, audit, backups, operations

CARETAKER = Actor("caretaker", "the caretaker", Surface.SCHEDULE)


class Asides:
    def __init__(self, context: Context) -> None:
        self._context = context

    def remove_due(self, target: str) -> list[str]:
        """Drop what is past its date, once a backup has been taken since. Returns the names of the dropped."""
        with self._context.database.transaction() as connection:
            due = asides.due(connection, target, self._context.now())
            newest = backups.newest_first(connection, target, 1)
        return [
            self._remove(operation)
            for operation in due
            if newest and operation.finished_at is not None and newest[0].taken_at > operation.finished_at
        ]

    def _remove(self, operation: Operation) -> str:
        name = str(operation.result["aside_database"])
        server = server_of(self._context.target(operation.target), self._context.environment)
        with server.maintenance(name) as connection:
            drop_database(connection, name, live=server.database)
        now = self._context.now()
        with self._context.database.transaction() as state:
            operations.note_result(state, operation.id, {"aside_removed_at": now.isoformat()})
            audit.append(
                state,
                now,
                CARETAKER,
                "restore.remove_aside",
                "removed",
                target=operation.target,
                operation_id=operation.id,
                plan_hash=operation.plan_hash,
                before="set aside",
                after="removed",
                detail={"database": name},
            )
        return name
