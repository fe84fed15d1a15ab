"""A workspace with its page, in a process of its own: NiceGUI keeps one application for each process.

Prints the address and serves until its standard input closes. `POST /test/reset` empties it for the next test,
`POST /test/drop_sockets` closes the app's sockets.
"""

from __future__ import annotations

import asyncio
import socket
import sys

import uvicorn
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.app import create_sandbox
from sandbox.manifest import Manifest, SlashCommand
from sandbox.page import mount_page
from sandbox.workspace import Workspace

ACKNOWLEDGE_SECONDS = 5.0
MANIFEST = Manifest(
    name="Baseliner",
    commands=(
        SlashCommand(command="/baseliner", description="Database operations", usage_hint="[backup|restore|status]"),
        SlashCommand(command="/baselines", description="A second command, to choose between"),
    ),
)


def empty(workspace: Workspace) -> None:
    """Take away every message, modal, fault and exchange."""
    for channel in workspace.channels:
        for message in workspace.messages.in_channel(channel):
            workspace.messages.delete(message)
    for user in workspace.users:
        workspace.views.close_all(user)
    workspace.faults.clear()
    workspace.wire.clear()


async def serve() -> None:
    """Serve until the standard input closes."""
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    workspace = Workspace(manifest=MANIFEST, rates=False)
    sandbox = create_sandbox(workspace, base_url=url, acknowledge_seconds=ACKNOWLEDGE_SECONDS)

    async def reset(_request: Request) -> Response:
        empty(workspace)
        return Response(status_code=204)

    async def drop_sockets(_request: Request) -> Response:
        await sandbox.sockets.close()
        return Response(status_code=204)

    for name, endpoint in (("reset", reset), ("drop_sockets", drop_sockets)):
        sandbox.app.router.routes.append(Route(f"/test/{name}", endpoint, methods=["POST"]))
    mount_page(sandbox.app, workspace, sandbox.acts)
    config = uvicorn.Config(sandbox.app, log_level="warning", ws="websockets-sansio", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started and not task.done():
        await asyncio.sleep(0.01)
    sys.stdout.write(f"{url}\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)
    server.should_exit = True
    await task


if __name__ == "__main__":
    asyncio.run(serve())
