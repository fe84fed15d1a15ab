"""`baseliner demo` as a newcomer starts it."""

from __future__ import annotations

import shlex
import signal
import subprocess
import sys
import tomllib
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sandbox.processes import free_port


@dataclass(frozen=True)
class RunningDemo:
    """`application` is the sample application's base URL; `environment` reaches the demo from another shell."""

    url: str
    application: str
    environment: Mapping[str, str]


@contextmanager
def running_demo(directory: Path) -> Generator[RunningDemo]:
    """Started, and stopped by Ctrl-C."""
    port = free_port()
    log = directory / "demo.log"
    work = directory / "demo"
    argv = [sys.executable, "-m", "bot", "demo", "--port", str(port), "--directory", str(work)]
    with log.open("w") as stderr, subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=stderr, text=True) as process:
        try:
            line = process.stdout.readline().strip() if process.stdout else ""
            if not line.startswith("Ready: "):
                raise AssertionError(f"the demo did not start: {log.read_text()}")
            yield _describe(line.removeprefix("Ready: "), work)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(90)


def _describe(url: str, work: Path) -> RunningDemo:
    settings = tomllib.loads((work / "baseliner.toml").read_text())
    health = settings["targets"]["fleet"]["application"]["health_url"]
    pairs = (shlex.split(line)[1].split("=", 1) for line in (work / "demo.env").read_text().splitlines())
    return RunningDemo(url, health.removesuffix("/health"), {name: value for name, value in pairs})
