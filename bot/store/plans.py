"""Plans and the approvals that bind their hashes."""

from __future__ import annotations

import json
from datetime import datetime

import psycopg

from bot.canonical import canonical_json
from bot.models import Actor, Approval, Decision, Plan, Surface
from bot.store.database import Connection


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
    if row is None:
        return None
    return Plan(
        hash=row["hash"],
        operation_id=row["operation_id"],
        body=json.loads(row["canonical"]),
        created_at=row["created_at"],
        expires_at=row["expires_at"],
        required_approvals=row["required_approvals"],
    )


def expired(connection: Connection, now: datetime) -> list[str]:
    """Ids of the operations whose plan has run out while they waited for approval."""
    rows = connection.execute(
        """SELECT o.id FROM operations o JOIN plans p ON p.operation_id = o.id
           WHERE o.state = 'awaiting_approval' AND p.expires_at <= %s""",
        (now,),
    ).fetchall()
    return [row["id"] for row in rows]


def decide(connection: Connection, approval: Approval) -> bool:
    """False when this person has already decided on this operation."""
    try:
        with connection.transaction():
            connection.execute(
                """INSERT INTO approvals (operation_id, plan_hash, person_id, person_name, surface, decision, comment,
                                          decided_at)
                   VALUES (%s, %s, %s, %s, %s, %s, %s, %s)""",
                (
                    approval.operation_id,
                    approval.plan_hash,
                    approval.person.id,
                    approval.person.name,
                    approval.person.surface,
                    approval.decision,
                    approval.comment,
                    approval.decided_at,
                ),
            )
    except psycopg.errors.UniqueViolation:
        return False
    return True


def approvals(connection: Connection, operation_id: str) -> list[Approval]:
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
        )
        for row in rows
    ]
