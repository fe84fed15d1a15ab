"""The hash chain: who, what, when, on which plan, with which result. Written in the change's own transaction."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from bot.canonical import canonical_json, sha256_hex
from bot.models import Actor, AuditEntry, AuditFilter, Surface
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
    before: Any = None,
    after: Any = None,
    detail: Mapping[str, Any] | None = None,
) -> int:
    """Add a link; returns its position. Writers queue until the transaction ends: the chain has no forks."""
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
            "before": before,
            "after": after,
            "result": result,
            "correlation_id": actor.reference or operation_id,
            "detail": dict(detail or {}),
        }
    )
    connection.execute(
        "INSERT INTO audit (position, entry, previous_hash, hash) VALUES (%s, %s, %s, %s)",
        (position, entry, previous, link_hash(previous, entry)),
    )
    return int(position)


def link_hash(previous: str, entry: str) -> str:
    return sha256_hex(f"{previous}\n{entry}")


_MATCHING = """
    FROM (SELECT *, entry::jsonb AS body FROM audit) a
    WHERE (%(target)s::text IS NULL OR body->>'target' = %(target)s)
      AND (%(actor)s::text IS NULL OR lower(body->'actor'->>'id') IN (%(actor)s, 'cli:' || %(actor)s)
           OR strpos(lower(body->'actor'->>'name'), %(actor)s) > 0)
      AND (%(action)s::text IS NULL OR starts_with(body->>'action', %(action)s)
           OR strpos(body->>'action', '.' || %(action)s) > 0)
      AND (%(since)s::timestamptz IS NULL OR (body->>'at')::timestamptz >= %(since)s)
      AND (%(until)s::timestamptz IS NULL OR (body->>'at')::timestamptz < %(until)s)
      AND (%(before)s::bigint IS NULL OR position < %(before)s)
"""


def get(connection: Connection, position: int) -> AuditEntry | None:
    row = connection.execute("SELECT * FROM audit WHERE position = %s", (position,)).fetchone()
    return _entry(row) if row else None


def entries(connection: Connection, limit: int, wanted: AuditFilter) -> list[AuditEntry]:
    """Newest first."""
    query = f"SELECT a.* {_MATCHING} ORDER BY position DESC LIMIT %(limit)s"
    rows = connection.execute(query.encode(), {**_parameters(wanted), "limit": limit}).fetchall()
    return [_entry(row) for row in rows]


def stream(connection: Connection, wanted: AuditFilter) -> Iterator[AuditEntry]:
    """In the order of the chain, some at a time: the log may be larger than memory."""
    query = f"SELECT a.* {_MATCHING} ORDER BY position"
    with connection.cursor(name="audit_stream") as cursor:
        cursor.execute(query.encode(), _parameters(wanted))
        for row in cursor:
            yield _entry(row)


def hashes_at(connection: Connection, positions: Collection[int]) -> dict[int, str]:
    """Of those entries that there are."""
    rows = connection.execute("SELECT position, hash FROM audit WHERE position = ANY(%s)", (list(positions),))
    return {row["position"]: row["hash"] for row in rows}


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
        before=body.get("before"),  # entries of early versions have none of these
        after=body.get("after"),
        correlation_id=body.get("correlation_id"),
    )


def _parameters(wanted: AuditFilter) -> dict[str, Any]:
    return {**asdict(wanted), "actor": wanted.actor and wanted.actor.lower()}
