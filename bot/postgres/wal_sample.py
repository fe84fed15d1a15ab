"""Log shipping as the server's own statistics tell it: the archiver, replicas and slots."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import Connection, errors
from psycopg.rows import dict_row

from bot.postgres.errors import readable_errors

_SEGMENT = re.compile(r"([0-9A-F]{8})([0-9A-F]{8})([0-9A-F]{8})")
_DISCARDS = re.compile(r"\s*(?:/usr)?(?:/bin/)?(?:true|:|exit\s+0|echo\b.*)\s*")


@dataclass(frozen=True)
class Replica:
    """One row of pg_stat_replication; lags are bytes of WAL behind the primary, None where unknown."""

    name: str
    address: str
    state: str
    sync_state: str
    sent_lag_bytes: int | None
    replay_lag_bytes: int | None


@dataclass(frozen=True)
class Slot:
    """One replication slot; `retained_bytes` is WAL that the server keeps for it."""

    name: str
    kind: str
    active: bool
    wal_status: str | None
    """`reserved`, `extended`, `unreserved` or `lost`"""
    retained_bytes: int | None
    safe_wal_bytes: int | None


@dataclass(frozen=True)
class LogShipping:
    """One sample. Names of WAL files are segment names; None is what could not be read or never was."""

    taken_at: datetime
    """by the server's clock, as are all other times"""
    in_recovery: bool
    archive_mode: str
    archive_command_set: bool
    archive_command_discards: bool
    """the command succeeds without doing anything, such as `/bin/true`"""
    last_archived_wal: str | None
    last_archived_at: datetime | None
    failed_count: int
    last_failed_wal: str | None
    last_failed_at: datetime | None
    ready_files: int | None
    """segments that wait for the archiver; None without pg_monitor"""
    oldest_ready_at: datetime | None
    current_lsn: str
    current_wal: str | None
    """segment being written; None on a standby"""
    segment_bytes: int
    replicas: tuple[Replica, ...]
    slots: tuple[Slot, ...]

    @property
    def unarchived_segments(self) -> int | None:
        """Finished segments behind the last archived one; None when the names do not tell."""
        current = _position(self.current_wal, self.segment_bytes)
        archived = _position(self.last_archived_wal, self.segment_bytes)
        if current is None or archived is None or current[0] != archived[0]:
            return None
        return max(0, current[1] - archived[1] - 1)


def log_shipping(connection: Connection) -> LogShipping:
    """Take a sample, in a session of a role with pg_monitor where all of it is wanted. Raises DatabaseUnreachable."""
    with readable_errors("reading the state of log shipping"):
        archiver = _one(connection, _ARCHIVER)
        position = _one(connection, _POSITION)
        waiting = _waiting(connection)
        command = f"{archiver.pop('command')}"
        return LogShipping(
            **archiver,
            **position,
            archive_command_set=bool(command.strip()),
            archive_command_discards=_DISCARDS.fullmatch(command) is not None,
            ready_files=waiting["ready_files"],
            oldest_ready_at=waiting["oldest_ready_at"],
            replicas=tuple(Replica(**row) for row in _all(connection, _REPLICAS)),
            slots=tuple(Slot(**row) for row in _all(connection, _SLOTS)),
        )


_ARCHIVER = """
    SELECT now() AS taken_at, pg_is_in_recovery() AS in_recovery, current_setting('archive_mode') AS archive_mode,
           concat(CASE WHEN current_setting('archive_command') = '(disabled)' THEN ''
                       ELSE current_setting('archive_command') END,
                  current_setting('archive_library', true)) AS command,
           last_archived_wal, last_archived_time AS last_archived_at, failed_count, last_failed_wal,
           last_failed_time AS last_failed_at
    FROM pg_catalog.pg_stat_archiver
"""

# pg_walfile_name takes no position of a standby, and gives the segment before at a boundary: that one is finished then.
_POSITION = """
    SELECT lsn::text AS current_lsn,
           CASE WHEN NOT pg_is_in_recovery() THEN pg_walfile_name(lsn + 1) END AS current_wal,
           pg_size_bytes(current_setting('wal_segment_size')) AS segment_bytes
    FROM (SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END AS lsn) AS at
"""

_READY = """
    SELECT count(*)::int AS ready_files, min(modification) AS oldest_ready_at
    FROM pg_ls_archive_statusdir() WHERE name LIKE '%.ready'
"""

_REPLICAS = """
    SELECT application_name AS name, coalesce(host(client_addr), 'local') AS address,
           coalesce(state, 'unknown') AS state,
           coalesce(sync_state, 'unknown') AS sync_state,
           pg_wal_lsn_diff(at.lsn, sent_lsn)::bigint AS sent_lag_bytes,
           pg_wal_lsn_diff(at.lsn, coalesce(replay_lsn, flush_lsn))::bigint AS replay_lag_bytes
    FROM pg_catalog.pg_stat_replication,
         (SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END AS lsn) AS at
    ORDER BY 1, 2
"""

_SLOTS = """
    SELECT slot_name AS name, slot_type AS kind, active, wal_status,
           pg_wal_lsn_diff(at.lsn, restart_lsn)::bigint AS retained_bytes, safe_wal_size AS safe_wal_bytes
    FROM pg_catalog.pg_replication_slots,
         (SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END AS lsn) AS at
    WHERE NOT temporary
    ORDER BY 1
"""


def _waiting(connection: Connection) -> dict[str, Any]:
    try:
        # A savepoint where a transaction is under way: a refusal must not end it.
        with connection.transaction():
            return _one(connection, _READY)
    except errors.InsufficientPrivilege:
        return {"ready_files": None, "oldest_ready_at": None}


def _one(connection: Connection, query: str) -> dict[str, Any]:
    return _all(connection, query)[0]


def _all(connection: Connection, query: str) -> list[dict[str, Any]]:
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query.encode()).fetchall()


def _position(segment: str | None, segment_bytes: int) -> tuple[int, int] | None:
    """Timeline and number of a segment; None for a history or backup file."""
    parts = _SEGMENT.fullmatch(segment or "")
    if parts is None:
        return None
    timeline, log, number = (int(part, 16) for part in parts.groups())
    return timeline, log * (2**32 // segment_bytes) + number
