"""The built image, in the Engine that the run shares."""

from __future__ import annotations

import os
import shutil

import pytest

from tests.docker_engine import RealEngine
from tests.integration.image.building import built_image


@pytest.fixture(scope="session")
def image(docker_engine: RealEngine) -> str:
    """Its name and tag. `.ci/run` builds it before the tests; here it takes minutes where the cache is cold."""
    missing = [name for name in ("debootstrap", "docker", "docker-compose") if not shutil.which(name)]
    if missing and os.environ.get("BASELINER_TEST_ALL") != "1":
        pytest.skip(f"not installed: {', '.join(missing)} (with BASELINER_TEST_ALL=1 this is a failure)")
    assert not missing
    built = built_image()
    with docker_engine.client() as client, built.archive.open("rb") as file:
        client.load_image(file)
    return built.reference
