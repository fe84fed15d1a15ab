"""A server with its tools, on each major version, and a bucket to back up to."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bot.settings import S3Settings
from bot.storage import Storage, open_storage
from tests.integration.postgres.engine import STAGING, Engine, engine_of
from tests.support import Bucket, Database


@pytest.fixture(scope="session", autouse=True)
def _empty_staging() -> Iterator[None]:
    yield
    if STAGING.path.exists():
        STAGING.path.rmdir()  # fails where a test has left something in it


@pytest.fixture
def engine(database: Database) -> Engine:
    return engine_of(database.cluster, database.dsn)


@pytest.fixture
def scratch(database: Database) -> Iterator[str]:
    """A name for one more database, which is dropped afterwards if it was made."""
    name = f"{database.name}__new_test"
    yield name
    database.cluster.drop_database(name)


@pytest.fixture
def storage(s3: Bucket) -> Storage:
    settings = S3Settings(type="s3", bucket=s3.name, prefix="backups", endpoint=s3.endpoint_url, region=s3.region)
    return open_storage(settings, s3.environment)
