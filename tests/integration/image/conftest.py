"""The built image, in the Engine that the run shares."""

from __future__ import annotations

import shutil

import pytest

from tests.docker_engine import RealEngine
from tests.integration.image.building import built_image


@pytest.fixture(scope="session")
def image(docker_engine: RealEngine) -> str:
    """Its name and tag. `.ci/run` builds it before the tests; here it takes minutes where the cache is cold."""
    if not shutil.which("debootstrap"):
        pytest.fail("debootstrap is not installed (apt-get install debootstrap)")
    built = built_image()
    with docker_engine.client() as client, built.archive.open("rb") as file:
        client.load_image(file)
    return built.reference
