"""The doctor as an operation: asked for in Slack, run by a worker of the target, on the host that does its work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from bot.doctor.doctor import Doctor
from bot.models import Actor, Check, Operation, OperationKind
from bot.operations.checklists import to_result
from bot.operations.context import Context
from bot.operations.journal import Journal
from bot.operations.requests import open_operation
from bot.runtime.stop import StopSignal
from bot.store.observations import checks_from_document

STEPS = (("checks", "Try what the settings name"),)


class Doctors:
    def __init__(self, context: Context) -> None:
        self._context = context

    def request(self, target: str, actor: Actor, channel: str | None = None, seen: Sequence[Check] = ()) -> Operation:
        """Queue it; `seen` is what was examined before, where only the asker can. Anybody may ask. Raises NotFound."""
        self._context.target(target)
        return open_operation(
            self._context,
            OperationKind.DOCTOR,
            target,
            actor,
            parameters={"seen": [asdict(check) for check in seen]},
            channel=channel,
        )


class DoctorJob:
    locks_target = False
    threaded = False
    attempts = 3
    patience = 0.0

    def __init__(self, context: Context) -> None:
        self._context = context

    def run(self, operation: Operation, journal: Journal, stop: StopSignal) -> Mapping[str, Any]:
        journal.plan(STEPS)
        context = self._context
        with journal.step("checks") as notes:
            stop.check()
            doctor = Doctor(context.settings, context.environment, context.clock, context.chance)
            found = doctor.target(operation.target, with_state=True)
            seen = checks_from_document(operation.parameters["seen"])
            checklist = replace(found, checks=(*seen, *found.checks))
            notes.detail = checklist.verdict.value
        return {"checklist": to_result(checklist)}

    def clean_up(self, _operation: Operation, _journal: Journal) -> str:
        return "Nothing was changed; the doctor removes what it tries with."
