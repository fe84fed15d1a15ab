"""What Compose's labels and Docker's health checks say of containers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from bot.runtime.docker_engine import DEPENDS_ON, Container

_SAID = 300
_UNTOLD = "running_or_healthy"
WELL = ("service_healthy", _UNTOLD)
"""Conditions by which a dependency has to be well, where it has a health check."""


def conditions(containers: Iterable[Container]) -> dict[str, str]:
    """What they depend on, and until when Compose waits for it.

    Compose 2 writes `db:service_healthy:false,cache:service_started:true`: service, condition, and whether it is
    restarted with that one; its earlier releases wrote no third part, the first ones no condition, which stands for
    `running_or_healthy`. Compose 1 writes no such label. Source: github.com/docker/compose, prepareLabels in
    pkg/compose/create.go and projectFromName in pkg/compose/compose.go.
    """
    labels = (item.labels.get(DEPENDS_ON, "") for item in containers)
    parts = [part.strip().split(":") for label in labels for part in label.split(",") if part.strip()]
    return {name: (rest and rest[0]) or _UNTOLD for name, *rest in parts}


def dependencies(containers: Iterable[Container]) -> dict[str, frozenset[str]]:
    """Each service, and all that it depends on, directly or not."""
    direct: dict[str, set[str]] = {}
    for item in containers:
        direct.setdefault(item.service, set()).update(conditions([item]))
    return {service: _reachable(service, direct) for service in direct}


def health(facts: Mapping[str, Any]) -> str:
    """Of an inspected container: `healthy`, `running` (without a health check), `unhealthy (503)` or `exited (1)`."""
    state = facts["State"]
    if state["Status"] != "running":
        return f"{state['Status']} ({state.get('Error') or state.get('ExitCode')})"
    checked = state.get("Health") or {"Status": "none"}
    if checked["Status"] == "none":
        return "running"
    said = " ".join(str((checked.get("Log") or [{}])[-1].get("Output", "")).split())[-_SAID:]
    return str(checked["Status"]) if checked["Status"] == "healthy" or not said else f"{checked['Status']} ({said})"


def _reachable(service: str, direct: Mapping[str, set[str]]) -> frozenset[str]:
    found: set[str] = set()
    waiting = [service]
    while waiting:
        new = direct.get(waiting.pop(), set()) - found
        found |= new
        waiting += new
    return frozenset(found)
