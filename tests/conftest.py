"""The real servers that tests run against: one set for each pytest-xdist worker, started when first asked for."""

import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from sandbox.cluster import Cluster
from sandbox.installation import MissingPostgresError
from sandbox.objects import ObjectServer
from tests.support import Bucket, Database, fresh_database

pytest_plugins = ["tests.house_fixtures", "tests.docker_fixtures"]

ALL = "BASELINER_TEST_ALL"
MEMORY = Path("/dev/shm")
_ROOM = 8 << 30
"""Bytes free in memory above which the tests' files go there: creating a database costs a third of the CPU time."""
_LONGEST_FIRST = (
    "bench",
    "e2e/test_demo",
    "world/test_demo",
    "image/test_image",
    "test_crashes",
    "test_official_sdks",
    "integration/cli",
)


def pytest_configure() -> None:
    """Keep every file of the tests in memory where there is plenty; TMPDIR, when set, is obeyed instead."""
    if "TMPDIR" not in os.environ and MEMORY.is_dir() and has_room_for_programs(MEMORY):
        os.environ["TMPDIR"] = str(MEMORY)
        tempfile.tempdir = None


def has_room_for_programs(directory: Path) -> bool:
    """Much room, and what is copied there may be run: in a container neither may be so."""
    system = os.statvfs(directory)
    return system.f_bavail * system.f_frsize > _ROOM and not system.f_flag & os.ST_NOEXEC


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long ones first, so that no worker is alone with one at the end; unit tests last, they fill the gaps."""

    def turn(item: pytest.Item) -> int:
        if item.nodeid.startswith("tests/unit"):
            return len(_LONGEST_FIRST) + 1
        return next((at for at, part in enumerate(_LONGEST_FIRST) if part in item.nodeid), len(_LONGEST_FIRST))

    items.sort(key=turn)


class Clusters:
    """One running cluster for each major version."""

    def __init__(self, directory: Path, stack: ExitStack) -> None:
        self._directory = directory
        self._stack = stack
        self._running: dict[int, Cluster] = {}

    def get(self, major: int) -> Cluster:
        """The cluster of this major version; started on the first call."""
        if major not in self._running:
            cluster = Cluster(major, self._directory / f"pg{major}", durable=False)
            self._running[major] = self._stack.enter_context(cluster)
        return self._running[major]


@pytest.fixture(scope="session")
def work_directory() -> Iterator[Path]:
    """A folder which the server's account can reach (pytest's own folders are private)."""
    directory = Path(tempfile.gettempdir(), f"baseliner-test-{secrets.token_hex(4)}")
    directory.mkdir(mode=0o711)
    yield directory
    shutil.rmtree(directory)


@pytest.fixture(scope="session")
def clusters(work_directory: Path) -> Iterator[Clusters]:
    """The clusters by major version, for tests that want a particular one."""
    with ExitStack() as stack:
        yield Clusters(work_directory, stack)


@pytest.fixture(params=[pytest.param(15, marks=pytest.mark.debian_postgres), 16, 18], ids="pg{}".format)
def postgres(request: pytest.FixtureRequest, clusters: Clusters) -> Cluster:
    """A running cluster; the test runs once for each major version, unless it is marked `one_major`.

    Debian's 15 is left out where it is not installed, and is a failure there when BASELINER_TEST_ALL=1.
    """
    try:
        return clusters.get(request.param)
    except MissingPostgresError as missing:
        if os.environ.get(ALL) == "1":
            raise
        pytest.skip(f"{missing} (with {ALL}=1 this is a failure)")


@pytest.fixture
def database(postgres: Cluster) -> Iterator[Database]:
    """An empty database on each major version in turn."""
    with fresh_database(postgres) as database:
        yield database


@pytest.fixture
def state_dsn(clusters: Clusters) -> Iterator[str]:
    """The URI of an empty database for the bot's own tables, on PostgreSQL 16."""
    with fresh_database(clusters.get(16), "state") as database:
        yield database.dsn


@pytest.fixture(scope="session")
def object_server(work_directory: Path) -> Iterator[ObjectServer]:
    """The S3 server."""
    with ObjectServer(work_directory / "objects.log") as server:
        yield server


@pytest.fixture
def s3(object_server: ObjectServer) -> Iterator[Bucket]:
    """An empty bucket, deleted afterwards with all that is in it."""
    name = f"test-{secrets.token_hex(6)}"
    object_server.create_bucket(name)
    yield Bucket(
        name=name,
        server=object_server,
        endpoint_url=object_server.endpoint_url,
        region=object_server.region,
        access_key=object_server.access_key,
        secret_key=object_server.secret_key,
    )
    object_server.delete_bucket(name)
