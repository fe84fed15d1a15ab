"""What the publisher needs: the messages that are due, and the state that they draw."""

from __future__ import annotations

from datetime import date, timedelta

import psycopg

from bot.errors import NotFound
from bot.models import Alert, Approval, AuditEntry, Drawing, Operation, Plan, Report, Window
from bot.operations.context import Context
from bot.store import audit, messages, observations, operations, plans, reports, windows
from bot.store.database import Connection

_AT_ONCE = 50


class Drawings:
    def __init__(self, context: Context) -> None:
        self._context = context
        self._listener: Connection | None = None

    def due(self) -> list[Drawing]:
        """Oldest first, parents before their threads, no edit sooner than 5 s after the last but for an end."""
        with self._context.database.transaction() as connection:
            return messages.due(connection, self._context.now(), _AT_ONCE)

    def drawn(self, drawing: Drawing, ts: str, version: int) -> None:
        """`version` must have been read before the subject was: what changed since is drawn again."""
        with self._context.database.transaction() as connection:
            messages.drawn(connection, drawing.id, ts, version, self._context.now())

    def postpone(self, drawing: Drawing, error: str, seconds: float) -> None:
        """Slack did not take it; it is tried again later."""
        with self._context.database.transaction() as connection:
            messages.postpone(connection, drawing.id, error, self._context.now() + timedelta(seconds=seconds))

    def stands(self, channel: str, ts: str, subject_id: str) -> bool:
        """Whether the message there is one of ours about this subject."""
        with self._context.database.transaction() as connection:
            return messages.stands(connection, channel, ts, subject_id)

    def undrawn(self) -> int:
        """How many messages Slack does not show as they should be."""
        with self._context.database.transaction() as connection:
            return messages.undrawn(connection)

    def operation(self, operation_id: str) -> Operation:
        with self._context.database.transaction() as connection:
            found = operations.get(connection, operation_id)
        if found is None:
            raise NotFound(f"There is no operation {operation_id!r}.", "Look at /baseliner status.")
        return found

    def plan(self, operation_id: str) -> Plan | None:
        with self._context.database.transaction() as connection:
            return plans.get(connection, operation_id)

    def approvals(self, operation_id: str) -> list[Approval]:
        with self._context.database.transaction() as connection:
            return plans.approvals(connection, operation_id)

    def window(self, window_id: str) -> Window:
        with self._context.database.transaction() as connection:
            found = windows.get(connection, window_id)
        if found is None:
            raise NotFound(f"There is no window {window_id!r}.", "List them: /baseliner window list")
        return found

    def alert(self, alert_id: int) -> Alert:
        with self._context.database.transaction() as connection:
            found = observations.get_alert(connection, alert_id)
        if found is None:
            raise NotFound(f"There is no alert {alert_id}.", "Look at /baseliner health.")
        return found

    def report(self, day: str) -> Report:
        with self._context.database.transaction() as connection:
            found = reports.get(connection, date.fromisoformat(day))
        if found is None:
            raise NotFound(f"There is no report of {day}.", "See how things are now: /baseliner report")
        return found

    def audit_entry(self, position: int) -> AuditEntry:
        with self._context.database.transaction() as connection:
            found = audit.get(connection, position)
        if found is None:
            raise NotFound(f"There is no audit entry {position}.", "Check the log: baseliner audit verify")
        return found

    def wait(self, seconds: float) -> None:
        """Returns early when something became due. For one thread only. Raises psycopg.OperationalError."""
        if self._listener is None or self._listener.closed:
            self._listener = self._context.database.connect()
            self._listener.execute("LISTEN baseliner_messages")
            return
        try:
            for _ in self._listener.notifies(timeout=seconds, stop_after=1):
                pass
        except psycopg.OperationalError:
            self.close()
            raise

    def close(self) -> None:
        if self._listener is not None:
            self._listener.close()
            self._listener = None
