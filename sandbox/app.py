"""Puts one workspace behind HTTP and WebSocket."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from fastapi import FastAPI
from starlette.routing import Route, WebSocketRoute

from sandbox.acts import Acts
from sandbox.api.files import FileEndpoint
from sandbox.api.router import WebApi
from sandbox.delivery.events import RETRY_DELAYS, EventQueue
from sandbox.delivery.signed_http import HttpTransport
from sandbox.delivery.sockets import SocketTransport
from sandbox.delivery.transport import ACKNOWLEDGE_SECONDS, Transport
from sandbox.interactions import Interactions
from sandbox.person_routes import PersonRoutes
from sandbox.response_urls import ResponseUrlEndpoint
from sandbox.workspace import Workspace


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
    sockets = SocketTransport(workspace, acknowledge_seconds)
    transport: Transport = sockets
    if events_url is not None or signed_http:
        transport = HttpTransport(workspace, events_url, acknowledge_seconds)
    interactions = Interactions(workspace, base_url)
    events = EventQueue(transport, retry_delays)
    acts = Acts(workspace, interactions, transport, events)
    app = _application(workspace, acts, sockets, transport, events, base_url)
    return Sandbox(workspace, acts, sockets, app, base_url)


def _application(
    workspace: Workspace,
    acts: Acts,
    sockets: SocketTransport,
    transport: Transport,
    events: EventQueue,
    base_url: str,
) -> FastAPI:
    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        await events.close()
        await sockets.close()
        await transport.close()

    web_api = WebApi(workspace, sockets, base_url)
    response_urls = ResponseUrlEndpoint(workspace)
    files = FileEndpoint(workspace)
    routes = [
        Route("/api/{method}", web_api.answer, methods=["GET", "POST"]),
        Route("/commands/{team}/{target}", response_urls.answer, methods=["POST"]),
        Route("/actions/{team}/{target}", response_urls.answer, methods=["POST"]),
        Route("/upload/v1/{file}", files.receive, methods=["POST"]),
        Route("/files/{file}", files.send, methods=["GET"]),
        WebSocketRoute("/link/", sockets.serve),
        *PersonRoutes(workspace, acts).routes(),
    ]
    return FastAPI(routes=routes, lifespan=lifespan, openapi_url=None)
