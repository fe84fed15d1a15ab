"""Whether what was approved still holds when its job starts."""

from __future__ import annotations

from bot.errors import PlanVoid
from bot.models import Operation, OperationKind, Plan
from bot.operations.context import Context
from bot.operations.windows import open_window
from bot.policy import still_holds, suits_restore
from bot.store import plans
from bot.store.database import Connection


def authorised(context: Context, connection: Connection, operation: Operation, plan: Plan) -> None:
    """At execution: enough approvals of this very plan that still have their force, at a time that suits.

    Who is in a usergroup was read at the click; here only the settings are asked. Raises PlanVoid.
    """
    remedy = f"Ask for a new {operation.kind}."
    policy = context.settings.policy_of(operation.target)
    required = max(plan.required_approvals, policy.required_approvals)
    given = [item for item in plans.approvals(connection, operation.id) if item.counts and item.plan_hash == plan.hash]
    verdicts = {
        item.person.id: still_holds(item.person, item.allowed_by, operation.requester, policy) for item in given
    }
    valid = sum(verdict.allowed for verdict in verdicts.values())
    if valid < required:
        lost = "".join(f"; {verdict.reason}" for verdict in verdicts.values() if not verdict.allowed)
        raise PlanVoid(f"The plan has {valid} valid approval(s) and needs {required}, so it is void{lost}.", remedy)
    if operation.kind is OperationKind.RESTORE:
        now = context.now()
        window_open = open_window(connection, operation.target, now) is not None
        suits = suits_restore(operation.requester, policy, now, window_open)
        if not suits.allowed:
            raise PlanVoid(f"The restore was not begun in time: {suits.reason}.", remedy)
