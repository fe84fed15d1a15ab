"""Calls of the Engine's API, tried for a container that does not exist: what is allowed comes to nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from bot.errors import ContainerGone, EngineDenied
from bot.runtime.docker_engine import Engine
from bot.settings_docker import TargetDocker

if TYPE_CHECKING:
    from docker import APIClient

Act = Callable[["APIClient", str], object]


def denied_calls(docker: TargetDocker, acts: Iterable[Act], nobody: str) -> list[str]:
    """What an allow-list in front of the Engine does not let through; no container is `nobody`. Raises EngineFailed."""
    denied = []
    with Engine(docker.engine) as engine:
        for act in acts:
            try:
                with engine.asking() as client:
                    act(client, nobody)
            except ContainerGone:
                continue
            except EngineDenied as error:
                denied.append(error.call)
    return denied


def said_of(denied: list[str]) -> tuple[str, str]:
    """What is so, and what to do."""
    calls = ", ".join(denied)
    return f"denied: {calls}", f"Allow {calls} in the socket proxy; see docs/security.md."
