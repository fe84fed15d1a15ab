"""A workspace for tests: served on a free port of this machine, in a thread of its own, gone at the end."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import uvicorn

from sandbox.app import Sandbox, create_sandbox
from sandbox.blockkit import Violation
from sandbox.person import PersonClient
from sandbox.workspace import Workspace

T = TypeVar("T")
_START_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class RunningWorkspace:
    """A served workspace and what a test needs to use it."""

    url: str
    workspace: Workspace
    sandbox: Sandbox
    person: PersonClient
    loop: asyncio.AbstractEventLoop

    @property
    def api_url(self) -> str:
        """Where a `WebClient` calls: its `base_url`."""
        return f"{self.url}/api/"

    def run(self, function: Callable[[], T]) -> T:
        """Call a function on the workspace's event loop and return its result."""

        async def call() -> T:
            return function()

        return asyncio.run_coroutine_threadsafe(call(), self.loop).result(_START_SECONDS)

    def drop_sockets(self) -> None:
        """Close every WebSocket of the app without a word, as a network failure would."""
        asyncio.run_coroutine_threadsafe(self.sandbox.sockets.close(), self.loop).result(_START_SECONDS)

    def refresh_sockets(self) -> None:
        """Ask every WebSocket of the app to connect anew, as Slack does now and then."""
        asyncio.run_coroutine_threadsafe(self.sandbox.sockets.disconnect(), self.loop).result(_START_SECONDS)

    def take_violations(self) -> list[Violation]:
        """The rules that the app broke so far, for a test that expects them; they no longer count."""
        taken = list(self.workspace.violations)
        self.workspace.violations.clear()
        return taken

    def assert_no_violations(self) -> None:
        """Fail when anything the app sent broke a rule; the end of `running_workspace` does this by itself."""
        broken = [f"{violation.rule}: {violation}" for violation in self.workspace.violations]
        if broken:
            raise AssertionError("\n".join(broken))


@contextmanager
def running_workspace(
    workspace: Workspace | None = None, *, strict: bool = True, **options: Any
) -> Iterator[RunningWorkspace]:
    """Serve a workspace (a default one when None) until the block ends.

    Raises AssertionError at the end when the app sent anything that Slack would not take, unless `strict` is False
    or the test took those violations. `options` go to `create_sandbox`, such as `events_url` or `acknowledge_seconds`.
    """
    workspace = workspace or Workspace()
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    sandbox = create_sandbox(workspace, base_url=url, **options)
    server = uvicorn.Server(
        uvicorn.Config(
            sandbox.app,
            log_level="warning",
            ws="websockets-sansio",
            lifespan="on",
            timeout_graceful_shutdown=1,
        )
    )
    with listener, _serving(server, listener) as loop, PersonClient(url) as person:
        running = RunningWorkspace(url, workspace, sandbox, person, loop)
        yield running
    if strict:
        running.assert_no_violations()


@contextmanager
def _serving(server: uvicorn.Server, listener: socket.socket) -> Iterator[asyncio.AbstractEventLoop]:
    started = threading.Event()
    loops: list[asyncio.AbstractEventLoop] = []

    async def serve() -> None:
        loops.append(asyncio.get_running_loop())
        task = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started and not task.done():
            await asyncio.sleep(0.005)
        started.set()
        await task

    thread = threading.Thread(target=lambda: asyncio.run(serve()), name="sandbox", daemon=True)
    thread.start()
    if not started.wait(_START_SECONDS):
        raise RuntimeError("the sandbox workspace did not start")
    try:
        yield loops[0]
    finally:
        server.should_exit = True
        thread.join(_START_SECONDS)
