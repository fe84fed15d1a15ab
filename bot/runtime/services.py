"""The application's services: stopped in the order of the settings, started in reverse, and asked for their health."""

from __future__ import annotations

from collections.abc import Collection

from bot.runtime.command import CommandRuntime
from bot.runtime.health import await_healthy
from bot.runtime.stop import StopSignal
from bot.settings import Application


class Services:
    def __init__(self, application: Application) -> None:
        self._application = application
        self._runtime = CommandRuntime(application)

    @property
    def names(self) -> list[str]:
        return [service.name for service in self._application.services]

    def running(self, name: str) -> bool:
        """Raises ServiceFailed when it cannot be told."""
        return self._runtime.running(name)

    def stop(self, names: Collection[str]) -> list[str]:
        """Stop these, in the settings' order. Returns their names."""
        chosen = [name for name in self.names if name in names]
        for name in chosen:
            self._runtime.stop(name)
        return chosen

    def start(self, names: Collection[str]) -> list[str]:
        """Start these, in reverse; one that runs already is left alone."""
        chosen = [name for name in reversed(self.names) if name in names]
        for name in chosen:
            if not self._runtime.running(name):
                self._runtime.start(name)
        return chosen

    def await_healthy(self, stop: StopSignal) -> str:
        """What the health endpoint said, once it was 200. Raises ServiceFailed after the deadline."""
        if self._application.health_url is None:
            return "no health_url is configured"
        return await_healthy(self._application.health_url, self._application.health_deadline, stop)
