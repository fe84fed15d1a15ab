"""The worker of a serving process: beside it, after it at lower priority, started again, and never left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest

from bot.models import OperationState
from sandbox.processes import HOST, free_port
from tests.house import OPERATOR, TARGET, Rig
from tests.settings_file import settings_file
from tests.support import eventually


@contextmanager
def serving(rig: Rig) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """`baseliner serve` and the address of its probes; Slack cannot be reached."""
    port = free_port()
    slack = {"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_SIGNING_SECRET": "secret", "SLACK_API_URL": f"http://{HOST}:1/api/"}
    argv = [sys.executable, "-m", "bot", "serve", "--config", str(settings_file(rig)), "--http", f"{HOST}:{port}"]
    with (rig.directory / "serve.log").open("wb") as log:
        process = subprocess.Popen(
            argv, stdout=log, stderr=log, env={**os.environ, **rig.setup.environment, **slack}, start_new_session=True
        )
    try:
        yield process, f"http://{HOST}:{port}"
    finally:
        process.terminate()
        process.wait(60)


def workers_of(process: subprocess.Popen[bytes]) -> list[int]:
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    threads = children.parents[1].iterdir() if process.poll() is None else ()
    found = (int(pid) for thread in threads for pid in (thread / "children").read_text().split())
    return [pid for pid in found if b"--attached" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def ready(address: str) -> bool:
    with suppress(httpx.TransportError):
        return httpx.get(f"{address}/readyz", trust_env=False).is_success
    return False


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_it_works_at_a_lower_priority_and_is_started_again(rig: Rig) -> None:
    with serving(rig) as (process, address):
        eventually(lambda: ready(address), 60)
        (first,) = workers_of(process)
        assert os.getpriority(os.PRIO_PROCESS, first) > os.getpriority(os.PRIO_PROCESS, process.pid)
        os.kill(first, signal.SIGKILL)
        eventually(lambda: workers_of(process) not in ([], [first]), 60)
        operation = rig.services.backups.request(TARGET, OPERATOR)
        eventually(lambda: rig.services.overview.operation(operation.id).state is OperationState.DONE, 60)
        (second,) = workers_of(process)
    assert not is_running(second)
    assert "the worker ended by itself with exit code -9" in (rig.directory / "serve.log").read_text()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_it_does_not_outlive_the_serving_process(rig: Rig, number: signal.Signals) -> None:
    with serving(rig) as (process, address):
        eventually(lambda: ready(address), 60)
        (worker,) = workers_of(process)
        process.send_signal(number)
        process.wait(60)
        eventually(lambda: not is_running(worker), 60)
