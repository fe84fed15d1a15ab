"""Child processes that end with their owner, free ports, and waiting for a condition."""

import contextlib
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

HOST = "127.0.0.1"
# Below every system's range for outgoing connections, so that none of those takes a port in between.
_PORTS = range(20_000, 32_000)
_GUARD = Path(__file__).with_name("guard.py")

Result = TypeVar("Result")


class ProcessError(Exception):
    """A program could not be started, or ended when it should have been running."""


@dataclass(frozen=True)
class SystemUser:
    """An account to which a child is dropped."""

    uid: int
    gid: int


class Process:
    """A running program, in a process group of its own.

    It is stopped when this object says so or when the owner ends, even by SIGKILL; whatever it leaves in
    its group is killed then. Its output is appended to `log`.

    Raises ProcessError when the program cannot be started.
    """

    def __init__(
        self,
        argv: Sequence[str],
        *,
        log: Path,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        stop_signal: signal.Signals = signal.SIGTERM,
        grace_s: float = 10.0,
        user: SystemUser | None = None,
    ) -> None:
        self.argv = tuple(argv)
        self.log = log
        drop = [] if user is None else [f"--uid={user.uid}", f"--gid={user.gid}"]
        options = [f"--signal={int(stop_signal)}", f"--grace={grace_s}", *drop, "--"]
        with log.open("ab") as output:
            self._guard = subprocess.Popen(
                [sys.executable, "-I", "-S", str(_GUARD), *options, *argv],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=output,
                env=None if env is None else dict(env),
                cwd=cwd,
                start_new_session=True,
            )
        self.pid = self._read_pid()

    def _read_pid(self) -> int:
        assert self._guard.stdout is not None  # noqa: S101
        with self._guard.stdout as status:
            word, _, rest = status.readline().decode().strip().partition(" ")
        if word == "pid":
            return int(rest)
        self._close_lifeline()
        self._guard.wait()
        raise ProcessError(f"cannot start {self.argv[0]}: {rest or 'see ' + str(self.log)}")

    def _close_lifeline(self) -> None:
        assert self._guard.stdin is not None  # noqa: S101
        self._guard.stdin.close()

    def poll(self) -> int | None:
        """The exit code (128 + N for signal N), or None while the program runs."""
        return self._guard.poll()

    def stop(self) -> int:
        """Ask the program to end, kill it after the grace time, and return its exit code.

        A KeyboardInterrupt while it waits kills the program at once.
        """
        self._close_lifeline()
        try:
            return self._guard.wait()
        except KeyboardInterrupt:
            self._kill_group()
            raise

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal to the program alone; nothing happens when it has ended."""
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> int:
        """End the program and its group by SIGKILL, as a crash would, and return its exit code."""
        self._kill_group()
        return self.stop()

    def _kill_group(self) -> None:
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)


def port_is_free(port: int) -> bool:
    """Whether a server could listen on this loopback port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except (OSError, OverflowError):
            return False
    return True


def free_port() -> int:
    """A loopback port on which nothing listens."""
    candidates = (secrets.choice(_PORTS) for _ in range(1_000))
    port = next(filter(port_is_free, candidates), None)
    if port is None:
        raise ProcessError(f"no free port between {_PORTS.start} and {_PORTS.stop}")
    return port


def wait_until(attempt: Callable[[], Result], *, timeout_s: float, what: str, interval_s: float = 0.02) -> Result:
    """The first true result of `attempt`; TimeoutError naming `what` after `timeout_s` seconds."""
    deadline = time.monotonic() + timeout_s
    while not (result := attempt()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} was not so within {timeout_s:g} s")
        time.sleep(interval_s)
    return result


def tail(log: Path, since: int = 0, lines: int = 15) -> str:
    """The last lines of a log, from byte `since` on, to show when a program did not start."""
    text = log.read_bytes()[since:].decode(errors="replace")
    return "\n".join(text.splitlines()[-lines:])
