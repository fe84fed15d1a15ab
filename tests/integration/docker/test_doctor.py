"""The doctor of a target in a container."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bot.clock import SystemClock
from bot.doctor.doctor import Doctor
from bot.models import CheckState
from bot.settings import Settings
from tests.docker_proxy import allowed_socket
from tests.house import TARGET, Rig, Setup
from tests.integration.docker.dockhouse import with_tools

if TYPE_CHECKING:
    from tests.docker_engine import RealEngine

pytestmark = pytest.mark.docker


def examined(setup: Setup) -> dict[str, tuple[CheckState, str, str]]:
    chance = random.Random(1)  # noqa: S311 - names a probe
    checklist = Doctor(Settings.model_validate(setup.document), setup.environment, SystemClock(), chance).target(TARGET)
    return {check.name: (check.state, check.summary, check.remedy) for check in checklist.checks}


def test_the_container_is_found_and_its_tools_and_permissions_are_tried(docked: Rig, docker_engine: RealEngine) -> None:
    well = examined(with_tools(docked, tools="exec"))
    assert well["docker"][0] is CheckState.PASSED
    assert ", by exec" in well["tools"][1]
    application = {"services": [{"name": "api"}, {"name": "worker", "pause": True}]}
    with_services = docked.setup.changed(application=application)
    asked = examined(with_services)
    assert asked["docker_permissions"][:2] == (CheckState.PASSED, "update, start, stop, pause, unpause of containers")
    assert asked["services"][0] is CheckState.FAILED, "there are no such services"
    without = [("POST", "/containers/{id}/stop"), ("POST", "/containers/{id}/pause")]
    with allowed_socket(docker_engine.socket, without) as socket:
        document = {**with_services.document, "docker": {"host": f"unix://{socket}"}}
        denied = examined(replace(with_services, document=document))
    assert denied["docker_permissions"][1] == "denied: POST /containers/{id}/stop, POST /containers/{id}/pause"
    gone = examined(with_tools(docked, service="nowhere"))
    assert gone["docker"][0] is CheckState.FAILED
    assert "docker compose -p" in gone["docker"][2]
