"""Disk on the server's own host: what a second database needs, and what is free."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import Connection

from bot.errors import Refused
from bot.postgres.connection import Server

_INDEX_BUILDING = 1.1
"""A load sorts its indexes on disk, beside the data."""
_MASKING = 3.0
"""Each row is there as it was and masked; then its table is written anew, beside both."""
_NEEDED_TO_MASK = "three times the database: rows as they were, masked, and their tables written anew"


@dataclass(frozen=True)
class Room:
    """What a look into the server's container found."""

    free: int
    """bytes, where the data are"""
    archive: int = 0
    """bytes of an archive that is put there too, for the tools"""


def room_on_server(
    connection: Connection,
    server: Server,
    database_bytes: int,
    look_inside: Callable[[str], Room | None] = lambda _folder: None,
    *,
    masked: bool = False,
) -> dict[str, Any]:
    """Bytes `needed` and `free`, None where that cannot be seen from here. Raises Refused when it is too little.

    `look_inside` is asked about the data directory where that is not on this host. `masked`: rows are, once each;
    then `needed_for` tells why that needs more.
    """
    needed = int(database_bytes * (_MASKING if masked else _INDEX_BUILDING))
    free = _free_here(connection)
    if free is None and (room := look_inside(_data_directory(connection))) is not None:
        free, needed = room.free, needed + room.archive
        if free < needed and room.archive:
            raise Refused(
                f"The container of {server.database} has {free:,} bytes free; a second database beside it, and the "
                f"archive of {room.archive:,} in there for the tools, need {needed:,}.",
                "Free disk on the Engine's host, drop databases that earlier restores set aside, or set "
                '[targets.….docker] tools to "container" or "network", which need no archive inside.',
            )
    if free is not None and free < needed:
        raise Refused(
            f"The server of {server.database} has {free:,} bytes free; a second database beside it needs {needed:,}"
            f"{f', {_NEEDED_TO_MASK}' if masked else ''}.",
            "Free disk on the server's host, or drop databases that earlier restores set aside.",
        )
    return {"needed": needed, "free": free} | ({"needed_for": _NEEDED_TO_MASK} if masked else {})


def _data_directory(connection: Connection) -> str:
    """Empty where the role may not know it."""
    row = connection.execute("SELECT setting FROM pg_catalog.pg_settings WHERE name = 'data_directory'").fetchone()
    return str(row[0]) if row else ""


def _free_here(connection: Connection) -> int | None:
    """Only where the data directory is on this very host: then what its postmaster wrote down is the same."""
    try:
        row = connection.execute(
            "SELECT setting, pg_catalog.pg_read_file('postmaster.pid') FROM pg_catalog.pg_settings"
            " WHERE name = 'data_directory'"
        ).fetchone()
    except psycopg.Error:
        return None
    if row is None:
        return None
    try:
        if Path(row[0], "postmaster.pid").read_text("utf-8") != row[1]:
            return None
        return shutil.disk_usage(row[0]).free
    except (OSError, UnicodeDecodeError):
        return None
