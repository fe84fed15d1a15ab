"""What every plan goes through: made, written down, put to the approvers; or refused, with the reason."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Protocol

from bot.canonical import canonical_json, sha256_hex
from bot.errors import BaselinerError, NotFound, PlanVoid, Refused
from bot.membership import Membership
from bot.models import Failure, Operation, OperationKind, OperationState, Plan, SubjectKind, Surface
from bot.operations.authority import authorised
from bot.operations.context import Context
from bot.operations.journal import Journal
from bot.operations.records import record
from bot.policy import can_be_approved
from bot.runtime.stop import StopSignal
from bot.store import messages, operations, plans
from bot.store.database import Connection


class PlanMaker(Protocol):
    """Knows one kind of plan."""

    def body(self, operation: Operation, stop: StopSignal) -> dict[str, Any]:
        """What the operation would do, of now. Raises whatever blocks it."""
        ...

    def moved(self, approved: Mapping[str, Any], fresh: Mapping[str, Any]) -> list[str]:
        """What the approval was given for and is no longer so."""
        ...


class Planning:
    def __init__(self, context: Context, makers: Mapping[OperationKind, PlanMaker]) -> None:
        self._context = context
        self._makers = makers

    def plan(self, operation: Operation, stop: StopSignal) -> None:
        """Make the plan, write it down and ask for approval; or fail the operation, with the reason."""
        try:
            body = self._makers[operation.kind].body(operation, stop)
            self._approvable(operation, body)
        except BaselinerError as error:
            self._refuse(operation, error)
            return
        self._submit(operation, body)

    def hold_to_plan(self, operation: Operation, journal: Journal, stop: StopSignal) -> None:
        """The step before anything else: the approvals stand, and the world has not drifted. Raises PlanVoid."""
        with journal.step("preconditions") as notes:
            with self._context.database.transaction() as connection:
                plan = self._approved(connection, operation)
            moved = self._drift(operation, plan, stop)
            if moved:
                raise PlanVoid(
                    "The world has drifted from the plan, so the approval is void: " + "; ".join(moved) + ".",
                    f"Ask for a new {operation.kind}.",
                )
            notes.detail = f"plan {plan.hash[:12]} still holds"

    def _approved(self, connection: Connection, operation: Operation) -> Plan:
        plan, remedy = plans.get(connection, operation.id), f"Ask for a new {operation.kind}."
        if plan is None:
            raise NotFound(f"Operation {operation.id} has no plan.", remedy)
        if sha256_hex(canonical_json(plan.body)) != plan.hash:
            raise PlanVoid("The plan is not the one that was made: its hash differs.", remedy)
        if operation.requester.surface is not Surface.CLI:
            authorised(self._context, connection, operation, plan)
        return plan

    def _drift(self, operation: Operation, plan: Plan, stop: StopSignal) -> list[str]:
        """Raises what keeps the world from being looked at."""
        maker = self._makers[operation.kind]
        try:
            fresh = maker.body(operation, stop)
        except (NotFound, Refused) as error:
            return [str(error).removesuffix(".")]
        return maker.moved(plan.body, json.loads(canonical_json(fresh)))

    def _approvable(self, operation: Operation, body: Mapping[str, Any]) -> None:
        if operation.requester.surface is Surface.CLI:
            return
        policy = self._context.settings.policy_of(operation.target)
        verdict = can_be_approved(operation.requester, policy, Membership(), int(body["required_approvals"]))
        if not verdict.allowed:
            raise Refused(f"Nobody could approve this: {verdict.reason}.", "Add approvers to the settings' [policy].")

    def _submit(self, operation: Operation, body: Mapping[str, Any]) -> None:
        now = self._context.now()
        policy = self._context.settings.policy_of(operation.target)
        text = canonical_json(body)
        plan = Plan(
            sha256_hex(text), operation.id, body, now, now + policy.approval_expires, body["required_approvals"]
        )
        with self._context.database.transaction() as connection:
            before = (OperationState.PLANNING,)
            if not operations.transition(connection, operation.id, before, OperationState.AWAITING_APPROVAL, now):
                return
            plans.insert(connection, plan)
            operations.set_plan_hash(connection, operation.id, plan.hash)
            record(self._context, connection, operation, operation.requester, "plan", "awaiting approval")
            if operation.requester.surface is not Surface.CLI:
                place = self._context.settings.slack.channels.approvals
                card = messages.want(connection, SubjectKind.APPROVAL, operation.id, place, now)
                messages.want(connection, SubjectKind.PLAN, operation.id, place, now, thread_of=card)

    def _refuse(self, operation: Operation, error: BaselinerError) -> None:
        now = self._context.now()
        failure = Failure(str(error), error.remedy, "Nothing was asked of anybody and nothing was touched.")
        with self._context.database.transaction() as connection:
            before = (OperationState.PLANNING,)
            operations.transition(connection, operation.id, before, OperationState.FAILED, now, failure=failure)
            record(self._context, connection, operation, operation.requester, "plan", f"failed: {error}")
