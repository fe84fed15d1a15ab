"""A whole Baseliner without Slack, on real servers: state database, target, bucket, services and a clock of its own."""

from __future__ import annotations

import random
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg

from bot.jobs import JobQueue
from bot.membership import Membership, Standing
from bot.models import Actor, DatabaseDigest, Decision, Downtime, Operation, RestoreRequest, UndoRequest
from bot.operations.context import Context
from bot.operations.sweep import Sweeps
from bot.postgres.digest import database_digest
from bot.runtime.stop import StopSignal
from bot.services import Services
from bot.settings import Settings
from bot.store.database import StateDatabase
from bot.wiring import House, build
from sandbox.cluster import Cluster
from tests.services import ShellServices
from tests.support import Bucket, Database, fresh_database, random_name

if TYPE_CHECKING:
    pass

NOW = datetime(2026, 11, 22, 10, 15, tzinfo=UTC)
TARGET = "inventory"
OPERATOR = Actor("U0OPERATOR", "Olive")
APPROVER = Actor("U0APPROVER", "Ada")
SECOND = Actor("U0SECOND", "Sam")
STRANGER = Actor("U0STRANGER", "Sid")
TABLES = (
    "CREATE TABLE devices (id int PRIMARY KEY, name text NOT NULL)",
    "INSERT INTO devices SELECT i, 'old ' || i FROM generate_series(1, 50) i",
    "CREATE TABLE runs (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, device int NOT NULL REFERENCES devices)",
    "INSERT INTO runs (device) SELECT 1 + i % 50 FROM generate_series(1, 80) i",
    "CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)",
    "INSERT INTO alembic_version VALUES ('0002')",
)


class MovableClock:
    """Stands still until it is moved."""

    def __init__(self, now: datetime = NOW) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now

    def move(self, **by: float) -> None:
        self._now += timedelta(**by)

    def set(self, now: datetime) -> None:
        self._now = now


@dataclass(frozen=True)
class Workplace:
    """A roster where all are active members but those told otherwise. Groups that are not told cannot be read."""

    standings: Mapping[str, Standing] = field(default_factory=dict)
    groups: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def membership(self, user_ids: Collection[str], group_ids: Collection[str]) -> Membership:
        return Membership(
            {user_id: self.standings.get(user_id, Standing.ACTIVE) for user_id in user_ids},
            {group_id: self.groups[group_id] for group_id in group_ids if group_id in self.groups},
        )


@dataclass(frozen=True)
class Setup:
    """What a house is built from; another process can build the same one."""

    document: Mapping[str, Any]
    """as a settings file has it"""
    environment: Mapping[str, str]

    def changed(self, **target: Any) -> Setup:
        """With other settings of the target."""
        targets = {TARGET: {**self.document["targets"][TARGET], **target}}
        return replace(self, document={**self.document, "targets": targets})

    def with_application(self, **application: Any) -> Setup:
        return self.changed(application={**self.document["targets"][TARGET]["application"], **application})

    def with_policy(self, **policy: Any) -> Setup:
        return replace(self, document={**self.document, "policy": {**self.document["policy"], **policy}})

    def with_storage(self, storage: Mapping[str, Any]) -> Setup:
        return replace(self, document={**self.document, "storage": storage})


@contextmanager
def open_house(setup: Setup, clock: MovableClock, seed: int = 1) -> Iterator[House]:
    """Wire a house as `bot.wiring` does, with this clock and this chance."""
    settings = Settings.model_validate(setup.document)
    database = StateDatabase(settings.state.dsn.get_secret_value(), settings.state.pool_size)
    database.open()
    try:
        chance = random.Random(seed)  # noqa: S311 - ids of a test are the same in every run
        context = Context(settings, setup.environment, clock, chance, database, JobQueue(settings))
        context.roster.attach(Workplace())
        yield build(context)
    finally:
        database.close()


