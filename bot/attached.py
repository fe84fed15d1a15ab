"""The worker of a serving process: a process of its own, so that heavy work never delays an answer to Slack."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress

_log = logging.getLogger(__name__)
_NICENESS = 5
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 60.0
_LOOK_EVERY = 0.2


class AttachedWorker:
    """Keeps a worker running, and starts another when it ends by itself, until it is told to stop."""

    def __init__(self, options: Sequence[str], patience: float) -> None:
        """`options` are those of `baseliner worker`; `patience` is how long it may take to stop, in seconds."""
        self._argv = [sys.executable, "-m", "bot", "worker", "--attached", *options]
        self._patience = patience
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def running(self) -> bool:
        process = self._process
        return process is not None and process.poll() is None

    def run(self, stop: threading.Event) -> None:
        """Returns when `stop` is set and the worker has ended."""
        pause = _FIRST_PAUSE
        while not stop.is_set():
            started = time.monotonic()
            code = self._run_once(stop)
            if time.monotonic() - started > _LONGEST_PAUSE:
                pause = _FIRST_PAUSE
            if not stop.is_set():
                _log.error("the worker ended by itself with exit code %s; another starts in %.0f s", code, pause)
            stop.wait(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    def _run_once(self, stop: threading.Event) -> int:
        # A session of its own: Ctrl-C is for the serving process, which tells the worker.
        process = subprocess.Popen(self._argv, stdin=subprocess.PIPE, start_new_session=True)
        self._process = process
        with suppress(OSError):
            # The tools and the compression that it starts inherit it: answers come first.
            os.setpriority(os.PRIO_PROCESS, process.pid, _NICENESS)
        while not stop.is_set() and process.poll() is None:
            stop.wait(_LOOK_EVERY)
        return self._end(process)

    def _end(self, process: subprocess.Popen[bytes]) -> int:
        assert process.stdin is not None  # noqa: S101 - opened with PIPE
        process.stdin.close()
        try:
            return process.wait(self._patience)
        except subprocess.TimeoutExpired:
            _log.error("the worker did not stop within %.0f s and is killed", self._patience)
            process.kill()
            return process.wait()


def stop_when_detached(stop: threading.Event) -> None:
    """In the worker: sets `stop` when the serving process closes its end of standard input, or is no more."""

    def wait() -> None:
        while os.read(0, 4096):
            pass
        stop.set()

    threading.Thread(target=wait, name="attached", daemon=True).start()
