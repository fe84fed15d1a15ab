"""`/person/…` for what testers do to a workspace: faults, time, broken rules, and the proof of the app's URL."""

from __future__ import annotations

from dataclasses import asdict

from starlette.requests import Request
from starlette.routing import Route

from sandbox.acts import Acts
from sandbox.clock import MovableClock
from sandbox.faults import CALL_KINDS, DEFAULT_SECONDS, DESCRIPTIONS, Fault, FaultKind
from sandbox.json_routes import answering, json_body
from sandbox.outcome import Impossible
from sandbox.payloads import Payload
from sandbox.workspace import Workspace

_NUMBERS = {"count": int, "rate": float, "seed": int, "seconds": float}
_FIELDS = frozenset({"kind", "method", "applied", *_NUMBERS})


class TesterRoutes:
    """The switches of the workbench over HTTP."""

    def __init__(self, workspace: Workspace, acts: Acts) -> None:
        self._workspace = workspace
        self._acts = acts

    def routes(self) -> list[Route]:
        """The routes under `/person`."""
        return [
            Route("/person/faults", answering(self._faults), methods=["GET"]),
            Route("/person/faults", answering(self._arm), methods=["POST"]),
            Route("/person/faults", answering(self._clear), methods=["DELETE"]),
            Route("/person/faults/{fault}", answering(self._remove), methods=["DELETE"]),
            Route("/person/clock", answering(self._time), methods=["GET"]),
            Route("/person/clock", answering(self._advance), methods=["POST"]),
            Route("/person/violations", answering(self._violations), methods=["GET"]),
            Route("/person/violations", answering(self._forget_violations), methods=["DELETE"]),
            Route("/person/url_verification", answering(self._verify), methods=["POST"]),
        ]

    async def _faults(self, _request: Request) -> Payload:
        return {
            "ok": True,
            "faults": [_fault_json(fault) for fault in self._workspace.faults.all],
            "kinds": [
                {
                    "kind": kind,
                    "strikes": "calls" if kind in CALL_KINDS else "deliveries",
                    "description": DESCRIPTIONS[kind],
                    "default_seconds": DEFAULT_SECONDS.get(kind),
                    "available": kind not in self._workspace.faults.unavailable,
                }
                for kind in FaultKind
            ],
        }

    async def _arm(self, request: Request) -> Payload:
        body = await json_body(request, "kind")
        unknown = sorted(set(body) - _FIELDS)
        if unknown:
            raise Impossible(400, "invalid_arguments", f"unknown: {', '.join(unknown)}")
        try:
            given = {name: number(body[name]) for name, number in _NUMBERS.items() if body.get(name) is not None}
            fault = self._workspace.faults.add(
                str(body["kind"]), method=str(body.get("method") or "*"), applied=bool(body.get("applied")), **given
            )
        except (TypeError, ValueError) as error:
            raise Impossible(400, "invalid_fault", str(error)) from error
        return {"ok": True, "fault": _fault_json(fault)}

    async def _remove(self, request: Request) -> Payload:
        fault_id = request.path_params["fault"]
        if not self._workspace.faults.remove(fault_id):
            raise Impossible(404, "fault_not_found", f"there is no fault {fault_id!r}")
        return {"ok": True}

    async def _clear(self, _request: Request) -> Payload:
        self._workspace.faults.clear()
        return {"ok": True}

    async def _time(self, _request: Request) -> Payload:
        return {"ok": True, "now": self._workspace.clock()}

    async def _advance(self, request: Request) -> Payload:
        body = await json_body(request, "advance_seconds")
        clock = self._workspace.clock
        if not isinstance(clock, MovableClock):
            raise Impossible(409, "clock_not_movable", "this workspace was given a clock that cannot be moved")
        try:
            clock.advance(float(body["advance_seconds"]))
        except (TypeError, ValueError) as error:
            raise Impossible(400, "invalid_arguments", f"advance_seconds: {error}") from error
        self._workspace.post_scheduled()
        return {"ok": True, "now": clock()}

    async def _violations(self, _request: Request) -> Payload:
        return {"ok": True, "violations": [asdict(violation) for violation in self._workspace.violations]}

    async def _forget_violations(self, _request: Request) -> Payload:
        self._workspace.violations.clear()
        return {"ok": True}

    async def _verify(self, _request: Request) -> Payload:
        return {"ok": True, "verified": await self._acts.verify_url()}


def _fault_json(fault: Fault) -> Payload:
    return asdict(fault) | {"used_up": fault.used_up}
