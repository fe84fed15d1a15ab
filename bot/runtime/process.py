"""Runs a tool and judges how it ended: exit code, signal and stderr. Never a shell."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from bot.errors import ToolFailed, ToolNotStarted
from bot.runtime.stop import StopSignal

_CHUNK = 1 << 20
_KEPT_STDERR = 64 * 1024
_LOOK_EVERY = 0.2
_GRACE = 5.0
_PASSED_ON = ("PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH")


@dataclass(frozen=True)
class Finished:
    """A tool that ended; `code` is negative for a signal, as in `subprocess`."""

    code: int
    stdout: bytes
    stderr: str

    @property
    def status(self) -> str:
        """Such as `ended with exit code 1` or `was killed by SIGKILL`."""
        if self.code < 0:
            return f"was killed by {_signal_name(-self.code)}"
        return f"ended with exit code {self.code}"


class DeadlinePassed(ToolFailed):
    """The tool did not end in time and was killed."""


def run(
    argv: Sequence[str],
    *,
    stop: StopSignal,
    environment: Mapping[str, str] | None = None,
    deadline: float | None = None,
    directory: Path | None = None,
    on_tick: Callable[[], None] | None = None,
) -> Finished:
    """Run to its end and return what it said, whatever the exit code; `on_tick` is called about every 0.2 s.

    Raises ToolFailed when it cannot be started or was killed by a signal, DeadlinePassed after `deadline` seconds,
    Interrupted when told to stop. Whatever is raised, its whole process group is gone.
    """
    chunks: list[bytes] = []
    finished = _stream(argv, chunks.append, stop, environment, deadline, directory, on_tick)
    return Finished(finished.code, b"".join(chunks), finished.stderr)


def stream(
    argv: Sequence[str],
    sink: Callable[[bytes], None],
    *,
    stop: StopSignal,
    environment: Mapping[str, str] | None = None,
) -> Finished:
    """Like `run`, with stdout handed to `sink` in chunks as it comes. An error of the sink ends the tool."""
    return _stream(argv, sink, stop, environment, None, None, None)


def judged(tool: str, finished: Finished) -> Finished:
    """The same, or ToolFailed when the exit code is not 0."""
    if finished.code != 0:
        raise ToolFailed(tool, finished.status, finished.stderr)
    return finished


def tool_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The little of our environment that a tool needs, English messages, and `extra`. No secret of ours."""
    kept = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return {**kept, "LC_ALL": "C.UTF-8", "LANGUAGE": "en", **(extra or {})}


def _stream(
    argv: Sequence[str],
    sink: Callable[[bytes], None],
    stop: StopSignal,
    environment: Mapping[str, str] | None,
    deadline: float | None,
    directory: Path | None,
    on_tick: Callable[[], None] | None,
) -> Finished:
    tool = Path(argv[0]).name
    ends_at = None if deadline is None else time.monotonic() + deadline
    environment = tool_environment() if environment is None else environment
    with _started(argv, environment, directory) as process:
        drain = StderrDrain(process.stderr)
        for chunk in _chunks(process):
            if chunk:
                sink(chunk)
            elif on_tick is not None:
                on_tick()
            stop.check()
            if ends_at is not None and time.monotonic() > ends_at:
                raise DeadlinePassed(tool, f"did not end within {deadline:g} s", drain.text())
        finished = Finished(process.returncode, b"", drain.finish())
    if finished.code < 0:
        raise ToolFailed(tool, finished.status, finished.stderr)
    return finished


@contextmanager
def _started(
    argv: Sequence[str], environment: Mapping[str, str], directory: Path | None
) -> Iterator[subprocess.Popen[bytes]]:
    try:
        process = subprocess.Popen(
            list(argv),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=dict(environment),
            cwd=directory,
            start_new_session=True,
        )
    except OSError as error:
        raise ToolNotStarted(Path(argv[0]).name, "could not be started", f"{error.strerror}: {argv[0]}") from error
    try:
        yield process
    except BaseException:
        _end_group(process)
        raise
    finally:
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()


def _chunks(process: subprocess.Popen[bytes]) -> Iterator[bytes]:
    """stdout as it comes, and b"" whenever nothing came for a moment, until the process has ended.

    A daemon that the process left behind may hold the pipe open: the end of the process counts, not that of the pipe.
    """
    assert process.stdout is not None  # noqa: S101 - opened with PIPE
    descriptor = process.stdout.fileno()
    with selectors.DefaultSelector() as selector:
        selector.register(descriptor, selectors.EVENT_READ)
        while True:
            ended = process.poll() is not None
            if selector.select(0 if ended else _LOOK_EVERY):
                chunk = os.read(descriptor, _CHUNK)
                if not chunk:
                    break
                yield chunk
            elif ended:
                return
            else:
                yield b""
    while process.poll() is None:
        yield b""
        _wait_a_moment(process)


def _wait_a_moment(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(_LOOK_EVERY)
    except subprocess.TimeoutExpired:
        return


def _end_group(process: subprocess.Popen[bytes]) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
            process.wait(_GRACE)
        except (ProcessLookupError, PermissionError, subprocess.TimeoutExpired):
            continue
    process.wait()


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


class KeptText:
    """The first and last 32 kB of what a tool says, from any thread."""

    def __init__(self) -> None:
        self._kept = bytearray()
        self._lock = threading.Lock()

    def add(self, data: bytes | memoryview) -> None:
        with self._lock:
            self._kept += data
            if len(self._kept) > 2 * _KEPT_STDERR:
                half = _KEPT_STDERR // 2
                self._kept[half:-half] = b"\n[...]\n"

    def text(self) -> str:
        with self._lock:
            return bytes(self._kept).decode("utf-8", "replace")


class StderrDrain:
    """Reads stderr beside the work, so that the tool never blocks on it."""

    def __init__(self, pipe: IO[bytes] | None) -> None:
        assert pipe is not None  # noqa: S101 - opened with PIPE
        self._descriptor = os.dup(pipe.fileno())
        self._kept = KeptText()
        self._thread = threading.Thread(target=self._read, name="stderr", daemon=True)
        self._thread.start()

    def _read(self) -> None:
        try:
            while chunk := os.read(self._descriptor, 8192):
                self._kept.add(chunk)
        finally:
            os.close(self._descriptor)

    def text(self) -> str:
        return self._kept.text()

    def finish(self) -> str:
        # A daemon left behind may hold the pipe open for ever; what the tool itself said has come by then.
        self._thread.join(1.0)
        return self.text()
