"""The hash chain: who, what, when, on which plan, with which result. Written in the change's own transaction."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.canonical import canonical_json, sha256_hex
from bot.models import Actor, AuditEntry, Surface
from bot.store.database import Connection, Row

GENESIS = "0" * 64
_LOCK = 0x61_75_64  # "aud"


@dataclass(frozen=True)
class AuditVerdict:
    """Whether the chain holds; if not, the position of the first broken link and what is wrong with it."""

    intact: bool
    entries: int
    head: str
    first_broken: int | None = None
    problem: str = ""


def append(
    connection: Connection,
    now: datetime,
    actor: Actor,
    action: str,
    result: str,
    *,
    target: str | None = None,
    operation_id: str | None = None,
    plan_hash: str | None = None,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Add a link. Writers queue behind one another until their transaction ends: the chain has no forks."""
    connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
    last = connection.execute("SELECT position, hash FROM audit ORDER BY position DESC LIMIT 1").fetchone()
    position, previous = (last["position"] + 1, last["hash"]) if last else (1, GENESIS)
    entry = canonical_json(
        {
            "position": position,
            "at": now,
            "actor": {"id": actor.id, "name": actor.name, "surface": actor.surface},
            "action": action,
            "target": target,
            "operation_id": operation_id,
            "plan_hash": plan_hash,
            "result": result,
            "detail": dict(detail or {}),
        }
    )
    connection.execute(
        "INSERT INTO audit (position, entry, previous_hash, hash) VALUES (%s, %s, %s, %s)",
        (position, entry, previous, link_hash(previous, entry)),
    )


def link_hash(previous: str, entry: str) -> str:
    return sha256_hex(f"{previous}\n{entry}")


def entries(connection: Connection, limit: int, target: str | None) -> list[AuditEntry]:
    """Newest first."""
    rows = connection.execute(
        """SELECT * FROM audit WHERE %(target)s::text IS NULL OR entry::jsonb->>'target' = %(target)s
           ORDER BY position DESC LIMIT %(limit)s""",
        {"target": target, "limit": limit},
    ).fetchall()
    return [_entry(row) for row in rows]


def verify(connection: Connection) -> AuditVerdict:
    """Walk the whole chain from its first link."""
    previous, count = GENESIS, 0
    with connection.cursor(name="audit_chain") as cursor:
        cursor.execute("SELECT * FROM audit ORDER BY position")
        for row in cursor:
            count += 1
            problem = _broken(row, count, previous)
            if problem:
                return AuditVerdict(False, count, previous, row["position"], problem)
            previous = row["hash"]
    return AuditVerdict(True, count, previous)


def _broken(row: Row, expected_position: int, previous: str) -> str:
    if row["position"] != expected_position:
        return f"entry {expected_position} is missing"
    if row["previous_hash"] != previous:
        return "does not follow the entry before it"
    if row["hash"] != link_hash(previous, row["entry"]):
        return "was changed after it was written"
    if json.loads(row["entry"])["position"] != row["position"]:
        return "was moved"
    return ""


def _entry(row: Row) -> AuditEntry:
    body = json.loads(row["entry"])
    return AuditEntry(
        position=row["position"],
        at=datetime.fromisoformat(body["at"]),
        actor=Actor(body["actor"]["id"], body["actor"]["name"], Surface(body["actor"]["surface"])),
        action=body["action"],
        target=body["target"],
        operation_id=body["operation_id"],
        plan_hash=body["plan_hash"],
        result=body["result"],
        detail=body["detail"],
        previous_hash=row["previous_hash"],
        hash=row["hash"],
    )
