"""What changes the world without being an operation is told where people see it."""

from __future__ import annotations

from bot.models import SubjectKind
from bot.operations.context import Context
from bot.store import messages
from bot.store.database import Connection


def notice(context: Context, connection: Connection, position: int) -> None:
    """Ask for a message about the audit entry at `position`, in the transaction that writes it."""
    place = context.settings.slack.channels.operations
    messages.want(connection, SubjectKind.NOTICE, str(position), place, context.now())
