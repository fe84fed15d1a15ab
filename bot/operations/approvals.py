"""Deciding on a plan. Authority is decided here, at the click, at the submission, and again when the job starts."""

from __future__ import annotations

from datetime import UTC

from bot.errors import Conflict, NotFound, UsageError
from bot.membership import Membership
from bot.models import Actor, Approval, Decision, Failure, Operation, OperationKind, OperationState, Plan
from bot.operations.context import Context
from bot.operations.records import record
from bot.operations.windows import open_window
from bot.policy import Verdict, may_decide, still_open, suits_restore
from bot.settings import Policy
from bot.store import operations, plans
from bot.store.database import Connection

_WAITING = (OperationState.AWAITING_APPROVAL,)
_NAME = "The name typed is not the database's."
_FOLLOWS = {
    Decision.APPROVED: (OperationState.QUEUED, OperationState.RUNNING, OperationState.DONE),
    Decision.DENIED: (OperationState.DENIED,),
}
"""What a decision led to: whoever made it has nothing more to do."""
_NOT_STARTED = (OperationState.AWAITING_APPROVAL, OperationState.QUEUED)


class Approvals:
    def __init__(self, context: Context) -> None:
        self._context = context

    def authorize(self, operation_id: str, actor: Actor, decision: Decision) -> tuple[Operation, Plan]:
        """What a person who may decide is shown before they do. Raises NotFound, Refused, Conflict."""
        context = self._context
        operation, plan = self._read(operation_id)
        facts = context.facts(operation.target, actor)
        with context.database.transaction() as connection:
            said = plans.approvals(connection, operation_id)
            verdict = self._verdict(connection, operation, actor, decision, facts)
        self._demand_open(operation, plan, said, actor, decision)
        context.demand(verdict, actor, _action(operation, decision), operation.target, operation)
        if decision is Decision.APPROVED and any(item.counts and item.person.id == actor.id for item in said):
            raise Conflict("You have approved this already.", "It waits for somebody else.")
        return operation, plan

    def plan(self, operation_id: str) -> tuple[Operation, Plan]:
        """Raises NotFound."""
        return self._read(operation_id)

    def approve(self, operation_id: str, actor: Actor, confirmation: str, comment: str = "") -> Operation:
        """Raises NotFound, Refused, Conflict; UsageError when the name typed is not the database's."""
        _, plan = self.authorize(operation_id, actor, Decision.APPROVED)
        database = str(plan.body["database"])
        if confirmation.strip() != database:
            raise UsageError(f"The name typed is not the database's: {database}.", f"Type {database}, exactly.")
        return self.decide(operation_id, actor, Decision.APPROVED, comment.strip())

    def deny(self, operation_id: str, actor: Actor, reason: str) -> Operation:
        """Raises NotFound, Refused, Conflict; UsageError without a reason."""
        self.authorize(operation_id, actor, Decision.DENIED)
        if not reason.strip():
            raise UsageError("A denial needs a reason.", "Whoever asked must know what to do about it.")
        return self.decide(operation_id, actor, Decision.DENIED, reason.strip())

    def decide(self, operation_id: str, actor: Actor, decision: Decision, comment: str = "") -> Operation:
        """Write down a decision; enough approvals queue the operation. Raises NotFound, Refused, Conflict."""
        operation, _ = self._read(operation_id)
        facts = self._context.facts(operation.target, actor)
        with self._context.database.transaction() as connection:
            operation, plan = self._load(connection, operation_id)
            said = plans.approvals(connection, operation_id)
            verdict = self._verdict(connection, operation, actor, decision, facts)
            is_open = still_open(operation.state, plan.expires_at, self._context.now()).allowed
            if verdict.allowed and is_open:
                self._record(connection, operation, plan, actor, decision, comment, verdict)
        if not is_open:
            self._demand_open(operation, plan, said, actor, decision)
        self._context.demand(verdict, actor, _action(operation, decision), operation.target, operation)
        return self._read(operation_id)[0]

    def withdraw(self, operation_id: str, actor: Actor) -> Operation:
        """Take one's own approval back, until the start; too few left, and it waits again, or is void when expired.

        Raises NotFound, Refused, Conflict.
        """
        now = self._context.now()
        with self._context.database.transaction() as connection:
            operation, plan = self._load(connection, operation_id)
            if operation.state not in _NOT_STARTED or operation.started_at is not None:
                words = operation.state.value.replace("_", " ")
                raise Conflict(f"Too late: the {operation.kind} is {words} already.", "Look at its message.")
            withdrawn = plans.withdraw(connection, operation_id, actor.id, now)
            if withdrawn:
                left = sum(item.counts for item in plans.approvals(connection, operation_id))
                failure = None
                if operation.state is OperationState.QUEUED and left < plan.required_approvals:
                    failure = self._put_back(connection, operation, plan, actor)
                record(self._context, connection, operation, actor, "withdraw", "recorded")
                if failure is not None:
                    told = {"failure": failure.message}
                    record(self._context, connection, operation, actor, "run", OperationState.VOIDED, told)
        action = f"{operation.kind}.withdraw"
        verdict = Verdict(withdrawn, "you have not approved this, so you have nothing to withdraw")
        self._context.demand(verdict, actor, action, operation.target, operation)
        return self._read(operation_id)[0]

    def break_glass(self, operation_id: str, actor: Actor, *, go: bool) -> Operation:
        """A person at the shell goes ahead without approval; or is refused, since the name typed was another.

        Audited as such either way. Raises Conflict.
        """
        now = self._context.now()
        after = OperationState.QUEUED if go else OperationState.CANCELLED
        with self._context.database.transaction() as connection:
            operation, plan = self._load(connection, operation_id)
            state = still_open(operation.state, plan.expires_at, now)
            refusal = None if go else Failure(_NAME, _again(operation), "Nothing was touched.")
            open_still = state.allowed or not go
            if not open_still or not operations.transition(
                connection, operation_id, _WAITING, after, now, failure=refusal
            ):
                raise Conflict(f"Too late: {state.reason}.", _again(operation))
            reason = operation.reason if go else _NAME
            result = "recorded" if go else "refused"
            record(self._context, connection, operation, actor, "break_glass", result, {"reason": reason})
        return self._read(operation_id)[0]

    def _demand_open(
        self, operation: Operation, plan: Plan, said: list[Approval], actor: Actor, decision: Decision
    ) -> None:
        """Raises Conflict, once that is audited."""
        state = still_open(operation.state, plan.expires_at, self._context.now())
        if not state.allowed:
            self._context.refuse(state, actor, _action(operation, decision), operation.target, operation)
            if operation.state in _FOLLOWS[decision] and _is_own(said, actor, decision):
                raise Conflict(f"You have {decision} it already.", "Nothing more is needed from you.")
            raise Conflict(_already(said, state), f"{_again(operation)[:-1]} if it is still needed.")

    def _verdict(
        self,
        connection: Connection,
        operation: Operation,
        actor: Actor,
        decision: Decision,
        facts: tuple[Policy, Membership],
    ) -> Verdict:
        verdict = may_decide(actor, operation.requester, decision, *facts)
        if not verdict.allowed or decision is Decision.DENIED or operation.kind is not OperationKind.RESTORE:
            return verdict
        now = self._context.now()
        suits = suits_restore(actor, facts[0], now, open_window(connection, operation.target, now) is not None)
        return verdict if suits.allowed else suits

    def _read(self, operation_id: str) -> tuple[Operation, Plan]:
        with self._context.database.transaction() as connection:
            operation, plan = self._load(connection, operation_id, lock=False)
        self._context.target(operation.target)
        return operation, plan

    def _load(self, connection: Connection, operation_id: str, *, lock: bool = True) -> tuple[Operation, Plan]:
        operation = operations.get(connection, operation_id, lock=lock)
        plan = plans.get(connection, operation_id)
        if operation is None or plan is None:
            raise NotFound(f"There is no plan for operation {operation_id!r}.", "Ask for a new one.")
        return operation, plan

    def _record(
        self,
        connection: Connection,
        operation: Operation,
        plan: Plan,
        actor: Actor,
        decision: Decision,
        comment: str,
        verdict: Verdict,
    ) -> None:
        now = self._context.now()
        approval = Approval(operation.id, plan.hash, actor, decision, comment, now, verdict.by)
        if not plans.decide(connection, approval):
            raise Conflict("You have decided on this request already.", "Nothing more is needed from you.")
        moved, given = True, [item for item in plans.approvals(connection, operation.id) if item.counts]
        if decision is Decision.DENIED:
            moved = operations.transition(connection, operation.id, _WAITING, OperationState.DENIED, now)
        elif len(given) >= plan.required_approvals:
            moved = operations.transition(connection, operation.id, _WAITING, OperationState.QUEUED, now)
            self._context.queue.defer_operation(connection, operation)
        if not moved:
            raise Conflict("Somebody else decided first.", "Look at the card: it shows what was decided.")
        detail = {"comment": comment, "allowed": verdict.reason, "by": verdict.by}
        record(self._context, connection, operation, actor, decision, "recorded", detail)

    def _put_back(self, connection: Connection, operation: Operation, plan: Plan, actor: Actor) -> Failure | None:
        """The failure where it is void now."""
        now, queued = self._context.now(), (OperationState.QUEUED,)
        if now < plan.expires_at:
            operations.transition(connection, operation.id, queued, OperationState.AWAITING_APPROVAL, now)
            return None
        failure = Failure(
            f"{actor.name} withdrew the approval, and the time to approve is over.",
            _again(operation),
            "Nothing was begun.",
        )
        operations.transition(connection, operation.id, queued, OperationState.VOIDED, now, failure=failure)
        return failure


def _action(operation: Operation, decision: Decision) -> str:
    return f"{operation.kind}.{decision}"


def _is_own(said: list[Approval], actor: Actor, decision: Decision) -> bool:
    return any(item.decision is decision and item.person.id == actor.id and not item.withdrawn_at for item in said)


def _again(operation: Operation) -> str:
    return f"Ask for a new {operation.kind}."


def _already(said: list[Approval], state: Verdict) -> str:
    if said:
        last = said[-1]
        at = f"{last.decided_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
        return f"Already {last.decision} by {last.person.name} at {at}; {state.reason}."
    return f"Too late: {state.reason}."
