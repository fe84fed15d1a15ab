"""Fleet's services on a small database, for the tests of this folder."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx
import psycopg

from sandbox.cluster import Cluster
from sandbox.locks import hold, holder
from sandbox.processes import HOST, free_port
from sandbox.sample.control import ServiceSettings, control_argv
from sandbox.sample.database import DEPLOYED, migrate
from sandbox.sample.seed import seed
from tests.support import Database, fresh_database

ROWS = {"devices": 60, "policies": 8, "runs": 2, "run_items": 40, "audit_log": 10}


@dataclass(frozen=True)
class Fleet:
    """Both services, under control of the command line."""

    state_dir: Path
    database: Database
    client: httpx.Client

    def control(self, act: str, service: str = "app") -> "subprocess.CompletedProcess[str]":
        """Run one control command."""
        return subprocess.run(
            control_argv(self.state_dir, act, service), capture_output=True, text=True, check=False, timeout=60
        )

    def pid(self, service: str = "app") -> int | None:
        """The service's process, None when it is stopped."""
        return holder(self.state_dir / f"{service}.run")


@contextmanager
def small_fleet(cluster: Cluster, state_dir: Path) -> Iterator[Fleet]:
    """Stopped services and their database; both are gone afterwards."""
    with fresh_database(cluster, "fleet") as database:
        migrate(database.dsn, DEPLOYED)
        with psycopg.connect(database.dsn) as connection:
            seed(connection, datetime(2026, 11, 22, tzinfo=UTC), ROWS)
        port = free_port()
        lifeline = state_dir / "lifeline"
        ServiceSettings(database.dsn, port, write_interval=0.1, lifeline=str(lifeline)).write(state_dir)
        with hold(lifeline), httpx.Client(base_url=f"http://{HOST}:{port}", timeout=60) as client:
            fleet = Fleet(state_dir, database, client)
            yield fleet
            for service in ("app", "worker"):
                stopped = fleet.control("stop", service)
                assert stopped.returncode == 0, stopped.stderr
