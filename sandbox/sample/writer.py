"""Keeps checking devices, one at a time, so that writes go on whatever else happens."""

import asyncio
import logging

import psycopg
from psycopg.rows import DictRow
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from sandbox.sample.queries import Connection, record

Pool = AsyncConnectionPool[psycopg.AsyncConnection[DictRow]]
ACTOR = "continuous"
_log = logging.getLogger(__name__)


async def write_for_ever(pool: Pool, interval_s: float) -> None:
    """Check one device after another, `interval_s` apart. A database that is away is waited for."""
    while True:
        try:
            async with pool.connection() as connection:
                await check_next_device(connection)
        except (psycopg.OperationalError, PoolTimeout) as error:
            _log.warning("the database is away: %s", error)
        await asyncio.sleep(interval_s)


async def check_next_device(connection: Connection) -> None:
    """Write a result for the next device of the open continuous run; after the last one, close the run."""
    run = await _open_run(connection)
    rows = await connection.execute(
        "INSERT INTO run_items (run_id, device_id, result, duration_ms) "
        "SELECT %(run)s, id, 'compliant', 40 + id %% 900 FROM devices WHERE status = 'active' "
        "AND id > (SELECT coalesce(max(device_id), 0) FROM run_items WHERE run_id = %(run)s) "
        "ORDER BY id LIMIT 1 RETURNING device_id",
        {"run": run},
    )
    checked = await rows.fetchone()
    if checked is None:
        await connection.execute("UPDATE runs SET state = 'finished', finished_at = now() WHERE id = %s", [run])
        return
    await record(connection, ACTOR, "device.checked", f"device {checked['device_id']}", {"run": run})


async def _open_run(connection: Connection) -> int:
    found = await connection.execute(
        "SELECT id FROM runs WHERE requested_by = %s AND state = 'running' ORDER BY id LIMIT 1 FOR UPDATE", [ACTOR]
    )
    row = await found.fetchone()
    if row is None:
        opened = await connection.execute(
            "INSERT INTO runs (policy_id, requested_by, state) SELECT min(id), %s, 'running' FROM policies "
            "RETURNING id",
            [ACTOR],
        )
        row = await opened.fetchone()
    assert row is not None  # noqa: S101
    return int(row["id"])
