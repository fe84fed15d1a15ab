"""The shared Docker Engine and deployments in it, as fixtures."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.docker_deployment import Deployment
    from tests.docker_engine import RealEngine


@pytest.fixture(scope="session")
def docker_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealEngine]:
    """The Engine that all tests of the run share: whoever makes something in it removes it.

    Baseliner reaches it through a proxy that allows what docs/security.md lists, and no more.
    """
    # Imported here: only tests of Docker need the SDK, which takes a while.
    from tests.docker_engine import demand_docker, shared_engine
    from tests.docker_proxy import allowed_socket

    demand_docker()
    base = tmp_path_factory.getbasetemp()
    run = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    with shared_engine(run) as engine, allowed_socket(engine.socket) as engine.allowed:
        yield engine


@pytest.fixture
def project(docker_engine: RealEngine) -> Iterator[Deployment]:
    """An empty project of the test's own, to add services to."""
    from tests.docker_deployment import project_on

    with project_on(docker_engine) as deployment:
        yield deployment


@pytest.fixture
def deployment(docker_engine: RealEngine) -> Iterator[Deployment]:
    """`db`, `api` and `worker` of the test's own, running."""
    from tests.docker_deployment import deployment_on

    with deployment_on(docker_engine) as deployment:
        yield deployment
