"""Houses as fixtures: a state database of the test's own, and a rig on it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bot.store import schema
from tests.house import Rig, fresh_state, rig_on
from tests.support import Bucket, Database, fresh_database

if TYPE_CHECKING:
    from tests.conftest import Clusters


@pytest.fixture(scope="session")
def state_template(clusters: Clusters) -> Iterator[Database]:
    """A state database at the newest schema, to be copied."""
    with fresh_database(clusters.get(16), "template") as database:
        schema.upgrade(database.dsn)
        yield database


@pytest.fixture
def upgraded_state_dsn(state_template: Database) -> Iterator[str]:
    """The URI of a state database of the test's own, at the newest schema."""
    with fresh_state(state_template) as dsn:
        yield dsn


@pytest.fixture
def target_major(request: pytest.FixtureRequest) -> int:
    """PostgreSQL 16, unless the test is parametrised with others (`indirect`)."""
    return int(getattr(request, "param", 16))


@pytest.fixture
def rig(clusters: Clusters, upgraded_state_dsn: str, tmp_path: Path, target_major: int) -> Iterator[Rig]:
    """A house that keeps its backups in a directory."""
    with rig_on(clusters.get(target_major), upgraded_state_dsn, tmp_path) as rig:
        yield rig


@pytest.fixture
def s3_rig(clusters: Clusters, upgraded_state_dsn: str, tmp_path: Path, target_major: int, s3: Bucket) -> Iterator[Rig]:
    """A house that keeps its backups in S3."""
    with rig_on(clusters.get(target_major), upgraded_state_dsn, tmp_path, s3) as rig:
        yield rig
