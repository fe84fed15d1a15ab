"""What is known of the containers that were stopped or paused, so that any worker can start them again as they were."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class HeldContainer:
    id: str
    name: str
    policy: Mapping[str, Any] | None
    """the restart policy that it had and must get back; None: it was not changed"""


class Held:
    """By service. Each addition is handed to `note` as a whole, JSON-like, before anything is done to a container.

    `noted` is what `note` was last given, by this worker or an earlier one.
    """

    def __init__(self, noted: Mapping[str, Any], note: Callable[[Mapping[str, Any]], None]) -> None:
        self._noted: dict[str, Any] = dict(noted)
        self._note = note

    def of(self, service: str) -> list[HeldContainer]:
        return [HeldContainer(item["id"], item["name"], item["policy"]) for item in self._of(service)["stopped"]]

    def left_alone(self, service: str) -> frozenset[str]:
        """Ids of those that did not run when the others were stopped."""
        return frozenset(self._of(service)["others"])

    def add(self, service: str, containers: Collection[HeldContainer], others: Collection[str]) -> None:
        """What is known of a container already stays: it was written down before anything was changed."""
        noted = self._of(service)
        known = {item["id"] for item in noted["stopped"]}
        stopped = noted["stopped"] + [
            {"id": item.id, "name": item.name, "policy": item.policy} for item in containers if item.id not in known
        ]
        kept = sorted({*noted["others"], *others} - {item["id"] for item in stopped})
        changed = {"stopped": stopped, "others": kept}
        if changed != noted:
            self._noted[service] = changed
            self._note(dict(self._noted))

    def _of(self, service: str) -> dict[str, Any]:
        noted: dict[str, Any] = self._noted.get(service, {"stopped": [], "others": []})
        return noted
