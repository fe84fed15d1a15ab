"""Runs a tool that must not outlive its worker, and that can be paused."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from bot.errors import ToolFailed
from bot.runtime import leash_process
from bot.runtime.process import Finished, StderrDrain
from bot.runtime.stop import StopSignal

_END_WITHIN = 10.0
_SILENCE_MS = 200


@dataclass(frozen=True)
class Account:
    """Whom a tool runs as, when that is not us."""

    uid: int
    gid: int


class Leash:
    """A hold on a running tool, which waits while it does not hear of us."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdin is not None  # noqa: S101 - opened with PIPE
        self._fd = process.stdin.fileno()
        # Whoever holds the other end may have been stopped itself.
        os.set_blocking(self._fd, False)
        self.paused = False

    def watch(self) -> None:
        """Say that we are there, and again what is wanted: an order may have met a pipe that was full."""
        self._order(b"p" if self.paused else b"r")

    def pause(self) -> None:
        """Stop the tool where it is, with all that it has forked."""
        self._order(b"p")
        self.paused = True

    def resume(self) -> None:
        self._order(b"r")
        self.paused = False

    def _order(self, order: bytes) -> None:
        with suppress(BrokenPipeError, BlockingIOError):
            os.write(self._fd, order)


def run_leashed(
    argv: Sequence[str],
    *,
    stop: StopSignal,
    environment: Mapping[str, str],
    on_tick: Callable[[Leash], None],
    every: float = 0.05,
    account: Account | None = None,
) -> Finished:
    """Run to the tool's end, whatever the exit code; its output is thrown away, stderr kept; `on_tick` every so often.

    Raises ToolFailed when it cannot be started or was killed by a signal, Interrupted, or what `on_tick` raised. The
    tool ends then, and so it does when this process is killed. While `on_tick` takes long, or is not called for want of
    a processor, the tool is paused.
    """
    tool = Path(argv[0]).name
    if not os.access(argv[0], os.X_OK):
        raise ToolFailed(tool, "could not be started", f"it cannot be run: {argv[0]}")
    with leashed(argv, environment, account, silence_ms=_SILENCE_MS) as process:
        drain = StderrDrain(process.stderr)
        leash = Leash(process)
        while process.poll() is None:
            stop.check()
            on_tick(leash)
            leash.watch()
            with suppress(subprocess.TimeoutExpired):
                process.wait(every)
        finished = Finished(process.returncode, b"", drain.finish())
    if finished.code < 0:
        raise ToolFailed(tool, finished.status, finished.stderr)
    return finished


@contextmanager
def leashed(
    argv: Sequence[str], environment: Mapping[str, str], account: Account | None = None, *, silence_ms: int = 0
) -> Iterator[subprocess.Popen[bytes]]:
    """The tool, running until the end of the block, of itself, or of this process.

    It is paused whenever nothing was written to its stdin for `silence_ms`, if that is not 0.
    """
    whose = f"{account.uid}:{account.gid}" if account else ""
    # -I and -S: no site, nothing of ours, so that it starts in a few milliseconds.
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", leash_process.__file__, whose, str(silence_ms), *argv],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=dict(environment),
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.stdin is not None:
            process.stdin.close()
        try:
            process.wait(_END_WITHIN)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stderr is not None:
            process.stderr.close()
