"""Databases in containers that several tests share, and a house that keeps one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from tests.house import Rig

if TYPE_CHECKING:
    from tests.conftest import Clusters
    from tests.docker_deployment import Deployment
    from tests.docker_engine import RealEngine


@pytest.fixture(scope="session")
def at_home(docker_engine: RealEngine) -> Iterator[Deployment]:
    """A database with a few rows: each test leaves it, and its container, as they were."""
    from tests.docker_deployment import project_on
    from tests.integration.docker.dockhouse import fill

    with project_on(docker_engine) as project:
        project.add_db()
        fill(project)
        yield project


@pytest.fixture(scope="session")
def standing(docker_engine: RealEngine) -> Iterator[Deployment]:
    """A whole deployment: each test leaves it as it was, but for its rows."""
    from tests.docker_deployment import project_on
    from tests.integration.docker.deployed import set_up

    with project_on(docker_engine) as project:
        set_up(project)
        yield project


@pytest.fixture
def docked(at_home: Deployment, clusters: Clusters, upgraded_state_dsn: str, tmp_path: Path) -> Iterator[Rig]:
    from tests.integration.docker.dockhouse import house_at

    with house_at(at_home, clusters.get(16), upgraded_state_dsn, tmp_path) as rig:
        yield rig
    with psycopg.connect(at_home.dsn("postgres"), autocommit=True) as connection:
        rows = connection.execute("SELECT datname FROM pg_database WHERE datname LIKE '%\\_\\_old\\_%'").fetchall()
        for (name,) in rows:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())
