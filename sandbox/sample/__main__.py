"""Runs one of Fleet's services: `python -m sandbox.sample --port 8080`, or `--worker`; DATABASE_URL is its database.

With `--run-file` it holds a lock on that file while it runs; with `--lifeline` it ends when nobody holds
the lock on that one.
"""

import argparse
import asyncio
import logging
import os
import signal
import sys
from collections.abc import Coroutine, Sequence
from contextlib import ExitStack
from pathlib import Path

import uvicorn

from sandbox.locks import HeldError, end_with_owner, hold
from sandbox.processes import HOST
from sandbox.sample.app import create_app, open_pool
from sandbox.sample.writer import write_for_ever


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until SIGTERM or SIGINT. 2: usage; 1: it runs already, or its port is taken."""
    options = _parse(arguments)
    dsn = os.environ.get("DATABASE_URL")
    if not dsn:
        sys.stderr.write("DATABASE_URL is not set, for example postgresql://fleet_app@127.0.0.1/fleet\n")
        return 2
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    with ExitStack() as stack:
        if options.run_file is not None:
            try:
                stack.enter_context(hold(options.run_file))
            except HeldError:
                sys.stderr.write(f"it runs already: {options.run_file} is locked\n")
                return 1
        if options.lifeline is not None:
            end_with_owner(options.lifeline)
        if options.worker:
            asyncio.run(_until_told(_work(dsn, options.write_interval)))
            return 0
        return _serve(dsn, options)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sandbox.sample", description=__doc__)
    kind = parser.add_mutually_exclusive_group(required=True)
    kind.add_argument("--port", type=int, help="serve HTTP on this loopback port")
    kind.add_argument("--worker", action="store_true", help="only check devices, without HTTP")
    parser.add_argument("--write-interval", type=float, default=1.0, help="seconds between two checks; 0: none")
    parser.add_argument("--run-file", type=Path)
    parser.add_argument("--lifeline", type=Path)
    return parser.parse_args(arguments)


def _serve(dsn: str, options: argparse.Namespace) -> int:
    config = uvicorn.Config(
        create_app(dsn, options.write_interval),
        host=HOST,
        port=options.port,
        log_level="warning",
        timeout_graceful_shutdown=2,
    )
    server = uvicorn.Server(config)
    server.run()
    return 0 if server.started else 1


async def _work(dsn: str, interval_s: float) -> None:
    async with open_pool(dsn) as pool:
        await write_for_ever(pool, interval_s)


async def _until_told(work: Coroutine[None, None, None]) -> None:
    task = asyncio.create_task(work)
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    await asyncio.wait([task])
    if not task.cancelled():
        task.result()


if __name__ == "__main__":
    sys.exit(main())
