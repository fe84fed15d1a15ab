"""Restores and undos by the database that they set aside: the way back, as long as it is there."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from bot.models import Operation
from bot.store.database import Connection
from bot.store.operations import get, operation_of

_KEPT = """kind IN ('restore', 'undo') AND state IN ('done', 'failed') AND result ? 'aside_database'
           AND NOT result ? 'aside_removed_at' AND NOT result ? 'undone_by'"""


def due(connection: Connection, target: str, now: datetime) -> list[Operation]:
    """Whose set-aside database is past its date and not removed yet, oldest first."""
    rows = connection.execute(
        f"""SELECT * FROM operations WHERE target = %s AND {_KEPT}
              AND (result->>'aside_until')::timestamptz <= %s ORDER BY created_at""",  # noqa: S608 - a constant
        (target, now),
    ).fetchall()
    return [operation_of(row) for row in rows]


def last_restore(connection: Connection, target: str, downtime: str) -> Operation | None:
    """The last that is done and stopped the application at the same moment: what the next may take."""
    row = connection.execute(
        """SELECT * FROM operations WHERE target = %s AND kind = 'restore' AND state = 'done'
             AND parameters->>'downtime' = %s AND result ? 'downtime_seconds'
           ORDER BY finished_at DESC LIMIT 1""",
        (target, downtime),
    ).fetchone()
    return operation_of(row) if row else None


def newest(connection: Connection, target: str) -> Operation | None:
    """The last swap of a target whose former database is still there, with its steps left out."""
    row = connection.execute(
        f"""SELECT * FROM operations WHERE target = %s AND {_KEPT}
            ORDER BY finished_at DESC, created_at DESC LIMIT 1""",  # noqa: S608 - a constant
        (target,),
    ).fetchone()
    return operation_of(row) if row else None


def first_noted(connection: Connection, operation_id: str) -> dict[str, Any]:
    """When an operation swapped, and until when there is a way back, if that was noted before: it happens once."""
    operation = get(connection, operation_id)
    noted = operation.result if operation is not None else {}
    return {key: noted[key] for key in ("swapped_at", "aside_until") if key in noted}
