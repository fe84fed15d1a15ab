"""The Engine: containers found by their labels, and what it refuses told for people."""

from __future__ import annotations

import pytest

from bot.runtime.docker_engine import Engine
from tests.docker_deployment import Deployment

pytestmark = pytest.mark.docker


def test_containers_are_found_by_compose_labels(deployment: Deployment) -> None:
    with Engine(deployment.engine.settings) as engine:
        found = engine.containers(deployment.project)
    assert [(item.service, item.number, item.state) for item in found] == [
        ("api", 1, "running"),
        ("db", 1, "running"),
        ("worker", 1, "running"),
    ]