@dataclass(frozen=True)
class Rig:
    """A house and its surroundings, for a test to act in and to look at."""

    setup: Setup
    house: House
    clock: MovableClock
    target: Database
    state_dsn: str
    application: ShellServices
    directory: Path
    """with `staging` and `backups` in it"""
    bucket: Bucket | None
    """None: backups are kept in the directory"""

    @property
    def services(self) -> Services:
        return self.house.services

    @property
    def sweeps(self) -> Sweeps:
        return self.house.work.sweeps

    @contextmanager
    def rebuilt(self, setup: Setup, seed: int = 2) -> Iterator[Rig]:
        """The same surroundings under other settings."""
        with open_house(setup, self.clock, seed) as house:
            yield replace(self, setup=setup, house=house)

    def run(self, operation: Operation, stop: StopSignal | None = None) -> Operation:
        """What a worker does."""
        ended = self.house.work.runner.run(operation.id, stop or StopSignal(), wait=5)
        assert ended is not None
        return ended

    def backup(self, note: str = "") -> Operation:
        """Ask for a backup and take it; it must succeed."""
        ended = self.run(self.services.backups.request(TARGET, OPERATOR, note))
        assert ended.failure is None, ended.failure
        return ended

    def planned_restore(
        self, backup_id: str = "latest", actor: Actor = OPERATOR, downtime: Downtime = Downtime.NOW
    ) -> Operation:
        """Ask for a restore and let its plan be made."""
        request = RestoreRequest(TARGET, backup_id, "bad deploy", self.target.name, downtime)
        return self.run(self.services.restores.request(request, actor))

    def approved_restore(self, backup_id: str = "latest", downtime: Downtime = Downtime.NOW) -> Operation:
        return self.approve(self.planned_restore(backup_id, downtime=downtime))

    def planned_undo(self, actor: Actor = OPERATOR) -> Operation:
        """Ask for an undo and let its plan be made."""
        return self.run(self.services.undos.request(UndoRequest(TARGET, "worse", self.target.name), actor))

    def approved_undo(self) -> Operation:
        return self.approve(self.planned_undo())

    def approve(self, planned: Operation) -> Operation:
        assert planned.failure is None, planned.failure
        return self.services.approvals.decide(planned.id, APPROVER, Decision.APPROVED)

    def execute(self, *statements: str, database: str | None = None) -> None:
        """In the target database, as its superuser."""
        for statement in statements:
            self.target.cluster.execute(statement, database or self.target.name)

    def value(self, query: str, dsn: str | None = None) -> Any:
        with psycopg.connect(dsn or self.target.dsn) as connection:
            row = connection.execute(query.encode()).fetchone()
        return row[0] if row else None

    def state(self, query: str) -> Any:
        """One value of the state database."""
        return self.value(query, self.state_dsn)

    def alter_state(self, statement: str) -> None:
        """Change the bot's own tables behind its back."""
        with psycopg.connect(self.state_dsn) as connection:
            assert connection.execute(statement.encode()).rowcount == 1

    def warm_up(self) -> None:
        """Open all connections of the pool, so that threads meet in the database and not in a queue for one."""
        database = self.house.context.database
        with ExitStack() as stack:
            for _ in range(database.pool.max_size):
                stack.enter_context(database.transaction())

    @contextmanager
    def holding(self, lock: str) -> Iterator[None]:
        """While the block runs, this advisory lock is another session's."""
        with self.house.context.database.connect() as connection:
            connection.execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", (lock,))
            yield
            connection.execute("SELECT pg_advisory_unlock_all()")

    def digest(self) -> DatabaseDigest:
        with psycopg.connect(self.target.dsn) as connection:
            return database_digest(connection, stop=StopSignal())

    def databases(self) -> list[str]:
        """The target database and those that Baseliner made beside it, without the target's own name."""
        dsn = self.target.cluster.dsn()
        with psycopg.connect(dsn) as connection:
            rows = connection.execute("SELECT datname FROM pg_database ORDER BY 1").fetchall()
        return [name.removeprefix(self.target.name) for (name,) in rows if name.startswith(self.target.name)]

    def objects(self) -> list[str]:
        """What storage holds, with what is unfinished there: uploads have an ellipsis behind their key."""
        if self.bucket is None:
            root = self.directory / "backups"
            return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())
        client = self.bucket.server.client()
        listed = client.list_objects_v2(Bucket=self.bucket.name).get("Contents", [])
        uploads = client.list_multipart_uploads(Bucket=self.bucket.name).get("Uploads", [])
        client.close()
        return sorted([item["Key"] for item in listed] + [f"{item['Key']}…" for item in uploads])

    def backup_ids(self) -> list[str]:
        """Of the catalog, oldest first."""
        return sorted(backup.id for backup in self.services.backups.newest_first(TARGET, 100))


def document_of(state_dsn: str, target: Database, application: ShellServices, directory: Path) -> dict[str, Any]:
    """Settings of one target that is backed up to a directory, as a file has them."""
    return {
        "state": {"dsn": state_dsn, "pool_size": 12},
        "staging": {"path": str(directory / "staging")},
        "slack": {"channels": {"operations": "C0OPERATIONS", "approvals": "C0APPROVALS", "alerts": "C0ALERTS"}},
        "policy": {"requesters": [OPERATOR.id, APPROVER.id], "approvers": [OPERATOR.id, APPROVER.id, SECOND.id]},
        "storage": {"offsite": {"type": "directory", "path": str(directory / "backups")}},
        "targets": {
            TARGET: {
                "dsn": target.dsn,
                "storage": "offsite",
                "tools": [str(target.cluster.bin_dir)],
                "application": {"services": application.settings},
            }
        },
    }


def bucket_storage(bucket: Bucket) -> dict[str, str]:
    """The settings of a storage in this bucket."""
    where = {"bucket": bucket.name, "endpoint": bucket.endpoint_url, "region": bucket.region}
    return {"type": "s3", "prefix": "baseliner", **where}


@contextmanager
def rig_on(cluster: Cluster, state_dsn: str, directory: Path, bucket: Bucket | None = None) -> Iterator[Rig]:
    """A house with one target of a few rows, two services that run, and empty storage."""
    application = ShellServices(directory / "services", ("api", "worker"))
    (directory / "backups").mkdir()
    clock = MovableClock()
    with fresh_database(cluster, "inventory") as target:
        with psycopg.connect(target.dsn) as connection:
            connection.execute("; ".join(TABLES).encode())
        document = document_of(state_dsn, target, application, directory)
        setup = Setup(document, {})
        if bucket is not None:
            setup = Setup({**document, "storage": {"offsite": bucket_storage(bucket)}}, bucket.environment)
        with open_house(setup, clock) as house:
            rig = Rig(setup, house, clock, target, state_dsn, application, directory, bucket)
            yield rig
        for suffix in rig.databases():
            cluster.drop_database(target.name + suffix)


@contextmanager
def fresh_state(template: Database) -> Iterator[str]:
    """The URI of a copy of the template, dropped afterwards."""
    name, cluster = random_name("state"), template.cluster
    cluster.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template.name}"')
    yield cluster.dsn(name)
    cluster.drop_database(name)
