"""The built image, in the Engine that has built it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest

from tests.docker_deployment import POSTGRES_IMAGE, import_images
from tests.docker_engine import IMAGE, demand_docker
from tests.integration.image.building import BuiltImage, built_image


@pytest.fixture(scope="module")
def image() -> Iterator[BuiltImage]:
    """`.ci/run` has it built before the tests; otherwise that takes minutes where the cache is cold."""
    demand_docker()
    missing = [name for name in ("debootstrap", "docker", "docker-compose") if not shutil.which(name)]
    if missing and os.environ.get("BASELINER_TEST_ALL") != "1":
        pytest.skip(f"not installed: {', '.join(missing)} (with BASELINER_TEST_ALL=1 this is a failure)")
    assert not missing
    with built_image() as built, built.engine.client() as client:
        import_images(built.engine)
        yield built
        for made_here in (POSTGRES_IMAGE, IMAGE):
            client.remove_image(made_here, force=True)
