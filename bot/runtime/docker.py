"""Services that are containers of Compose, found by their labels at every act: a deploy may replace them meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar

from bot.errors import ContainerChanged, ContainerGone, EngineFailed, EngineUnreachable, ServiceFailed
from bot.runtime.compose import WELL, conditions, dependencies, health
from bot.runtime.docker_engine import Container, Engine
from bot.runtime.held import Held, HeldContainer
from bot.runtime.stop import StopSignal
from bot.settings import Application
from bot.settings_docker import TargetDocker

Result = TypeVar("Result")

_LOOK_EVERY = 0.25
_SETTLED = 1.0
_NEVER = {"Name": "no"}
_CHANGED = (ContainerGone, ContainerChanged)
"""Somebody else was faster: how things are is looked at again."""


class ComposeRuntime:
    """Each act waits for an Engine that does not answer, and for its effect, within the application's deadlines.

    A container's own stop_grace_period comes on top. All raise ServiceFailed, and Interrupted when told to stop.
    """

    def __init__(
        self, docker: TargetDocker, application: Application, held: Held, signal: StopSignal | None = None
    ) -> None:
        self._docker = docker
        self._paused = {service.name for service in application.services if service.pause}
        self._deadline = application.command_deadline.total_seconds()
        self._health_deadline = application.health_deadline.total_seconds()
        self._held = held
        self._signal = signal or StopSignal()

    def running(self, service: str) -> bool:
        """Whether any of its containers works, or is about to be started again by Docker."""
        return self._patiently(
            f"look at {service}", lambda engine: any(item.active for item in self._found(engine, service))
        )

    def dependencies(self) -> Mapping[str, frozenset[str]]:
        """Each service of the project, and all that it depends on."""
        return self._patiently(
            "look at the services", lambda engine: dependencies(engine.containers(self._docker.project))
        )

    def stop(self, service: str) -> None:
        """Stop (or pause) every container of it, and keep Docker from starting it again at its own next start."""
        self._patiently(f"stop {service}", lambda engine: self._stop_all(engine, service))

    def start(self, service: str) -> None:
        """Start what `stop` has stopped, with its restart policy; where it was replaced, what took its place.

        What it depends on is waited for before, if Compose would do so; it is started even if that stays unwell.
        """
        if not self._held.of(service):
            return
        for other in self._patiently(f"look at {service}", lambda engine: self._awaited(engine, service)):
            with suppress(ServiceFailed):
                self.await_healthy(other, self._signal)
        self._patiently(f"start {service}", lambda engine: self._start_all(engine, service))

    def by_hand(self, service: str) -> list[str]:
        """Commands that do what `start` does, for when it failed."""
        held = self._held.of(service)
        act = "unpause" if service in self._paused else "start"
        return [
            *(f"docker update --restart={_written(item.policy)} {item.name}" for item in held if item.policy),
            *(f"docker {act} {item.name}" for item in held),
        ]

    def await_healthy(self, service: str, stop: StopSignal) -> str:
        """How it is: `healthy` by Docker's own health check, `running` where it has none."""
        return self._patiently(f"look at {service}", lambda engine: self._until_healthy(engine, service, stop))

    def _patiently(self, what: str, act: Callable[[Engine], Result]) -> Result:
        """Every act may be done again from its beginning; an Engine that restarts is waited for."""
        ends_at = time.monotonic() + self._deadline
        with Engine(self._docker.engine) as engine:
            while True:
                try:
                    return act(engine)
                except EngineUnreachable as error:
                    if time.monotonic() > ends_at:
                        raise ServiceFailed(f"Cannot {what}: {error}", error.remedy) from error
                    self._signal.wait(_LOOK_EVERY)
                except EngineFailed as error:
                    raise ServiceFailed(f"Cannot {what}: {error}", error.remedy) from error

    def _found(self, engine: Engine, service: str) -> list[Container]:
        project = self._docker.project
        found = engine.containers(project, service)
        if not found:
            raise ServiceFailed(
                f"Compose's project {project} has no container of the service {service}.",
                f"Correct its name in the settings, or make it: docker compose -p {project} create {service}",
            )
        return found

    def _stop_all(self, engine: Engine, service: str) -> None:
        ends_at = time.monotonic() + self._deadline
        while active := [item for item in engine.containers(self._docker.project, service) if item.active]:
            if time.monotonic() > ends_at:
                names = ", ".join(item.name for item in active)
                raise self._failed(service, f"still runs after {self._deadline:g} s: {names}")
            hold = partial(self._hold, engine, self._note(engine, service, active))
            with ThreadPoolExecutor(len(active), thread_name_prefix="stop") as executor:
                list(executor.map(hold, active))

    def _note(self, engine: Engine, service: str, active: Collection[Container]) -> dict[str, int | None]:
        """Write down what is about to be changed. Returns each container's own seconds of grace."""
        held, graces = [], {}
        for item in active:
            try:
                facts = engine.inspect(item.id)
            except ContainerGone:
                continue
            if facts["HostConfig"].get("AutoRemove"):
                raise self._failed(service, f"cannot come back: {item.name} removes itself when it is stopped (--rm)")
            policy = facts["HostConfig"].get("RestartPolicy") or {}
            held.append(HeldContainer(item.id, item.name, policy if self._would_return(service, policy) else None))
            graces[item.id] = facts["Config"].get("StopTimeout")
        idle = [item.id for item in engine.containers(self._docker.project, service) if not item.active]
        self._held.add(service, held, idle)
        return graces

    def _would_return(self, service: str, policy: Mapping[str, Any]) -> bool:
        """Whether the Engine, when it is restarted, would start it though it was stopped or paused.

        Docker honours a stop by hand for `unless-stopped` alone, and no pause at all.
        """
        name = policy.get("Name") or "no"
        return name != "no" and (name != "unless-stopped" or service in self._paused)

    def _hold(self, engine: Engine, graces: Mapping[str, int | None], item: Container) -> None:
        held = next((each for each in self._held.of(item.service) if each.id == item.id), None)
        if held is None:
            return
        with suppress(*_CHANGED), engine.asking() as client:
            if held.policy is not None:
                client.update_container(item.id, restart_policy=_NEVER)
            if item.service in self._paused and item.running:
                client.pause(item.id)
            else:
                client.stop(item.id, timeout=graces.get(item.id))

    def _awaited(self, engine: Engine, service: str) -> list[str]:
        """Services that were stopped, run again, and should be well before this one is started."""
        wanted = conditions(item for item in engine.containers(self._docker.project, service) if not item.active)
        return [
            other
            for other, condition in wanted.items()
            if condition in WELL and self._held.of(other)
            if any(item.active for item in engine.containers(self._docker.project, other))
        ]

    def _start_all(self, engine: Engine, service: str) -> None:
        ends_at = time.monotonic() + self._deadline
        for held in self._held.of(service):
            if held.policy is not None:
                with suppress(*_CHANGED), engine.asking() as client:
                    client.update_container(held.id, restart_policy=dict(held.policy))
        started: set[str] = set()
        while True:
            wanted = self._wanted(engine, service)
            idle = [item for item in wanted if not item.active]
            if wanted and not idle:
                return
            if time.monotonic() > ends_at:
                states = ", ".join(f"{item.name} is {item.state}" for item in idle) or "its containers were removed"
                raise self._failed(service, f"does not run after {self._deadline:g} s: {states}")
            for item in idle:
                self._let_go(engine, item, started)
            if not idle:
                self._signal.wait(_LOOK_EVERY)

    def _wanted(self, engine: Engine, service: str) -> list[Container]:
        """What was stopped; and where some of that has gone, what is new."""
        found = engine.containers(self._docker.project, service)
        ours = {item.id for item in self._held.of(service)}
        kept = [item for item in found if item.id in ours]
        if len(kept) == len(ours):
            return kept
        return [item for item in found if item.id not in self._held.left_alone(service)]

    def _let_go(self, engine: Engine, item: Container, started: set[str]) -> None:
        """Once in an act: what ends at once is not started again and again."""
        if item.id in started and item.state == "exited":
            raise self._failed(item.service, f"ended at once: {item.name} is {health(engine.inspect(item.id))}")
        started.add(item.id)
        with suppress(*_CHANGED), engine.asking() as client:
            if item.state == "paused":
                client.unpause(item.id)
            else:
                client.start(item.id)

    def _until_healthy(self, engine: Engine, service: str, stop: StopSignal) -> str:
        begun_at = time.monotonic()
        while True:
            states = self._states(engine, service)
            worst = next((state for state in states if state not in ("healthy", "running")), None)
            waited = time.monotonic() - begun_at
            # Without a health check it may be about to fail: it counts when it still runs a moment later.
            settled = waited > _SETTLED or "running" not in states or service in self._paused
            if states and worst is None and settled:
                return min(states)
            if worst is not None and worst.startswith("exited"):
                raise self._failed(service, f"has ended: it is {worst}")
            if waited > self._health_deadline:
                within = f"did not become healthy within {self._health_deadline:g} s"
                raise self._failed(service, f"{within}: it is {worst or 'gone'}")
            stop.wait(_LOOK_EVERY)

    def _states(self, engine: Engine, service: str) -> list[str]:
        asked = [item for item in self._found(engine, service) if item.id not in self._held.left_alone(service)]
        with suppress(ContainerGone):
            return [health(engine.inspect(item.id)) for item in asked]
        return []

    def _failed(self, service: str, why: str) -> ServiceFailed:
        project = self._docker.project
        return ServiceFailed(
            f"The service {service} {why}.",
            f"Look at it: docker compose -p {project} ps --all {service}; docker compose -p {project} logs {service}",
        )


def _written(policy: Mapping[str, Any]) -> str:
    times = policy.get("MaximumRetryCount")
    return f"{policy['Name']}:{times}" if times else str(policy["Name"])
