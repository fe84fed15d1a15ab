"""What the doctor examines, of the state database and of each target."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from bot.clock import Clock
from bot.doctor import database, places, state, surroundings
from bot.doctor.examination import WITHIN, Examination, examine
from bot.ids import new_id
from bot.models import Check, Checklist
from bot.settings import Settings, TargetSettings
from bot.settings_docker import TargetDocker
from bot.storage import Patience, open_storage

_PATIENCE = Patience(pauses=(0.5, 1), answer_within=8.0)


@dataclass(frozen=True)
class Doctor:
    """Needs no state database: it may be what is ill. `environment` holds the secrets that settings name."""

    settings: Settings
    environment: Mapping[str, str]
    clock: Clock
    chance: random.Random
    within: float = WITHIN

    def state(self) -> Checklist:
        return self._examined("state", [self._of_state()])

    def target(self, name: str, *, with_state: bool = False, probe_id: str | None = None) -> Checklist:
        """Of one target, from this host; `with_state`: the state database first.

        What is made to try with is named after `probe_id`, from `new_probe_id`, and removed.
        """
        before = [self._of_state()] if with_state else []
        return self._examined(name, [*before, *self._of_target(name, probe_id or self.new_probe_id())])

    def new_probe_id(self) -> str:
        return f"doctor-{new_id(self.clock.now(), self.chance)}"

    def _examined(self, name: str, examinations: Sequence[Examination]) -> Checklist:
        return Checklist(name, self.clock.now(), examine(examinations, within=self.within))

    def _of_state(self) -> Examination:
        return Examination(state.STATE, lambda _stop: state.look_at_state(self.settings, self.clock))

    def _of_target(self, name: str, owner: str) -> list[Examination]:
        target, environment = self.settings.targets[name], self.environment
        examinations = [
            Examination(database.CONNECTION, lambda _stop: database.look_at_database(target, environment, self.clock)),
            Examination(
                database.TOOLS,
                lambda stop: database.look_at_tools(target, self.settings.staging, environment, owner, stop),
            ),
            *(self._of_storage(name, storage, probe_in(storage, owner)) for storage in target.storage),
            Examination(
                database.DRILLS,
                lambda stop: database.look_at_drill(target, self.settings.staging, environment, owner, stop),
            ),
            Examination(places.KEYS, lambda _stop: places.look_at_keys(target.encryption, environment)),
            Examination(
                places.STAGING,
                lambda _stop: places.look_at_staging(self.settings.staging, target, self.clock.now()),
            ),
            Examination(surroundings.SERVICES, lambda _stop: surroundings.look_at_services(target)),
        ]
        if (docker := target.docker) is not None:
            examinations += self._of_docker(docker, target)
        if target.migrations is not None:
            look = partial(surroundings.look_at_migrations, target)
            examinations.append(Examination(surroundings.MIGRATIONS, look))
        for source, allowed in target.restore_from.items():
            examinations.append(surroundings.of_masking(source, allowed, target, environment))
        return examinations

    def _of_docker(self, docker: TargetDocker, target: TargetSettings) -> list[Examination]:
        held = [service for service in target.application.services if service.in_docker]
        nobody = self.new_probe_id()
        container = Examination(surroundings.DOCKER, lambda _stop: surroundings.look_at_container(docker))
        permissions = Examination(
            surroundings.PERMISSIONS, lambda _stop: surroundings.look_at_permissions(docker, held, nobody)
        )
        return [container, permissions] if held else [container]

    def _of_storage(self, target: str, name: str, probe_id: str) -> Examination:
        settings = self.settings.storage[name]
        prunes = self.settings.targets[target].retention is not None

        def look(_stop: object) -> Sequence[Check]:
            storage = open_storage(settings, self.environment, clock=self.clock, patience=_PATIENCE)
            return places.look_at_storage(name, settings, storage, target, probe_id, self.clock, prunes=prunes)

        return Examination(places.storage_line(name), look)


def probe_in(storage: str, probe_id: str) -> str:
    """The name under which storage keeps a probe: two of a target's storages may be one place."""
    return f"{probe_id}-{storage}"
