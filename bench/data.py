"""The data that everything is measured on: pgbench's tables, as many bytes of JSON events, and the sample's schema."""

from __future__ import annotations

import os
import subprocess

import psycopg

from bench.errors import BenchError
from sandbox.cluster import Cluster
from sandbox.sample.database import DEPLOYED, ROLE, migrate

DATABASE = "shop"
_SCALE_PER_GB = 40 / 1.2
_EVENTS_PER_GB = 1_500_000 / 1.2

# The same rows on every machine. Numbers hardly repeat, names and serials do: as compressible as real events are.
_EVENTS = """
CREATE TABLE events (id bigint PRIMARY KEY, recorded_at timestamptz NOT NULL, body jsonb NOT NULL);
INSERT INTO events
SELECT n,
       timestamptz '2026-01-01 00:00+00' + n * interval '1 second',
       jsonb_build_object(
           'request', left(md5('request' || n), 8),
           'session', md5('session' || chance.session % 20000),
           'serial', md5('serial' || chance.device % 5000),
           'device', 'edge-' || chance.device % 5000,
           'site', 'site-' || chance.site % 500,
           'user', 'user-' || chance.person % 5000,
           'path', '/api/v1/devices/' || chance.path % 9973 || '/interfaces',
           'status', (ARRAY[200, 200, 201, 304, 404, 500])[1 + chance.status % 6],
           'took_ms', chance.took % 4000)
FROM generate_series(1::bigint, {events}) AS n,
     LATERAL (SELECT hashint8(n * 10 + 1) & 2147483647 AS session, hashint8(n * 10 + 2) & 2147483647 AS device,
                     hashint8(n * 10 + 3) & 2147483647 AS site, hashint8(n * 10 + 4) & 2147483647 AS person,
                     hashint8(n * 10 + 5) & 2147483647 AS path, hashint8(n * 10 + 6) & 2147483647 AS status,
                     hashint8(n * 10 + 7) & 2147483647 AS took) AS chance
"""


def seed(cluster: Cluster, size_gb: float) -> str:
    """Make the database and fill it, the same for the same size; returns the sample application's own URI of it."""
    dsn = cluster.create_owned_database(DATABASE, ROLE)
    migrate(dsn, DEPLOYED)
    _fill_pgbench(cluster, max(1, round(size_gb * _SCALE_PER_GB)))
    with psycopg.connect(cluster.dsn(DATABASE), autocommit=True) as connection:
        connection.execute(_EVENTS.format(events=round(size_gb * _EVENTS_PER_GB)).encode())
        connection.execute("VACUUM ANALYZE")
    return dsn


def client_environment(cluster: Cluster, database: str = DATABASE) -> dict[str, str]:
    """What PostgreSQL's own programs need to reach a database as superuser, over TCP like the bot."""
    ours = {"PGHOST": cluster.host, "PGPORT": str(cluster.port), "PGUSER": "postgres", "PGPASSWORD": cluster.password}
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return inherited | ours | {"PGDATABASE": database}


def _fill_pgbench(cluster: Cluster, scale: int) -> None:
    program = cluster.bin_dir / "pgbench"
    if not program.exists():
        raise BenchError(f"{program} is missing; the bench fills its database with it")
    argv = [str(program), "--initialize", "--quiet", f"--scale={scale}"]
    answer = subprocess.run(argv, env=client_environment(cluster), capture_output=True, text=True, check=False)
    if answer.returncode != 0:
        raise BenchError(f"pgbench failed: {answer.stderr.strip()}")
