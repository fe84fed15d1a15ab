"""Plans and the approvals that bind their hashes."""

from __future__ import annotations

import json
from datetime import datetime

from bot.canonical import canonical_json
from bot.models import Actor, Approval, Decision, Plan, SubjectKind, Surface
from bot.store import messages
from bot.store.database import Connection, Row


def insert(connection: Connection, plan: Plan) -> None:
    connection.execute(
        """INSERT INTO plans (operation_id, hash, canonical, created_at, expires_at, required_approvals)
           VALUES (%s, %s, %s, %s, %s, %s)""",
        (
            plan.operation_id,
            plan.hash,
            canonical_json(dict(plan.body)),
            plan.created_at,
            plan.expires_at,
            plan.required_approvals,
        ),
    )


def get(connection: Connection, operation_id: str) -> Plan | None:
    row = connection.execute("SELECT * FROM plans WHERE operation_id = %s", (operation_id,)).fetchone()
    return _plan(row) if row else None


def expired(connection: Connection, now: datetime) -> list[str]:
    """Ids of the operations whose plan has run out while they waited for approval."""
    rows = connection.execute(
        """SELECT o.id FROM operations o JOIN plans p ON p.operation_id = o.id
           WHERE o.state = 'awaiting_approval' AND p.expires_at <= %s""",
        (now,),
    ).fetchall()
    return [row["id"] for row in rows]


def waiting_unreminded(connection: Connection) -> list[Plan]:
    """Plans that wait for approval and of which nobody was reminded yet."""
    rows = connection.execute(
        """SELECT p.* FROM operations o JOIN plans p ON p.operation_id = o.id
           WHERE o.state = 'awaiting_approval' AND p.reminded_at IS NULL"""
    ).fetchall()
    return [_plan(row) for row in rows]


def reminded(connection: Connection, operation_id: str, now: datetime) -> bool:
    """False when somebody was reminded before."""
    cursor = connection.execute(
        "UPDATE plans SET reminded_at = %s WHERE operation_id = %s AND reminded_at IS NULL", (now, operation_id)
    )
    return cursor.rowcount == 1


def decide(connection: Connection, approval: Approval) -> bool:
    """False when this person has already decided on this operation; what was withdrawn may be decided anew,
    and an approval may become a denial."""
    cursor = connection.execute(
        """INSERT INTO approvals (operation_id, plan_hash, person_id, person_name, surface, decision, comment,
                                  decided_at, allowed_by)
           VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)
           ON CONFLICT (operation_id, person_id) DO UPDATE SET
             plan_hash = excluded.plan_hash, person_name = excluded.person_name, surface = excluded.surface,
             decision = excluded.decision, comment = excluded.comment, decided_at = excluded.decided_at,
             allowed_by = excluded.allowed_by, withdrawn_at = NULL
           WHERE approvals.withdrawn_at IS NOT NULL
              OR approvals.decision = 'approved' AND excluded.decision = 'denied'""",
        (
            approval.operation_id,
            approval.plan_hash,
            approval.person.id,
            approval.person.name,
            approval.person.surface,
            approval.decision,
            approval.comment,
            approval.decided_at,
            approval.allowed_by,
        ),
    )
    _redraw(connection, approval.operation_id)
    return cursor.rowcount == 1


def withdraw(connection: Connection, operation_id: str, person_id: str, now: datetime) -> bool:
    """False when this person has no approval to take back."""
    cursor = connection.execute(
        """UPDATE approvals SET withdrawn_at = %s
           WHERE operation_id = %s AND person_id = %s AND decision = 'approved' AND withdrawn_at IS NULL""",
        (now, operation_id, person_id),
    )
    _redraw(connection, operation_id)
    return cursor.rowcount == 1


def approvals(connection: Connection, operation_id: str) -> list[Approval]:
    """In the order in which they were given, with those that were withdrawn."""
    rows = connection.execute(
        "SELECT * FROM approvals WHERE operation_id = %s ORDER BY decided_at", (operation_id,)
    ).fetchall()
    return [
        Approval(
            operation_id=row["operation_id"],
            plan_hash=row["plan_hash"],
            person=Actor(row["person_id"], row["person_name"], Surface(row["surface"])),
            decision=Decision(row["decision"]),
            comment=row["comment"],
            decided_at=row["decided_at"],
            allowed_by=row["allowed_by"],
            withdrawn_at=row["withdrawn_at"],
        )
        for row in rows
    ]


def _redraw(connection: Connection, operation_id: str) -> None:
    connection.execute("UPDATE operations SET version = version + 1 WHERE id = %s", (operation_id,))
    messages.touch(connection, (SubjectKind.OPERATION, SubjectKind.APPROVAL), operation_id, urgent=True)


def _plan(row: Row) -> Plan:
    return Plan(
        hash=row["hash"],
        operation_id=row["operation_id"],
        body=json.loads(row["canonical"]),
        created_at=row["created_at"],
        expires_at=row["expires_at"],
        required_approvals=row["required_approvals"],
    )
