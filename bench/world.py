"""What the figures are measured in: an S3 server, the state database, and one cluster for each size of data."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from bench import data
from bench.errors import BenchError
from bench.options import label
from bot.store import schema
from sandbox.cluster import SUPERUSER, Cluster
from sandbox.objects import ObjectServer
from sandbox.people import DB_ALERTS, DB_APPROVALS, DB_OPS, OPERATOR
from sandbox.processes import free_port
from sandbox.sample.control import ServiceSettings, control_argv

MAJOR = 16
STATE_MAJOR = 18
BUCKET = "bench"
PREFIX = "ours"
TARGET = "shop"
COUNTED = "shop-counted"
"""the same database, of whose tables only the rows are counted"""
SERVED = "shop-served"
"""the same database, with the application's service on it"""
SERVICE = "app"

_LIFELINE = "lifeline"
_OURS = ("SLACK_", "BASELINER_", "AWS_", "PG")
_SETTINGS = {"shared_buffers": "256MB"}
_DISK_PER_GB = 8
"""the data, its restored copy, dumps, archives and the write-ahead log, at the worst moment"""

Tell = Callable[[str], None]


@dataclass(frozen=True)
class World:
    """What all sizes share. Everything is in `directory` and ends with it."""

    directory: Path
    state: Cluster
    objects: ObjectServer
    tell: Tell


@dataclass(frozen=True)
class Seeded:
    """A database with data, and a bot that is set up to care for it."""

    world: World
    size_gb: float
    cluster: Cluster
    directory: Path
    environment: Mapping[str, str]
    """of a bot process"""
    application: ServiceSettings

    @property
    def size(self) -> str:
        """As in a row's name."""
        return label(self.size_gb)

    @property
    def health_url(self) -> str:
        return f"http://{self.cluster.host}:{self.application.port}/health"

    @property
    def application_dir(self) -> Path:
        """Where the application's control commands find their settings."""
        return self.directory / "application"

    @property
    def lifeline(self) -> Path:
        """The application ends when nobody holds the lock on this file."""
        return self.directory / _LIFELINE

    def settle(self) -> None:
        """Write out what the one before left in memory, so that nobody pays for it."""
        self.cluster.execute("CHECKPOINT")

    def megabytes(self) -> float:
        """Size of the database."""
        with psycopg.connect(self.cluster.dsn()) as connection:
            row = connection.execute("SELECT pg_database_size(%s)", (data.DATABASE,)).fetchone()
        return int(row[0]) / 1e6 if row else 0.0

    def empty_bucket(self, keep: str | None = None) -> None:
        """Delete every object but those of the backup to `keep`."""
        client = self.world.objects.client()
        for page in client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET):
            for entry in page.get("Contents", []):
                if keep is None or f"/{keep}/" not in entry["Key"]:
                    client.delete_object(Bucket=BUCKET, Key=entry["Key"])
        client.close()

    def drop_set_aside(self) -> None:
        """Remove the databases that restores set aside."""
        query = "SELECT datname FROM pg_database WHERE starts_with(datname, %s)"
        with psycopg.connect(self.cluster.dsn()) as connection:
            names = [row[0] for row in connection.execute(query, (f"{data.DATABASE}__old_",))]
        for name in names:
            self.cluster.drop_database(name)


@contextmanager
def open_world(largest_gb: float, tell: Tell) -> Iterator[World]:
    """Start what all sizes share; all of it, files too, is gone at the end. Raises BenchError without the room."""
    directory = Path(tempfile.mkdtemp(prefix="baseliner-bench-"))
    directory.chmod(0o711)  # the server's account must come through
    try:
        _demand_room(directory, largest_gb)
        with (
            Cluster(STATE_MAJOR, directory / "state") as state,
            ObjectServer(directory / "objects.log") as objects,
        ):
            objects.create_bucket(BUCKET)
            tell(f"S3 server, and the state database on PostgreSQL {STATE_MAJOR}")
            yield World(directory, state, objects, tell)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


