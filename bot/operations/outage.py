"""The application's services around a swap: stopped, started again, and asked for their health."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

from bot.clock import Clock
from bot.errors import ServiceFailed
from bot.models import Operation
from bot.operations.journal import Journal
from bot.runtime.services import Services
from bot.runtime.stop import StopSignal
from bot.settings import TargetSettings

STOP = ("stop_services", "Stop the services")
START = ("start_services", "Start the services")
HEALTH = ("health", "Check the application's health")


class Outage:
    """What was running is remembered before anything is stopped, so that another worker can start it again."""

    def __init__(self, target: TargetSettings, operation: Operation, journal: Journal, clock: Clock) -> None:
        self._services = Services(
            target, journal.memory.get("containers"), lambda noted: journal.remember(containers=noted)
        )
        self._operation = operation
        self._journal = journal
        self._clock = clock

    def begin(self) -> None:
        """Stop what runs."""
        self._journal.remember(
            running=[name for name in self._services.names if self._services.running(name)],
            stopped_at=self._clock.now().isoformat(),
            back=[],
        )
        with self._journal.step(STOP[0]) as notes:
            stopped = self._services.stop(self._journal.memory["running"])
            notes.detail = ", ".join(stopped) or "no service was running"
        self._journal.remember(stopped=True)

    def end(self, stop: StopSignal, proof: Callable[[], str] = lambda: "") -> tuple[str, float]:
        """Start what ran; may be called again after a crash. Returns its health, and the downtime in seconds.

        `proof` tells what else is well once its endpoint is, or raises ServiceFailed.
        """
        with self._journal.step(START[0]) as notes:
            started = self._services.start(self._journal.memory.get("running", []))
            notes.detail = ", ".join(started) or "none was running before"
        with self._journal.step(HEALTH[0]) as notes:
            answered = self._services.await_healthy(stop, self._journal.memory.get("running", []))
            health = notes.detail = ", ".join(filter(None, (answered, proof())))
        since = datetime.fromisoformat(self._journal.memory["stopped_at"])
        return health, (self._clock.now() - since) / timedelta(seconds=1)

    def stop_again(self) -> None:
        """What `end` has started, or may have."""
        self._journal.remember(back=[])
        self._services.stop(self._journal.memory.get("running", []))

    def break_off(self) -> str:
        """Start each that ran, whatever the others do. Returns how they are, in a sentence.

        Each is started once, however often this is called: what people do with it afterwards stays.
        """
        back, problems = list(self._journal.memory.get("back", [])), []
        for name in self._services.starting(self._journal.memory.get("running", [])):
            if name in back:
                problems += self._ended_since(name)
                continue
            try:
                self._wait_for_a_stop_that_outlived_its_worker(name)
                self._services.start([name])
                back.append(name)
            except ServiceFailed as error:
                problems.append(f"{error}{self._services.by_hand(name)}")
        self._journal.remember(back=back)
        return " ".join(problems) or "The services are as before."

    def _ended_since(self, name: str) -> list[str]:
        try:
            if self._services.running(name):
                return []
        except ServiceFailed as error:
            return [str(error)]
        return [f"{name} was started again, and does not run now: start it once its database can be reached."]

    def _wait_for_a_stop_that_outlived_its_worker(self, name: str) -> None:
        if self._operation.attempt > 1 and not self._journal.memory.get("stopped"):
            # It would end what is started now. A second stop waits for it; whether it works is not what matters here.
            with suppress(ServiceFailed):
                self._services.stop([name])
