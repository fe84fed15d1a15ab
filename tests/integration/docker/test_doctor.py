"""The doctor of a target in a container."""

from __future__ import annotations

import random

import pytest

from bot.clock import SystemClock
from bot.doctor.doctor import Doctor
from bot.models import CheckState
from bot.settings import Settings
from tests.house import TARGET, Rig, Setup
from tests.integration.docker.dockhouse import with_tools

pytestmark = pytest.mark.docker


def examined(setup: Setup) -> dict[str, tuple[CheckState, str, str]]:
    chance = random.Random(1)  # noqa: S311 - names a probe
    checklist = Doctor(Settings.model_validate(setup.document), setup.environment, SystemClock(), chance).target(TARGET)
    return {check.name: (check.state, check.summary, check.remedy) for check in checklist.checks}


def test_the_container_is_found_and_its_tools_are_tried(docked: Rig) -> None:
    well = examined(with_tools(docked, tools="exec"))
    assert well["docker"][0] is CheckState.PASSED
    assert ", by exec" in well["tools"][1]
    gone = examined(with_tools(docked, service="nowhere"))
    assert gone["docker"][0] is CheckState.FAILED
    assert "docker compose -p" in gone["docker"][2]
