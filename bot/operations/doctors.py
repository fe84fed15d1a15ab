"""The doctor as an operation: asked for in Slack, run by a worker of the target, on the host that does its work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import asdict, replace
from typing import Any

from bot.doctor.doctor import Doctor, probe_in
from bot.errors import BaselinerError
from bot.models import Actor, Check, Operation, OperationKind
from bot.operations.checklists import to_result
from bot.operations.context import Context
from bot.operations.journal import Journal
from bot.operations.requests import open_operation
from bot.operations.staging import remove_folder
from bot.operations.storages import named
from bot.operations.tooling import remove_remains
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
        doctor = Doctor(context.settings, context.environment, context.clock, context.chance)
        probe_id = str(journal.memory.get("probe") or doctor.new_probe_id())
        # What keeps it from that is the very thing that the doctor will find.
        with suppress(BaselinerError):
            self._remove_probes(operation.target, journal)
        journal.remember(probe=probe_id)
        with journal.step("checks") as notes:
            stop.check()
            found = doctor.target(operation.target, with_state=True, probe_id=probe_id)
            seen = checks_from_document(operation.parameters["seen"])
            checklist = replace(found, checks=(*seen, *found.checks))
            notes.detail = checklist.verdict.value
        return {"checklist": to_result(checklist)}

    def clean_up(self, operation: Operation, journal: Journal) -> str:
        left = self._remove_probes(operation.target, journal)
        return " ".join(["Nothing was changed, and what the doctor tries with is gone.", *left])

    def _remove_probes(self, target: str, journal: Journal) -> list[str]:
        """What was made by an examination that was broken off; returns what may stay, a sentence each.

        Raises StorageFailed, EngineUnreachable; what can be removed is, all the same.
        """
        probe_id = str(journal.memory.get("probe", ""))
        left: list[str] = []
        with ExitStack() as all_the_same:
            if probe_id:
                for name in self._context.target(target).storage:
                    all_the_same.callback(lambda storage: left.append(self._discard(target, storage, probe_id)), name)
                all_the_same.callback(remove_folder, self._context.settings.staging, probe_id)
                all_the_same.callback(lambda: left.append(remove_remains(self._context, target, probe_id)))
        return [sentence for sentence in left if sentence]

    def _discard(self, target: str, storage: str, probe_id: str) -> str:
        return named(self._context, storage).discard(target, probe_in(storage, probe_id))
