"""Runs one tool in a process group of its own, and ends the group when the worker that asked for it is gone.

Started by `bot.runtime.leash` as a script of its own, so it imports nothing but the standard library. Standard input
is the leash: `p` pauses the tool, `r` resumes it, and its end (the worker has closed it, or was killed) ends the tool.
A worker that watches its tool says one of both again and again. One that was not heard of for a while has no
processor, or waits for something: the tool waits with it, since what it does meanwhile nobody bounds.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys

_GRACE_MS = 3_000
_BEHIND_ITS_WATCHERS = 5


def main(account: str, silence_ms: int, argv: list[str]) -> int:
    """Run `argv` as `account` (`uid:gid`, or empty for our own); ends as the tool ended, by the same signal.

    It is paused whenever its worker was not heard of for `silence_ms`, which may be 0 for no such bound.
    """
    pid = _started(account, argv)
    watched = os.pidfd_open(pid)
    _hold(pid, watched, silence_ms)
    status = os.waitpid(pid, 0)[1]
    # What the tool has forked dies with it.
    _signal_group(pid, signal.SIGKILL)
    return _end_alike(status)


def _hold(pid: int, watched: int, silence_ms: int) -> None:
    poll = select.poll()
    poll.register(watched, select.POLLIN)
    poll.register(0, select.POLLIN | select.POLLHUP)
    stopped = False
    while watched not in (ready := dict(poll.poll(None if stopped else silence_ms or None))):
        said = os.read(0, 4096) if ready else b"p"
        if not said:
            _end(pid, watched)
            return
        if stopped != said.endswith(b"p"):
            stopped = not stopped
            _signal_group(pid, signal.SIGSTOP if stopped else signal.SIGCONT)


def _started(account: str, argv: list[str]) -> int:
    pid = os.fork()
    if pid == 0:
        try:
            os.setpgid(0, 0)
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            # Whoever has to hold it back in time comes before it.
            os.nice(_BEHIND_ITS_WATCHERS)
            if account:
                uid, gid = map(int, account.split(":"))
                os.setgroups([])
                os.setgid(gid)
                os.setuid(uid)
            os.execv(argv[0], argv)  # noqa: S606 - the tool itself, never a shell
        except OSError as error:
            os.write(2, f"{argv[0]}: {error.strerror}\n".encode())
        finally:
            os._exit(127)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        # In both, since either may be first.
        os.setpgid(pid, pid)
    return pid


def _end(pid: int, watched: int) -> None:
    """SIGTERM lets the tool cancel what it asked of the server; a paused one has to be resumed to hear it."""
    _signal_group(pid, signal.SIGTERM)
    _signal_group(pid, signal.SIGCONT)
    poll = select.poll()
    poll.register(watched, select.POLLIN)
    if not poll.poll(_GRACE_MS):
        _signal_group(pid, signal.SIGKILL)


def _signal_group(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, number)


def _end_alike(status: int) -> int:
    code = os.waitstatus_to_exitcode(status)
    if code >= 0:
        return code
    with contextlib.suppress(OSError, ValueError):
        signal.signal(-code, signal.SIG_DFL)
    os.kill(os.getpid(), -code)
    return 128 - code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2]), sys.argv[3:]))
