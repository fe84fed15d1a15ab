"""How fast slash commands are acknowledged while a backup runs, over signed HTTP and over a socket."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx

from bench.delivery import over_http, over_socket
from bench.errors import BenchError
from bench.figures import Row, percentile
from bench.keeper import backups_under_way
from bench.load import Answer, send_commands
from bench.machine import peak_memory_mb
from bench.options import Options
from bench.world import TARGET, Seeded
from bot.settings import Environment, load_settings
from bot.wiring import open_house
from sandbox.manifest import load_manifest
from sandbox.processes import HOST, Process, free_port, tail, wait_until
from sandbox.testing import RunningWorkspace, running_workspace
from sandbox.workspace import Workspace

MODES = ("http", "socket")
_MANIFEST = Path(__file__).parents[1] / "manifest.yaml"
_READY_WITHIN_S = 60.0


def measure(database: Seeded, options: Options) -> list[Row]:
    """One row for each way of delivery. The worker is beside it, as `baseliner serve` starts it."""
    return [_row(database, mode, options) for mode in MODES]


def _row(database: Seeded, mode: str, options: Options) -> Row:
    port = free_port()
    # Slack itself would let pass only a fraction of this load; its rates are not what is measured here.
    workspace = Workspace(manifest=load_manifest(_MANIFEST), rates=False)
    rate, seconds = options.commands_per_second, options.command_seconds
    with (
        running_workspace(workspace) as slack,
        _serving(database, slack, mode, port) as bot,
        open_house(load_settings(_environment(database)), database.environment) as house,
    ):
        database.world.tell(f"{rate} commands a second over {mode} for {seconds} s, during backups of {database.size}")
        with backups_under_way(house, TARGET) as backups:
            send = over_http(slack, port) if mode == "http" else over_socket(slack)
            answers = send_commands(slack, send, rate, seconds)
        peak_mb = peak_memory_mb(bot.pid)
    database.empty_bucket()
    return row_of(f"ack/{rate}ps/{mode}", answers, backups.done, peak_mb)


def row_of(name: str, answers: Sequence[Answer], backups: int, peak_mb: float | None) -> Row:
    """`ours_s` is the 99th percentile."""
    seconds = [answer.seconds for answer in answers]
    p99 = percentile(seconds, 99)
    details = {
        "commands": len(answers),
        "in_time": sum(answer.in_time for answer in answers) / len(answers),
        "p50_s": percentile(seconds, 50),
        "p99_s": p99,
        "slowest_s": max(seconds),
        "backups": backups,
    }
    return Row(name, p99, peak_mb=peak_mb, details=details)


@contextmanager
def _serving(database: Seeded, slack: RunningWorkspace, mode: str, port: int) -> Iterator[Process]:
    credentials = slack.workspace.credentials
    way = {"SLACK_SIGNING_SECRET": credentials.signing_secret}
    if mode == "socket":
        way = {"SLACK_APP_TOKEN": credentials.app_token}
    process = Process(
        [sys.executable, "-m", "bot", "serve", "--http", f"{HOST}:{port}"],
        log=database.directory / f"serve-{mode}.log",
        env={**database.environment, **way, "SLACK_BOT_TOKEN": credentials.bot_token, "SLACK_API_URL": slack.api_url},
        cwd=_MANIFEST.parent,
        grace_s=30.0,
    )
    try:
        wait_until(lambda: _is_ready(process, port), timeout_s=_READY_WITHIN_S, what="a ready bot", interval_s=0.1)
        yield process
    finally:
        process.stop()


def _is_ready(process: Process, port: int) -> bool:
    if process.poll() is not None:
        raise BenchError(f"the bot did not start:\n{tail(process.log)}")
    with suppress(httpx.TransportError):
        return httpx.get(f"http://{HOST}:{port}/readyz", trust_env=False).is_success
    return False


def _environment(database: Seeded) -> Environment:
    ours = {name: value for name, value in database.environment.items() if name.startswith("BASELINER_")}
    return Environment.model_validate(ours)
