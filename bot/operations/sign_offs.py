"""Signing off what was done at the shell without approval: somebody else has looked at it since."""

from __future__ import annotations

from bot.errors import Conflict, NotFound
from bot.models import Actor, Operation
from bot.operations.context import Context
from bot.policy import may_sign_off
from bot.store import audit, operations, sign_offs


class SignOffs:
    def __init__(self, context: Context) -> None:
        self._context = context

    def sign(self, operation_id: str, actor: Actor) -> Operation:
        """Raises NotFound, Refused; Conflict when there is nothing to sign off, not yet, or not any more."""
        operation = self._get(operation_id)
        if not operation.broke_glass:
            raise Conflict(f"Operation {operation.id} did not break the glass.", "There is nothing to sign off.")
        settings = self._context.settings
        # A target that is not in the settings any more leaves the common policy to decide.
        policy = settings.policy_of(operation.target) if operation.target in settings.targets else settings.policy
        membership = self._context.roster.membership((actor.id,), policy.groups)
        in_slack = settings.slack.shell_users.get(operation.requester.name)
        verdict = may_sign_off(actor, operation.requester, in_slack, policy, membership)
        self._context.demand(verdict, actor, f"{operation.kind}.sign_off", operation.target, operation)
        if not operation.state.ended:
            raise Conflict(f"Operation {operation.id} is still {operation.state}.", "Sign it off when it has ended.")
        now = self._context.now()
        with self._context.database.transaction() as connection:
            if not sign_offs.sign(connection, operation.id, actor, now):
                raise Conflict(f"Operation {operation.id} is signed off already.", "Nothing more is needed from you.")
            audit.append(
                connection,
                now,
                actor,
                f"{operation.kind}.sign_off",
                "recorded",
                target=operation.target,
                operation_id=operation.id,
                plan_hash=operation.plan_hash,
                before="unsigned",
                after="signed off",
                detail={
                    "done_by": operation.requester.id,
                    "known_in_slack_as": in_slack,
                    "state": operation.state,
                    "reason": operation.reason,
                },
            )
        return self._get(operation_id)

    def _get(self, operation_id: str) -> Operation:
        with self._context.database.transaction() as connection:
            operation = operations.get(connection, operation_id)
        if operation is None:
            raise NotFound(f"There is no operation {operation_id!r}.", "Its id is at the end of its message.")
        return operation
