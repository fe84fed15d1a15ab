"""Fleet's HTTP interface. Every answer is JSON; an error is `{"error": …}`, with `details` where there are any."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any, TypeVar

import psycopg
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout
from pydantic import BaseModel, ValidationError
from pydantic_core import to_json
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.sample import queries
from sandbox.sample.requests import DeviceChange, NewDevice, NewRun, Page
from sandbox.sample.writer import Pool, write_for_ever

Body = TypeVar("Body", bound=BaseModel)

_SESSION: Mapping[str, Any] = {"row_factory": dict_row, "application_name": "fleet", "connect_timeout": 3}


def create_app(dsn: str, write_interval_s: float = 0.0) -> Starlette:
    """The application on a database; with an interval it also checks devices in the background."""
    return Starlette(
        routes=[
            Route("/health", health),
            Route("/counts", counts),
            Route("/devices", list_devices),
            Route("/devices", add_device, methods=["POST"]),
            Route("/devices/{key}", get_device),
            Route("/devices/{key}", change_device, methods=["PATCH"]),
            Route("/devices/{key}", delete_device, methods=["DELETE"]),
            Route("/runs", start_run, methods=["POST"]),
        ],
        lifespan=partial(_lifespan, dsn=dsn, write_interval_s=write_interval_s),
        exception_handlers={
            HTTPException: _on_http_error,
            ValidationError: _on_bad_input,
            psycopg.errors.UniqueViolation: _on_conflict,
            psycopg.DataError: _on_bad_value,
            psycopg.Error: _on_database_away,
            PoolTimeout: _on_database_away,
        },
    )


def open_pool(dsn: str) -> Pool:
    """A pool which looks at each session before it lends it, and gives a failed reconnection up early.

    So a database that was swapped or restarted is found again with the next request.
    """
    return AsyncConnectionPool(
        dsn,
        connection_class=psycopg.AsyncConnection[Any],
        kwargs=dict(_SESSION),
        min_size=2,
        max_size=8,
        timeout=3.0,
        reconnect_timeout=1.0,
        check=AsyncConnectionPool.check_connection,
        open=False,
    )


@asynccontextmanager
async def _lifespan(_app: Starlette, *, dsn: str, write_interval_s: float) -> AsyncIterator[Mapping[str, Any]]:
    async with open_pool(dsn) as pool:
        writer = asyncio.create_task(write_for_ever(pool, write_interval_s)) if write_interval_s > 0 else None
        yield {"pool": pool, "dsn": dsn}
        if writer is not None:
            writer.cancel()
            with suppress(asyncio.CancelledError):
                await writer


async def health(request: Request) -> Response:
    """Whether the database answers, and at which revision; 503 with the reason when it does not.

    On a session of its own: a pool that waits for its database can only tell that it waits.
    """
    async with await psycopg.AsyncConnection.connect(request.state.dsn, **_SESSION) as connection:
        revision = await queries.fetch_revision(connection)
        return _json({"status": "ok", "revision": revision, "database": connection.info.dbname})


async def counts(request: Request) -> Response:
    """The number of rows in each table."""
    async with _pool(request).connection() as connection:
        return _json(await queries.count_rows(connection))


async def list_devices(request: Request) -> Response:
    """A page of devices."""
    page = Page.model_validate(dict(request.query_params))
    async with _pool(request).connection() as connection:
        return _json(await queries.list_devices(connection, page))


async def get_device(request: Request) -> Response:
    """One device by id or host name."""
    async with _pool(request).connection() as connection:
        return _json(_found(await queries.get_device(connection, request.path_params["key"])))


async def add_device(request: Request) -> Response:
    """Add a device."""
    device = await _body(request, NewDevice)
    async with _pool(request).connection() as connection:
        return _json(await queries.add_device(connection, device), 201)


async def change_device(request: Request) -> Response:
    """Change some fields of a device."""
    change = await _body(request, DeviceChange)
    if not change.model_dump(exclude_none=True):
        raise HTTPException(400, "nothing to change; name a field")
    async with _pool(request).connection() as connection:
        return _json(_found(await queries.change_device(connection, request.path_params["key"], change)))


async def delete_device(request: Request) -> Response:
    """Delete a device with its results."""
    async with _pool(request).connection() as connection:
        _found(await queries.delete_device(connection, request.path_params["key"]) or None)
    return Response(status_code=204)


async def start_run(request: Request) -> Response:
    """Check a site's devices against a policy."""
    run = await _body(request, NewRun)
    async with _pool(request).connection() as connection:
        started = await queries.start_run(connection, run)
    if started is None:
        raise HTTPException(404, f"there is no policy {run.policy!r}")
    return _json(started, 201)


def _pool(request: Request) -> Pool:
    pool: Pool = request.state.pool
    return pool


async def _body(request: Request, kind: type[Body]) -> Body:
    return kind.model_validate_json(await request.body())


def _found(device: Any) -> Any:
    if device is None:
        raise HTTPException(404, "there is no such device")
    return device


def _json(content: Any, status: int = 200) -> Response:
    return Response(to_json(content), status, media_type="application/json")


def _on_http_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101
    return _json({"error": error.detail}, error.status_code)


def _on_bad_input(_request: Request, error: Exception) -> Response:
    assert isinstance(error, ValidationError)  # noqa: S101
    details = [
        {"field": ".".join(map(str, entry["loc"])) or "body", "problem": entry["msg"]} for entry in error.errors()
    ]
    return _json({"error": "the request is not valid", "details": details}, 400)


def _on_bad_value(_request: Request, error: Exception) -> Response:
    return _json({"error": f"the database refuses a value: {error}"}, 400)


def _on_conflict(_request: Request, error: Exception) -> Response:
    assert isinstance(error, psycopg.errors.UniqueViolation)  # noqa: S101
    return _json({"error": error.diag.message_detail or "such a device exists already"}, 409)


def _on_database_away(_request: Request, error: Exception) -> Response:
    return _json({"status": "unavailable", "error": f"the database does not answer: {error}"}, 503)
