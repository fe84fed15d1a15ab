"""Puts one workspace behind HTTP and WebSocket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from fastapi import FastAPI
from starlette.routing import BaseRoute, Route, WebSocketRoute

from sandbox.acts import Acts
from sandbox.api.files import FileEndpoint
from sandbox.api.router import WebApi
from sandbox.delivery.events import RETRY_DELAYS, EventQueue
from sandbox.delivery.faulty import FaultyTransport
from sandbox.delivery.signed_http import HttpTransport
from sandbox.delivery.sockets import SocketTransport
from sandbox.delivery.transport import ACKNOWLEDGE_SECONDS
from sandbox.faults import ONLY_OVER_HTTP, ONLY_OVER_SOCKETS
from sandbox.hearing import Hearing
from sandbox.interactions import Interactions
from sandbox.person_routes import PersonRoutes
from sandbox.response_urls import ResponseUrlEndpoint
from sandbox.tester_routes import TesterRoutes
from sandbox.workspace import Workspace

_SCHEDULE_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Sandbox:
    """A workspace that is served: `app` is the ASGI application, `acts` what people do on it."""

    workspace: Workspace
    acts: Acts
    sockets: SocketTransport
    app: FastAPI
    base_url: str


def create_sandbox(
    workspace: Workspace,
    *,
    base_url: str,
    events_url: str | None = None,
    signed_http: bool = False,
    acknowledge_seconds: float = ACKNOWLEDGE_SECONDS,
    retry_delays: Sequence[float] = RETRY_DELAYS,
) -> Sandbox:
    """Serve the workspace at `base_url` (no trailing slash).

    Payloads go by signed HTTP to `events_url`, or with `signed_http` to the URLs in the manifest; else over
    Socket Mode. Mount a page on `app` afterwards: its routes come last.
    """
    workspace.base_url = base_url
    over_http = events_url is not None or signed_http
    workspace.faults.unavailable = ONLY_OVER_SOCKETS if over_http else ONLY_OVER_HTTP
    sockets = SocketTransport(workspace, acknowledge_seconds)
    http = HttpTransport(workspace, events_url, acknowledge_seconds) if over_http else None
    transport = FaultyTransport(http or sockets, workspace.faults, acknowledge_seconds)
    interactions = Interactions(workspace, base_url)
    acts = Acts(workspace, interactions, transport, http.verify_url if http else None)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        events = EventQueue(transport, retry_delays)
        hearing = Hearing(workspace, interactions, events)
        posting = asyncio.create_task(_post_when_due(workspace))
        yield
        posting.cancel()
        hearing.close()
        await events.close()
        await sockets.close()
        await transport.close()

    app = FastAPI(routes=_routes(workspace, acts, sockets, base_url), lifespan=lifespan, openapi_url=None)
    return Sandbox(workspace, acts, sockets, app, base_url)


async def _post_when_due(workspace: Workspace) -> None:
    """Post scheduled messages, looking at the workspace's clock, which may be moved at any moment."""
    while True:
        workspace.post_scheduled()
        await asyncio.sleep(_SCHEDULE_SECONDS)


def _routes(workspace: Workspace, acts: Acts, sockets: SocketTransport, base_url: str) -> list[BaseRoute]:
    web_api = WebApi(workspace, sockets, base_url)
    response_urls = ResponseUrlEndpoint(workspace)
    files = FileEndpoint(workspace)
    return [
        Route("/api/{method}", web_api.answer, methods=["GET", "POST"]),
        Route("/commands/{team}/{target}", response_urls.answer, methods=["POST"]),
        Route("/actions/{team}/{target}", response_urls.answer, methods=["POST"]),
        Route("/upload/v1/{file}", files.receive, methods=["POST"]),
        Route("/files/{file}", files.send, methods=["GET"]),
        WebSocketRoute("/link/", sockets.serve),
        *PersonRoutes(workspace, acts).routes(),
        *TesterRoutes(workspace, acts).routes(),
    ]