@contextmanager
def seeded(world: World, size_gb: float, major: int = MAJOR) -> Iterator[Seeded]:
    """A cluster with data of this size, and settings for a bot; gone at the end."""
    directory = world.directory / f"{label(size_gb)}_{major}".replace(".", "_").lower()
    directory.mkdir(mode=0o711)
    with Cluster(major, directory / "cluster", settings=_SETTINGS) as cluster:
        world.tell(f"filling {label(size_gb)} on PostgreSQL {major}")
        dsn = data.seed(cluster, size_gb)
        application = ServiceSettings(dsn, free_port(), 0, str(directory / _LIFELINE))
        ready = Seeded(world, size_gb, cluster, directory, _environment(world, directory), application)
        _write_files(ready)
        world.tell(f"the database has {ready.megabytes():,.0f} MB")
        try:
            yield ready
        finally:
            ready.empty_bucket()
    shutil.rmtree(directory)


def _demand_room(directory: Path, largest_gb: float) -> None:
    free_gb = shutil.disk_usage(directory).free / 1e9
    needed_gb = 1 + largest_gb * _DISK_PER_GB
    if free_gb < needed_gb:
        raise BenchError(
            f"{directory.parent} has {free_gb:.0f} GB free, {needed_gb:.0f} GB are needed; "
            "set TMPDIR to a larger disk, or choose smaller --sizes"
        )


def _environment(world: World, directory: Path) -> dict[str, str]:
    """Ours, without what a developer's shell says about another bot; with a state database of its own."""
    state_dsn = world.state.create_database(f"state_{directory.name}")
    schema.upgrade(state_dsn)
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
    return inherited | {
        "BASELINER_CONFIG": str(directory / "baseliner.toml"),
        "BASELINER_STATE_DSN": state_dsn,
        "AWS_ACCESS_KEY_ID": world.objects.access_key,
        "AWS_SECRET_ACCESS_KEY": world.objects.secret_key,
        "AWS_DEFAULT_REGION": world.objects.region,
    }


def _write_files(database: Seeded) -> None:
    (database.directory / "staging").mkdir(mode=0o700)
    database.application_dir.mkdir(mode=0o700)
    database.application.write(database.application_dir)
    path = database.directory / "baseliner.toml"
    path.touch(mode=0o600)  # the URI in it has a password
    path.write_text("\n".join(_section(heading, values) for heading, values in _sections(database)))


def _sections(database: Seeded) -> list[tuple[str, Mapping[str, Any]]]:
    channels = {"operations": DB_OPS.id, "approvals": DB_APPROVALS.id, "alerts": DB_ALERTS.id}
    target = {"dsn": database.cluster.dsn(data.DATABASE, SUPERUSER), "storage": "offsite", "log_shipping": True}
    control = {act: control_argv(database.application_dir, act, SERVICE) for act in ("stop", "start", "status")}
    objects = database.world.objects
    storage = {"type": "s3", "bucket": BUCKET, "prefix": PREFIX, "endpoint": objects.endpoint_url}
    return [
        ("[staging]", {"path": str(database.directory / "staging")}),
        ("[slack.channels]", channels),
        ("[policy]", {"requesters": [OPERATOR.id], "approvers": []}),
        ("[storage.offsite]", storage | {"region": objects.region}),
        (f"[targets.{TARGET}]", target),
        (f"[targets.{COUNTED}]", target | {"hash_tables_up_to": "0"}),
        (f"[targets.{SERVED}]", target),
        (f"[targets.{SERVED}.application]", {"health_url": database.health_url}),
        (f"[[targets.{SERVED}.application.services]]", {"name": SERVICE, **control}),
    ]


def _section(heading: str, values: Mapping[str, Any]) -> str:
    # A JSON string, boolean or list of strings is the same in TOML.
    return "\n".join([heading, *(f"{key} = {json.dumps(value)}" for key, value in values.items()), ""])
