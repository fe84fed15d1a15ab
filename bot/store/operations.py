"""Operations and their steps. Each change that people can see raises the version and asks for a new drawing."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from bot.models import (
    Actor,
    Failure,
    Operation,
    OperationKind,
    OperationState,
    Progress,
    Step,
    StepState,
    SubjectKind,
    Surface,
)
from bot.store import messages
from bot.store.database import Connection, Row, one

VISIBLE = (SubjectKind.OPERATION, SubjectKind.APPROVAL, SubjectKind.FAILURE)


def insert(connection: Connection, operation: Operation, scheduled_for: datetime | None = None) -> bool:
    """False when the same fire of a schedule has already made one."""
    cursor = connection.execute(
        """INSERT INTO operations (id, kind, target, state, requester_id, requester_name, requester_surface, reason,
                                   channel, parameters, created_at, scheduled_for)
           VALUES (%(id)s, %(kind)s, %(target)s, %(state)s, %(requester_id)s, %(requester_name)s, %(surface)s,
                   %(reason)s, %(channel)s, %(parameters)s, %(created_at)s, %(scheduled_for)s)
           ON CONFLICT (target, kind, scheduled_for) DO NOTHING""",
        {
            "id": operation.id,
            "kind": operation.kind,
            "target": operation.target,
            "state": operation.state,
            "requester_id": operation.requester.id,
            "requester_name": operation.requester.name,
            "surface": operation.requester.surface,
            "reason": operation.reason,
            "channel": operation.channel,
            "parameters": Jsonb(dict(operation.parameters)),
            "created_at": operation.created_at,
            "scheduled_for": scheduled_for,
        },
    )
    return cursor.rowcount == 1


def get(connection: Connection, operation_id: str, *, lock: bool = False) -> Operation | None:
    """With its steps. `lock`: others who want to change it wait until this transaction ends."""
    if lock:
        connection.execute("SELECT FROM operations WHERE id = %s FOR UPDATE", (operation_id,))
    row = connection.execute("SELECT * FROM operations WHERE id = %s", (operation_id,)).fetchone()
    if row is None:
        return None
    steps = connection.execute(
        "SELECT * FROM steps WHERE operation_id = %s ORDER BY position", (operation_id,)
    ).fetchall()
    return operation_of(row, steps)


def recent(connection: Connection, target: str | None, limit: int) -> list[Operation]:
    """Newest first, without their steps."""
    rows = connection.execute(
        """SELECT * FROM operations WHERE %(target)s::text IS NULL OR target = %(target)s
           ORDER BY created_at DESC, id DESC LIMIT %(limit)s""",
        {"target": target, "limit": limit},
    ).fetchall()
    return [operation_of(row) for row in rows]


def in_states(connection: Connection, states: Collection[OperationState]) -> list[Operation]:
    rows = connection.execute(
        "SELECT * FROM operations WHERE state = ANY(%s) ORDER BY created_at", (list(states),)
    ).fetchall()
    return [operation_of(row) for row in rows]


def last_scheduled(connection: Connection, target: str) -> Operation | None:
    """The last scheduled backup that has ended."""
    row = connection.execute(
        """SELECT * FROM operations
           WHERE target = %s AND kind = 'backup' AND scheduled_for IS NOT NULL AND finished_at IS NOT NULL
           ORDER BY scheduled_for DESC LIMIT 1""",
        (target,),
    ).fetchone()
    return operation_of(row) if row else None


def last_drill(connection: Connection, target: str) -> Operation | None:
    """The last one that is done or has failed."""
    row = connection.execute(
        """SELECT * FROM operations WHERE target = %s AND kind = 'drill' AND state IN ('done', 'failed')
           ORDER BY finished_at DESC, created_at DESC LIMIT 1""",
        (target,),
    ).fetchone()
    return operation_of(row) if row else None


def last_done(connection: Connection, target: str, kind: OperationKind) -> Operation | None:
    row = connection.execute(
        """SELECT * FROM operations WHERE target = %s AND kind = %s AND state = 'done'
           ORDER BY finished_at DESC LIMIT 1""",
        (target, kind),
    ).fetchone()
    return operation_of(row) if row else None


def last_fire(connection: Connection, target: str) -> datetime | None:
    """The last fire of the backup schedule that made an operation."""
    query = "SELECT max(scheduled_for) AS fire FROM operations WHERE target = %s AND kind = 'backup'"
    fire: datetime | None = one(connection.execute(query, (target,)))["fire"]
    return fire


def under_way(
    connection: Connection, target: str, kind: OperationKind, *, except_fire: datetime | None = None
) -> Operation | None:
    """One that waits or runs, other than that of this fire of a schedule."""
    row = connection.execute(
        """SELECT * FROM operations WHERE target = %s AND kind = %s AND state = ANY(%s)
             AND scheduled_for IS DISTINCT FROM %s::timestamptz ORDER BY created_at LIMIT 1""",
        (target, kind, ["planning", "awaiting_approval", "queued", "running"], except_fire),
    ).fetchone()
    return operation_of(row) if row else None


def note_result(connection: Connection, operation_id: str, result: Mapping[str, Any]) -> None:
    """Add to what came of an operation, after its end."""
    connection.execute(
        "UPDATE operations SET result = result || %s, version = version + 1 WHERE id = %s",
        (Jsonb(dict(result)), operation_id),
    )
    messages.touch(connection, VISIBLE, operation_id)


def transition(
    connection: Connection,
    operation_id: str,
    before: Collection[OperationState],
    after: OperationState,
    now: datetime,
    *,
    result: Mapping[str, Any] | None = None,
    failure: Failure | None = None,
    attempt: int | None = None,
) -> bool:
    """Compare-and-set of the state. False when the operation was not in `before`, or another attempt owns it."""
    cursor = connection.execute(
        """UPDATE operations SET
             state = %(after)s, version = version + 1, progress = NULL,
             attempt = attempt + (%(after)s = 'running')::int,
             started_at = CASE WHEN %(after)s = 'running' THEN coalesce(started_at, %(now)s) ELSE started_at END,
             finished_at = CASE WHEN %(ended)s THEN %(now)s ELSE finished_at END,
             result = result || %(result)s,
             failure = coalesce(%(failure)s, failure)
           WHERE id = %(id)s AND state = ANY(%(before)s) AND (%(attempt)s::int IS NULL OR attempt = %(attempt)s)""",
        {
            "id": operation_id,
            "before": list(before),
            "after": after,
            "ended": after.ended,
            "now": now,
            "result": Jsonb(dict(result or {})),
            "failure": Jsonb(asdict(failure)) if failure else None,
            "attempt": attempt,
        },
    )
    if cursor.rowcount == 1:
        messages.touch(connection, VISIBLE, operation_id, urgent=True)
    return cursor.rowcount == 1


def set_plan_hash(connection: Connection, operation_id: str, plan_hash: str) -> None:
    connection.execute("UPDATE operations SET plan_hash = %s WHERE id = %s", (plan_hash, operation_id))


def set_progress(connection: Connection, operation_id: str, attempt: int, progress: Progress | None) -> bool:
    """False when another attempt owns the operation now."""
    cursor = connection.execute(
        "UPDATE operations SET progress = %s, version = version + 1 WHERE id = %s AND attempt = %s",
        (Jsonb(asdict(progress)) if progress else None, operation_id, attempt),
    )
    messages.touch(connection, (SubjectKind.OPERATION,), operation_id)
    return cursor.rowcount == 1


def remember(connection: Connection, operation_id: str, attempt: int, memory: Mapping[str, Any]) -> bool:
    """Lay `memory` over what the job must find again after a crash. False when another attempt owns it."""
    cursor = connection.execute(
        "UPDATE operations SET memory = memory || %s WHERE id = %s AND attempt = %s",
        (Jsonb(dict(memory)), operation_id, attempt),
    )
    return cursor.rowcount == 1


def memory(connection: Connection, operation_id: str) -> dict[str, Any]:
    row = connection.execute("SELECT memory FROM operations WHERE id = %s", (operation_id,)).fetchone()
    return dict(row["memory"]) if row else {}


def plan_steps(connection: Connection, operation_id: str, steps: Sequence[tuple[str, str]]) -> None:
    """Write down (name, title) of every step to come; those already there stay as they are."""
    for position, (name, title) in enumerate(steps):
        connection.execute(
            """INSERT INTO steps (operation_id, position, name, title) VALUES (%s, %s, %s, %s)
               ON CONFLICT (operation_id, position) DO NOTHING""",
            (operation_id, position, name, title),
        )


def set_step(
    connection: Connection, operation_id: str, attempt: int, name: str, state: StepState, now: datetime, detail: str
) -> Step | None:
    """None when another attempt owns the operation now."""
    row = connection.execute(
        """UPDATE steps SET state = %(state)s, detail = %(detail)s,
             started_at = CASE WHEN %(state)s = 'running' THEN %(now)s ELSE steps.started_at END,
             finished_at = CASE WHEN %(state)s IN ('done', 'failed', 'skipped') THEN %(now)s END
           FROM operations o
           WHERE operation_id = %(id)s AND name = %(name)s AND o.id = operation_id AND o.attempt = %(attempt)s
           RETURNING steps.*""",
        {"id": operation_id, "name": name, "state": state, "now": now, "detail": detail, "attempt": attempt},
    ).fetchone()
    if row is None:
        return None
    connection.execute("UPDATE operations SET version = version + 1, progress = NULL WHERE id = %s", (operation_id,))
    messages.touch(connection, (SubjectKind.OPERATION,), operation_id)
    messages.touch(connection, (SubjectKind.STEP,), operation_id, detail=str(row["position"]), urgent=True)
    return _step(row)


def fail_running_steps(connection: Connection, operation_id: str, now: datetime) -> None:
    """Close what a killed worker left open."""
    rows = connection.execute(
        """UPDATE steps SET state = 'failed', finished_at = %s, detail = 'the worker was stopped or killed here'
           WHERE operation_id = %s AND state = 'running' RETURNING position""",
        (now, operation_id),
    ).fetchall()
    for row in rows:
        messages.touch(connection, (SubjectKind.STEP,), operation_id, detail=str(row["position"]), urgent=True)


def operation_of(row: Row, steps: Sequence[Row] = ()) -> Operation:
    return Operation(
        id=row["id"],
        kind=OperationKind(row["kind"]),
        target=row["target"],
        state=OperationState(row["state"]),
        requester=Actor(row["requester_id"], row["requester_name"], Surface(row["requester_surface"])),
        reason=row["reason"],
        parameters=row["parameters"],
        created_at=row["created_at"],
        version=row["version"],
        attempt=row["attempt"],
        channel=row["channel"],
        plan_hash=row["plan_hash"],
        started_at=row["started_at"],
        finished_at=row["finished_at"],
        result=row["result"],
        failure=Failure(**row["failure"]) if row["failure"] else None,
        progress=Progress(**row["progress"]) if row["progress"] else None,
        cancel_asked_by=actor_of(row["cancel_asked_by"]),
        steps=tuple(map(_step, steps)),
    )


def actor_of(value: Mapping[str, Any] | None) -> Actor | None:
    return Actor(value["id"], value["name"], Surface(value["surface"])) if value else None


def _step(row: Row) -> Step:
    return Step(
        position=row["position"],
        name=row["name"],
        title=row["title"],
        state=StepState(row["state"]),
        started_at=row["started_at"],
        finished_at=row["finished_at"],
        detail=row["detail"],
    )
