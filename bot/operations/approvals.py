"""Deciding on a plan. Authority is decided here, at the click, and again when the job starts."""

from __future__ import annotations

from datetime import UTC

from bot.errors import Conflict, NotFound, PlanVoid
from bot.models import Actor, Approval, Decision, Operation, OperationState, Plan
from bot.operations.context import Context
from bot.policy import Verdict, may_decide, still_open
from bot.store import audit, operations, plans
from bot.store.database import Connection

_WAITING = (OperationState.AWAITING_APPROVAL,)


class Approvals:
    def __init__(self, context: Context) -> None:
        self._context = context

    def decide(self, operation_id: str, actor: Actor, decision: Decision, comment: str = "") -> Operation:
        """Write down a decision; enough approvals queue the operation. Raises NotFound, Refused, Conflict."""
        with self._context.database.transaction() as connection:
            operation, plan = self._load(connection, operation_id)
            state = still_open(operation.state, plan.expires_at, self._context.now())
            if not state.allowed:
                said = plans.approvals(connection, operation_id)
                raise Conflict(_already(said, state), "Ask for a new restore if it is still needed.")
            verdict = self._verdict(operation, actor, decision)
            if verdict.allowed:
                self._record(connection, operation, plan, actor, decision, comment)
        self._context.demand(verdict, actor, f"restore.{decision}", operation.target, operation)
        with self._context.database.transaction() as connection:
            return self._load(connection, operation_id)[0]

    def break_glass(self, operation_id: str, actor: Actor, *, go: bool) -> Operation:
        """A person at the shell goes ahead without approval, or does not. Audited as such. Raises Conflict."""
        now = self._context.now()
        after = OperationState.QUEUED if go else OperationState.CANCELLED
        with self._context.database.transaction() as connection:
            operation, plan = self._load(connection, operation_id)
            state = still_open(operation.state, plan.expires_at, now)
            if (go and not state.allowed) or not operations.transition(connection, operation_id, _WAITING, after, now):
                raise Conflict(f"Too late: {state.reason}.", "Ask for a new restore.")
            audit.append(
                connection,
                now,
                actor,
                "restore.break_glass" if go else "restore.cancel",
                "recorded",
                target=operation.target,
                operation_id=operation_id,
                plan_hash=plan.hash,
                detail={"reason": operation.reason},
            )
        with self._context.database.transaction() as connection:
            return self._load(connection, operation_id)[0]

    def expire(self) -> list[str]:
        """Close every request whose time has run out. Returns their ids."""
        with self._context.database.transaction() as connection:
            due = plans.expired(connection, self._context.now())
        return [operation_id for operation_id in due if self._expire(operation_id)]

    def _expire(self, operation_id: str) -> bool:
        now = self._context.now()
        with self._context.database.transaction() as connection:
            operation, plan = self._load(connection, operation_id)
            if not operations.transition(connection, operation_id, _WAITING, OperationState.EXPIRED, now):
                return False
            audit.append(
                connection,
                now,
                operation.requester,
                "restore.expire",
                "expired",
                target=operation.target,
                operation_id=operation_id,
                plan_hash=plan.hash,
            )
        return True

    def _verdict(self, operation: Operation, actor: Actor, decision: Decision) -> Verdict:
        policy = self._context.settings.policy_of(operation.target)
        return may_decide(actor, operation.requester, decision, policy)

    def _load(self, connection: Connection, operation_id: str) -> tuple[Operation, Plan]:
        operation = operations.get(connection, operation_id, lock=True)
        plan = plans.get(connection, operation_id)
        if operation is None or plan is None:
            raise NotFound(f"There is no plan for operation {operation_id!r}.", "Ask for a new restore.")
        return operation, plan

    def _record(
        self, connection: Connection, operation: Operation, plan: Plan, actor: Actor, decision: Decision, comment: str
    ) -> None:
        now = self._context.now()
        approval = Approval(operation.id, plan.hash, actor, decision, comment, now)
        if not plans.decide(connection, approval):
            raise Conflict("You have decided on this request already.", "Nothing more is needed from you.")
        audit.append(
            connection,
            now,
            actor,
            f"restore.{decision}",
            "recorded",
            target=operation.target,
            operation_id=operation.id,
            plan_hash=plan.hash,
            detail={"comment": comment},
        )
        given = [item for item in plans.approvals(connection, operation.id) if item.decision is Decision.APPROVED]
        if decision is Decision.DENIED:
            moved = operations.transition(connection, operation.id, _WAITING, OperationState.DENIED, now)
        elif len(given) >= plan.required_approvals:
            moved = operations.transition(connection, operation.id, _WAITING, OperationState.QUEUED, now)
            self._context.queue.defer_operation(connection, operation)
        else:
            moved = True
        if not moved:
            raise Conflict("Somebody else decided first.", "Look at the card: it shows what was decided.")


def authorised(context: Context, connection: Connection, operation: Operation, plan: Plan) -> None:
    """At execution: enough approvals of this very plan by people who may still give them. Raises PlanVoid."""
    policy = context.settings.policy_of(operation.target)
    valid = {
        approval.person.id
        for approval in plans.approvals(connection, operation.id)
        if approval.decision is Decision.APPROVED
        and approval.plan_hash == plan.hash
        and may_decide(approval.person, operation.requester, Decision.APPROVED, policy).allowed
    }
    if len(valid) < plan.required_approvals:
        raise PlanVoid(
            f"The plan has {len(valid)} valid approval(s) and needs {plan.required_approvals}, so it is void.",
            "Ask for a new restore.",
        )


def _already(said: list[Approval], state: Verdict) -> str:
    if said:
        last = said[-1]
        at = f"{last.decided_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
        return f"Already {last.decision} by {last.person.name} at {at}; {state.reason}."
    return f"Too late: {state.reason}."
