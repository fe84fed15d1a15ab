"""Services that are stopped, started and asked for by the commands of the settings."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence

from bot.errors import ServiceFailed, ToolFailed
from bot.runtime.process import Finished, run
from bot.runtime.stop import StopSignal
from bot.settings import Application, ServiceSettings

_RUNNING, _STOPPED = 0, 3
_LOOK_EVERY = 0.25
_SECRETS = ("SLACK_", "BASELINER_")


class CommandRuntime:
    """An application's services by argv, each command within the application's `command_deadline`.

    `environment` is what the commands see; our own, without our secrets, when left out.
    """

    def __init__(
        self,
        application: Application,
        environment: Mapping[str, str] | None = None,
        signal: StopSignal | None = None,
    ) -> None:
        self._services = {service.name: service for service in application.services if not service.in_docker}
        self._deadline = application.command_deadline.total_seconds()
        ours = {name: value for name, value in os.environ.items() if not name.startswith(_SECRETS)}
        self._environment = ours if environment is None else dict(environment)
        self._signal = signal or StopSignal()

    def stop(self, service: str) -> None:
        """Return once its status says stopped; ServiceFailed with what it said otherwise."""
        settings = self._service(service)
        self._act(settings, "stop")
        self._await(settings, running=False)

    def start(self, service: str) -> None:
        """Return once its status says running; ServiceFailed with what it said otherwise."""
        settings = self._service(service)
        self._act(settings, "start")
        self._await(settings, running=True)

    def running(self, service: str) -> bool:
        """Exit code 0 of its status command is running, 3 stopped; ServiceFailed for any other."""
        settings = self._service(service)
        finished = self._run(settings, "status")
        if finished.code not in (_RUNNING, _STOPPED):
            raise _failed(settings, "status", f"{finished.status}: {finished.stderr.strip()}")
        return finished.code == _RUNNING

    def _service(self, name: str) -> ServiceSettings:
        if name not in self._services:
            raise ServiceFailed(f"There is no service {name!r} in the settings.", "Correct [targets.….application].")
        return self._services[name]

    def _act(self, service: ServiceSettings, word: str) -> None:
        finished = self._run(service, word)
        if finished.code != 0:
            raise _failed(service, word, f"{finished.status}: {finished.stderr.strip()}")

    def _await(self, service: ServiceSettings, *, running: bool) -> None:
        ends_at = time.monotonic() + self._deadline
        while self.running(service.name) is not running:
            if time.monotonic() > ends_at:
                state = "not running" if running else "still running"
                raise _failed(service, "start" if running else "stop", f"it is {state} after {self._deadline:g} s")
            self._signal.wait(_LOOK_EVERY)

    def _run(self, service: ServiceSettings, word: str) -> Finished:
        try:
            return run(_argv(service, word), stop=self._signal, environment=self._environment, deadline=self._deadline)
        except ToolFailed as error:
            raise _failed(service, word, str(error)) from error


def _failed(service: ServiceSettings, word: str, why: str) -> ServiceFailed:
    return ServiceFailed(
        f"The {word} command of the service {service.name} failed: {why}",
        f"Run it by hand: {' '.join(_argv(service, word))}",
    )


def _argv(service: ServiceSettings, word: str) -> Sequence[str]:
    argv = {"stop": service.stop, "start": service.start, "status": service.status}[word]
    if argv is None:
        raise ServiceFailed(
            f"The service {service.name} has no {word} command.", "Give it stop, start and status in the settings."
        )
    return argv
