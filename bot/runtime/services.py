"""The application's services: stopped in order, started in reverse, and asked for their health.

The order is that of the settings, unless Compose knows that one depends on another.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, Protocol

from bot.errors import ServiceFailed
from bot.runtime.command import CommandRuntime
from bot.runtime.docker import ComposeRuntime
from bot.runtime.health import await_healthy
from bot.runtime.held import Held
from bot.runtime.stop import StopSignal
from bot.settings import TargetSettings


class _Runtime(Protocol):
    def running(self, service: str) -> bool: ...

    def stop(self, service: str) -> None: ...

    def start(self, service: str) -> None: ...


class Services:
    """`noted` is what `note` was last given: what another worker needs to start again what this one has stopped."""

    def __init__(
        self,
        target: TargetSettings,
        noted: Mapping[str, Any] | None = None,
        note: Callable[[Mapping[str, Any]], None] = lambda _noted: None,
    ) -> None:
        self._application = target.application
        self._in_docker = [service.name for service in self._application.services if service.in_docker]
        self._commands = CommandRuntime(self._application)
        docker = target.docker
        self._compose = ComposeRuntime(docker, self._application, Held(noted or {}, note)) if docker else None

    @property
    def names(self) -> list[str]:
        return [service.name for service in self._application.services]

    def running(self, name: str) -> bool:
        """Raises ServiceFailed when it cannot be told."""
        return self._runtime(name).running(name)

    def stop(self, names: Collection[str]) -> list[str]:
        """Stop these, what depends on others first. Returns their names."""
        chosen = self._ordered(names)
        for name in chosen:
            self._runtime(name).stop(name)
        return chosen

    def start(self, names: Collection[str]) -> list[str]:
        """Start these, in reverse; one that runs already is left alone."""
        chosen = self._ordered(names)[::-1]
        for name in chosen:
            # A container that runs may still want its restart policy back.
            if name in self._in_docker or not self._commands.running(name):
                self._runtime(name).start(name)
        return chosen

    def await_healthy(self, stop: StopSignal, names: Collection[str] | None = None) -> str:
        """What Docker says of these (all without), and the health endpoint. Raises ServiceFailed at the deadline."""
        asked = [name for name in self._in_docker if names is None or name in names]
        said = [f"{name} is {self._compose.await_healthy(name, stop)}" for name in asked if self._compose is not None]
        if self._application.health_url is not None:
            said.append(await_healthy(self._application.health_url, self._application.health_deadline, stop))
        return ", ".join(said) or "no health_url is configured"

    def by_hand(self, name: str) -> str:
        """What a person types to start what `stop` has stopped, where that says more than the settings."""
        commands = self._compose.by_hand(name) if self._compose and name in self._in_docker else []
        return f" By hand: {'; '.join(commands)}." if commands else ""

    def starting(self, names: Collection[str]) -> list[str]:
        """These in the order of a start; the settings' where Docker cannot tell."""
        try:
            return self._ordered(names)[::-1]
        except ServiceFailed:
            return [name for name in reversed(self.names) if name in names]

    def _ordered(self, names: Collection[str]) -> list[str]:
        chosen = [name for name in self.names if name in names]
        if self._compose is None or not set(chosen) & set(self._in_docker) or len(chosen) == 1:
            return chosen
        return dependents_first(chosen, self._compose.dependencies())

    def _runtime(self, name: str) -> _Runtime:
        if name not in self._in_docker:
            return self._commands
        if self._compose is None:
            raise ServiceFailed(f"The service {name} has no commands.", "Give it some, or add [targets.….docker].")
        return self._compose


def dependents_first(names: Collection[str], dependencies: Mapping[str, Collection[str]]) -> list[str]:
    """As they came, except that what depends on another comes before it."""
    ordered, left = [], list(names)
    while left:
        needed = {other for name in left for other in dependencies.get(name, ()) if other != name}
        # Where all are needed, they depend on each other in a circle: then as they came.
        ordered.append(next((name for name in left if name not in needed), left[0]))
        left.remove(ordered[-1])
    return ordered
