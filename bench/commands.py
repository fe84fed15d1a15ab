"""Other people's tools, run as their users run them, and timed. Their exit codes count."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

from bench.errors import BenchError


def timed(act: Callable[[], object]) -> float:
    """Seconds on the wall."""
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


def run(argv: Sequence[str], environment: Mapping[str, str], *, stdin: Path | None = None) -> None:
    """Run to the end; its output is thrown away. Raises BenchError unless it ends with 0."""
    with ExitStack() as stack:
        source = stack.enter_context(stdin.open("rb")) if stdin else subprocess.DEVNULL
        answer = subprocess.run(
            argv, env=environment, stdin=source, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False
        )
    if answer.returncode != 0:
        raise BenchError(f"{argv[0]} ended with {answer.returncode}: {answer.stderr.decode(errors='replace').strip()}")


def run_together(commands: Sequence[Sequence[str]], environment: Mapping[str, str]) -> None:
    """Run several at the same time, to the last one's end; their output is thrown away."""
    started = [(argv[0], subprocess.Popen(argv, env=environment, stdout=subprocess.DEVNULL)) for argv in commands]
    _demand_success([(name, process.wait()) for name, process in started])


@contextmanager
def piped(commands: Sequence[Sequence[str]], environment: Mapping[str, str]) -> Iterator[IO[bytes]]:
    """The end of a pipe through all commands; judged when the block ends, which must have read all of it."""
    with ExitStack() as stack:
        started: list[tuple[str, subprocess.Popen[bytes]]] = []
        source: IO[bytes] | None = None
        for argv in commands:
            process = subprocess.Popen(argv, env=environment, stdin=source, stdout=subprocess.PIPE)
            stack.enter_context(process)
            stack.callback(process.terminate)
            started.append((argv[0], process))
            if source is not None:
                source.close()  # the next program has it now
            source = process.stdout
        if source is None:
            raise ValueError("a pipe needs a command")
        yield source
        _demand_success([(name, process.wait()) for name, process in started])


def _demand_success(ended: Sequence[tuple[str, int]]) -> None:
    for name, code in ended:
        if code != 0:
            raise BenchError(f"{name} ended with {code}")
