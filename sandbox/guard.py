"""Runs one program and ends it when the process that asked for it ends, however that one ended.

`sandbox.processes` starts this file as `python -I -S guard.py [options] -- PROGRAM [ARGUMENT…]` and holds
the other end of its standard input. That pipe closes when the owner asks for a stop, and also when the
owner is killed. (PR_SET_PDEATHSIG would be Linux only, and it fires when the *thread* that started the
program ends.) The first line on standard output is `pid N`, or `error …` when the program cannot start.
The program's own output goes to standard error. Only the standard library is used: nothing of the
project may be importable for the user that runs it.
"""

import argparse
import contextlib
import os
import signal
import subprocess
import sys
import threading


def main() -> int:
    """Run the program; the exit code is the program's, or 128 + N when signal N ended it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--signal", type=int, default=signal.SIGTERM)
    parser.add_argument("--grace", type=float, default=10.0)
    parser.add_argument("--uid", type=int)
    parser.add_argument("--gid", type=int)
    parser.add_argument("program", nargs="+")
    options = parser.parse_args()
    try:
        child = _start(options)
    except OSError as error:
        print(f"error {error}", flush=True)  # noqa: T201
        return 127
    print(f"pid {child.pid}", flush=True)  # noqa: T201
    asked = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: asked.set())
    threading.Thread(target=_watch_owner, args=(asked,), daemon=True).start()
    threading.Thread(target=_end, args=(child, asked, options), daemon=True).start()
    code = child.wait()
    _kill_group(child.pid)
    return code if code >= 0 else 128 - code


def _start(options: argparse.Namespace) -> "subprocess.Popen[bytes]":
    dropped = {} if options.uid is None else {"user": options.uid, "group": options.gid, "extra_groups": []}
    return subprocess.Popen(
        options.program, stdin=subprocess.DEVNULL, stdout=sys.stderr.fileno(), process_group=0, **dropped
    )


def _watch_owner(asked: threading.Event) -> None:
    while os.read(0, 1024):
        pass
    asked.set()


def _end(child: "subprocess.Popen[bytes]", asked: threading.Event, options: argparse.Namespace) -> None:
    asked.wait()
    child.send_signal(options.signal)
    try:
        child.wait(options.grace)
    except subprocess.TimeoutExpired:
        _kill_group(child.pid)


def _kill_group(group: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main())
