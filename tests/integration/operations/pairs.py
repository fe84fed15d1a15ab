"""A house with two targets, for restores from one to the other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from psycopg.conninfo import make_conninfo

from bot.models import Operation, RestoreRequest
from tests.house import OPERATOR, TARGET, Rig
from tests.support import random_name

STAGING = "staging"
MASK = """-- What staging must not see; it is no secret that ; and 'quotes' stand here.
UPDATE devices SET name = 'masked ' || id;
DELETE FROM runs WHERE id > 10;
"""


@dataclass(frozen=True)
class Pair:
    """A house with two targets: staging may have the other one's backups, masked."""

    rig: Rig
    name: str
    """of staging's database"""
    owner_dsn: str
    mask: Path

    @property
    def copy(self) -> str:
        return f"{self.name}_copy"

    def asked(self, backup: str = "latest", source: str | None = TARGET, new_name: str = "") -> Operation:
        request = RestoreRequest(STAGING, backup, "fresh data", self.name, source=source, new_name=new_name)
        return self.rig.services.restores.request(request, OPERATOR)

    def planned(self, new_name: str = "") -> Operation:
        return self.rig.run(self.asked(new_name=new_name))

    def approved(self, new_name: str = "") -> Operation:
        return self.rig.approve(self.planned(new_name))

    def databases(self) -> list[str]:
        """Those whose names begin with staging's, without that."""
        query = f"SELECT array_agg(datname::text) FROM pg_database WHERE datname LIKE '{self.name}%'"
        return sorted(name.removeprefix(self.name) for name in self.rig.value(query, self.rig.target.cluster.dsn()))

    def as_owner(self, suffix: str) -> str:
        """How staging's owner, who is no superuser, connects to a database beside staging's."""
        return make_conninfo(self.owner_dsn, dbname=f"{self.name}{suffix}")

    def value(self, query: str, database: str | None = None) -> object:
        return self.rig.value(query, self.rig.target.cluster.dsn(database or self.name))


@contextmanager
def pair_beside(rig: Rig) -> Iterator[Pair]:
    """`rig`'s target, with a backup, and staging beside it."""
    cluster, name, mask = rig.target.cluster, random_name("staging"), rig.directory / "mask.sql"
    owner_dsn = cluster.create_owned_database(name, name)
    cluster.execute("CREATE TABLE precious AS SELECT 1 AS n", name)
    mask.write_text(MASK)
    target = rig.setup.document["targets"][TARGET]
    staging = {**target, "dsn": cluster.dsn(name), "restore_from": {TARGET: {"masking": str(mask)}}}
    document = {**rig.setup.document, "targets": {TARGET: target, STAGING: staging}}
    with rig.rebuilt(replace(rig.setup, document=document)) as other:
        other.backup()
        yield (pair := Pair(other, name, owner_dsn, mask))
    for suffix in pair.databases():
        cluster.drop_database(name + suffix)
    cluster.execute(f"DROP ROLE {name}")
