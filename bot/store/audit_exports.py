"""The last export of the audit log's head for each target."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from bot.canonical import canonical_json
from bot.models import AuditExport, AuditHead
from bot.store.database import Connection, Row


def record(connection: Connection, export: AuditExport) -> None:
    """A former head is remembered where this time there is none."""
    head = Jsonb(asdict(export.head), dumps=canonical_json) if export.head else None
    connection.execute(
        """INSERT INTO audit_exports (target, storage, ran_at, head, problem) VALUES (%s, %s, %s, %s, %s)
           ON CONFLICT (target) DO UPDATE SET ran_at = EXCLUDED.ran_at, problem = EXCLUDED.problem,
             storage = EXCLUDED.storage, head = CASE WHEN audit_exports.storage = EXCLUDED.storage
               THEN coalesce(EXCLUDED.head, audit_exports.head) ELSE EXCLUDED.head END""",
        (export.target, export.storage, export.ran_at, head, export.problem),
    )


def last(connection: Connection) -> dict[str, AuditExport]:
    """Of each target that ever had one."""
    rows = connection.execute("SELECT * FROM audit_exports").fetchall()
    return {row["target"]: _export(row) for row in rows}


def _export(row: Row) -> AuditExport:
    head: dict[str, Any] | None = row["head"]
    known = AuditHead(**{**head, "at": datetime.fromisoformat(head["at"])}) if head else None
    return AuditExport(row["target"], row["storage"], row["ran_at"], known, row["problem"])
