"""Fleet's SQL. Every change writes its audit entry in the same transaction."""

from typing import Any

from psycopg import AsyncConnection, sql
from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from sandbox.sample.requests import DeviceChange, NewDevice, NewRun, Page

Connection = AsyncConnection[DictRow]
_BIGINT_DIGITS = 19
TABLES = ("devices", "policies", "runs", "run_items", "audit_log")
_COLUMNS = sql.SQL(
    "id, hostname, site, role, os_version, host(management_address) AS management_address, "
    "status::text, facts, created_at, updated_at"
)


async def fetch_revision(connection: Connection) -> str:
    """The Alembic revision of the database."""
    row = await (await connection.execute("SELECT version_num FROM alembic_version")).fetchone()
    return "none" if row is None else str(row["version_num"])


async def list_devices(connection: Connection, page: Page) -> dict[str, Any]:
    """One page of devices by id, those whose host name or site holds `q`, and how many there are."""
    pattern = "%" + page.q.replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_") + "%"
    values = {"pattern": pattern, "limit": page.limit, "offset": page.offset}
    condition = sql.SQL("hostname ILIKE %(pattern)s OR site ILIKE %(pattern)s")
    total = await connection.execute(sql.SQL("SELECT count(*) FROM devices WHERE {}").format(condition), values)
    rows = await connection.execute(
        sql.SQL("SELECT {} FROM devices WHERE {} ORDER BY id LIMIT %(limit)s OFFSET %(offset)s").format(
            _COLUMNS, condition
        ),
        values,
    )
    count = await total.fetchone()
    return {"total": count["count"] if count else 0, "devices": await rows.fetchall()}


async def get_device(connection: Connection, key: str) -> DictRow | None:
    """A device by its id or its host name."""
    rows = await connection.execute(
        sql.SQL("SELECT {} FROM devices WHERE id = %(id)s OR hostname = %(hostname)s").format(_COLUMNS),
        _identity(key),
    )
    return await rows.fetchone()


async def add_device(connection: Connection, device: NewDevice) -> DictRow | None:
    """Add a device. Raises psycopg's UniqueViolation when its name or address is taken."""
    values = device.model_dump() | {"facts": Jsonb(device.facts)}
    names = list(values)
    rows = await connection.execute(
        sql.SQL("INSERT INTO devices ({}) VALUES ({}) RETURNING {}").format(
            sql.SQL(", ").join(map(sql.Identifier, names)), sql.SQL(", ").join(map(sql.Placeholder, names)), _COLUMNS
        ),
        values,
    )
    added = await rows.fetchone()
    await record(connection, "api", "device.added", f"device {added and added['id']}", device.model_dump(mode="json"))
    return added


async def change_device(connection: Connection, key: str, change: DeviceChange) -> DictRow | None:
    """Change a device; None when there is none."""
    fields = change.model_dump(exclude_none=True)
    values = fields | ({"facts": Jsonb(change.facts)} if change.facts is not None else {})
    assignments = [sql.SQL("{} = {}").format(sql.Identifier(name), sql.Placeholder(name)) for name in values]
    rows = await connection.execute(
        sql.SQL("UPDATE devices SET {} WHERE id = %(id)s OR hostname = %(hostname)s RETURNING {}").format(
            sql.SQL(", ").join([*assignments, sql.SQL("updated_at = now()")]), _COLUMNS
        ),
        values | _identity(key),
    )
    changed = await rows.fetchone()
    if changed is not None:
        await record(connection, "api", "device.updated", f"device {changed['id']}", fields)
    return changed


async def delete_device(connection: Connection, key: str) -> bool:
    """Delete a device with its results; False when there is none."""
    rows = await connection.execute(
        "DELETE FROM devices WHERE id = %(id)s OR hostname = %(hostname)s RETURNING id, hostname", _identity(key)
    )
    deleted = await rows.fetchone()
    if deleted is not None:
        details = {"hostname": deleted["hostname"]}
        await record(connection, "api", "device.deleted", f"device {deleted['id']}", details)
    return deleted is not None


async def count_rows(connection: Connection) -> dict[str, int]:
    """The number of rows in each table."""
    parts = (
        sql.SQL("(SELECT count(*) FROM {}) AS {}").format(sql.Identifier(table), sql.Identifier(table))
        for table in TABLES
    )
    row = await (await connection.execute(sql.SQL("SELECT ") + sql.SQL(", ").join(parts))).fetchone()
    return dict(row or {})


async def start_run(connection: Connection, run: NewRun) -> DictRow | None:
    """Start a run with an item for each active device of the site; None when there is no such policy."""
    rows = await connection.execute(
        "INSERT INTO runs (policy_id, requested_by, state) "
        "SELECT id, %(requested_by)s, 'running' FROM policies WHERE name = %(policy)s "
        "RETURNING id, policy_id, requested_by, state, started_at",
        run.model_dump(),
    )
    started = await rows.fetchone()
    if started is None:
        return None
    items = await connection.execute(
        "INSERT INTO run_items (run_id, device_id, result, duration_ms) SELECT %s, id, 'compliant', 40 "
        "FROM devices WHERE site = %s AND status = 'active'",
        [started["id"], run.site],
    )
    await record(connection, run.requested_by, "run.started", f"run {started['id']}", run.model_dump())
    return started | {"items": items.rowcount}


def _identity(key: str) -> dict[str, Any]:
    is_id = key.isascii() and key.isdecimal() and len(key) < _BIGINT_DIGITS
    return {"id": int(key) if is_id else None, "hostname": key}


async def record(connection: Connection, actor: str, action: str, subject: str, details: dict[str, Any]) -> None:
    """Write an audit entry."""
    await connection.execute(
        "INSERT INTO audit_log (actor, action, subject, details) VALUES (%s, %s, %s, %s)",
        [actor, action, subject, Jsonb(details)],
    )
