"""How a tool is run and how its end is judged."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

import psutil
import pytest

from bot.errors import Interrupted, ToolFailed
from bot.runtime.process import DeadlinePassed, judged, run, stream, tool_environment
from bot.runtime.stop import StopSignal
from tests.support import eventually


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_output_exit_code_and_stderr_come_back() -> None:
    finished = run(python("import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)"), stop=StopSignal())
    assert (finished.code, finished.stdout, finished.stderr) == (3, b"out\n", "err\n")
    with pytest.raises(ToolFailed, match="thing ended with exit code 3: err"):
        judged("thing", finished)


def test_a_signal_is_a_failure_that_names_it() -> None:
    with pytest.raises(ToolFailed, match="was killed by SIGKILL"):
        run(python("import os; os.kill(os.getpid(), 9)"), stop=StopSignal())


def test_a_tool_that_is_not_there_is_named() -> None:
    with pytest.raises(ToolFailed, match="could not be started: No such file or directory: /nowhere/tool"):
        run(["/nowhere/tool"], stop=StopSignal())


def test_a_deadline_ends_the_whole_group(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    code = f"""
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(300)'])
open({str(pids)!r}, 'w').write(f'{{os.getpid()}} {{child.pid}}')
time.sleep(300)
"""
    with pytest.raises(DeadlinePassed, match="did not end within 2 s"):
        run(python(code), stop=StopSignal(), deadline=2)
    assert eventually(lambda: not any(psutil.pid_exists(int(pid)) for pid in pids.read_text().split()))


def test_a_stop_ends_even_what_ignores_sigterm() -> None:
    stop, started = StopSignal(), threading.Event()
    code = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(300)"
    )

    def sink(chunk: bytes) -> None:
        started.set()
        stop.set("enough")

    with pytest.raises(Interrupted, match="enough"):
        stream(python(code), sink, stop=stop)
    assert started.is_set()
    assert [child for child in psutil.Process().children() if "SIG_IGN" in " ".join(child.cmdline())] == []


def test_much_stderr_blocks_nothing_and_keeps_both_ends() -> None:
    code = "import sys; sys.stderr.write('first\\n' + 'x' * 5_000_000 + '\\nlast'); print('done')"
    finished = run(python(code), stop=StopSignal())
    assert finished.stdout == b"done\n"
    assert finished.stderr.startswith("first")
    assert finished.stderr.endswith("last")
    assert len(finished.stderr) < 300_000


def test_much_output_streams_in_order() -> None:
    received = bytearray()
    stream(
        python("import sys; [sys.stdout.write(f'{i}\\n') for i in range(300000)]"), received.extend, stop=StopSignal()
    )
    assert received == b"".join(b"%d\n" % i for i in range(300000))


def test_a_daemon_that_keeps_the_pipes_open_does_not_hold_us_up(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    code = f"""
import subprocess, sys
child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(300)'], start_new_session=True)
open({str(pid)!r}, 'w').write(str(child.pid))
print('started')
"""
    try:
        finished = run(python(code), stop=StopSignal(), deadline=60)
        assert finished.stdout == b"started\n"
    finally:
        psutil.Process(int(pid.read_text())).kill()


def test_tools_see_none_of_our_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", "secret")
    code = "import json, os; print(json.dumps(dict(os.environ)))"
    said = run(python(code), stop=StopSignal(), environment=tool_environment({"PGUSER": "me"})).stdout
    assert b"secret" not in said
    assert b'"PGUSER": "me"' in said
    assert b'"LC_ALL": "C.UTF-8"' in said
    assert os.environ["PATH"].encode() in said


def test_a_tick_comes_while_nothing_else_does() -> None:
    ticks: list[int] = []
    run(python("import time; time.sleep(1)"), stop=StopSignal(), on_tick=lambda: ticks.append(1))
    assert len(ticks) >= 2
