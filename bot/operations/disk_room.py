"""Whether the server's disk takes a second database, seen from here or from inside its container."""

from __future__ import annotations

from typing import Any

from psycopg import Connection

from bot.models import Manifest, Operation
from bot.operations.context import Context
from bot.operations.origin import masks
from bot.operations.tooling import choose_tools
from bot.postgres.connection import Server
from bot.postgres.facts import server_facts
from bot.postgres.room import Room, room_on_server
from bot.runtime.disk_inside import filesystems_inside
from bot.runtime.stop import StopSignal
from bot.runtime.tool_exec import SCRATCH


def room_for(
    context: Context,
    operation: Operation,
    connection: Connection,
    server: Server,
    manifest: Manifest,
    stop: StopSignal,
) -> dict[str, Any]:
    """Bytes `needed` and `free`, as `room_on_server`. Raises Refused, ToolMissing, EngineFailed."""
    settings = context.target(operation.target)

    def look_inside(folder: str) -> Room | None:
        docker = settings.docker
        if docker is None or not folder:
            return None
        found = filesystems_inside(docker, [folder, SCRATCH], stop)
        if found is None:
            return None
        data, scratch = found
        if data.mounted_on != scratch.mounted_on:
            return Room(data.free)
        mode = choose_tools(settings, context.settings.staging, server_facts(connection).major).mode
        return Room(data.free, manifest.dump_bytes if mode == "exec" else 0)

    return room_on_server(connection, server, manifest.database_bytes, look_inside, masked=masks(context, operation))
