"""A tool on a leash: it ends with its worker, pauses when told, and ends as it ended."""

from __future__ import annotations

import fcntl
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from bot.errors import Interrupted, ToolFailed
from bot.runtime.leash import Leash, leashed, run_leashed
from bot.runtime.process import tool_environment
from bot.runtime.stop import StopSignal
from tests.support import eventually

FORKS = """
import os, sys, time
if os.fork() == 0:
    time.sleep(300)
with open(sys.argv[1] + '.part', 'w') as file:
    file.write(' '.join(str(each) for each in (os.getpid(), os.getppid())))
os.rename(sys.argv[1] + '.part', sys.argv[1])
time.sleep(300)
"""


def python(code: str, *arguments: str) -> list[str]:
    return [sys.executable, "-c", code, *arguments]


def nothing(_leash: Leash) -> None:
    pass


@pytest.mark.parametrize("code", [0, 1, 77])
def test_exit_codes_and_stderr_come_back(code: int) -> None:
    script = f"import sys; print('said', file=sys.stderr); sys.exit({code})"
    finished = run_leashed(python(script), stop=StopSignal(), environment=tool_environment(), on_tick=nothing)
    assert (finished.code, finished.stderr) == (code, "said\n")


def test_a_signal_is_a_failure_that_names_it() -> None:
    script = "import os; os.kill(os.getpid(), 11)"
    with pytest.raises(ToolFailed, match="was killed by SIGSEGV"):
        run_leashed(python(script), stop=StopSignal(), environment=tool_environment(), on_tick=nothing)


def test_a_tool_that_is_not_there_is_named() -> None:
    with pytest.raises(ToolFailed, match="could not be started: it cannot be run: /nowhere/tool"):
        run_leashed(["/nowhere/tool"], stop=StopSignal(), environment=tool_environment(), on_tick=nothing)


def family(pids: Path) -> list[psutil.Process]:
    tool, _leash = (int(each) for each in pids.read_text().split())
    process = psutil.Process(tool)
    return [process, *process.children()]


def gone(processes: list[psutil.Process]) -> bool:
    return not any(map(runs, processes))


def runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_a_stop_ends_the_tool_and_what_it_forked(tmp_path: Path) -> None:
    pids, stop, seen = tmp_path / "pids", StopSignal(), list[psutil.Process]()

    def look(_leash: Leash) -> None:
        if pids.exists():
            seen.extend(family(pids))
            stop.set("enough")

    with pytest.raises(Interrupted, match="enough"):
        run_leashed(python(FORKS, str(pids)), stop=stop, environment=tool_environment(), on_tick=look)
    assert len(seen) == 2
    eventually(lambda: gone(seen))


def test_a_paused_tool_does_nothing_until_it_is_resumed(tmp_path: Path) -> None:
    counted = tmp_path / "counted"
    script = "import sys, time\nwhile True:\n    open(sys.argv[1], 'a').write('.'); time.sleep(0.01)"
    stop, sizes = StopSignal(), list[int]()

    def look(leash: Leash) -> None:
        size = counted.stat().st_size if counted.exists() else 0
        if size and not sizes:
            leash.pause()
        if size:
            sizes.append(size)
        if len(sizes) == 12:
            leash.resume()
        if len(sizes) > 12 and size > sizes[11]:
            stop.set("it goes on")

    with pytest.raises(Interrupted, match="it goes on"):
        run_leashed(python(script, str(counted)), stop=stop, environment=tool_environment(), on_tick=look)
    assert len(set(sizes[4:12])) == 1, "it went on while it was paused"


def test_a_tool_waits_while_nobody_watches_it_and_goes_on_with_who_does(tmp_path: Path) -> None:
    pids, states, stop = tmp_path / "pids", list[list[str]](), StopSignal()

    def look(leash: Leash) -> None:
        if not pids.exists():
            return
        tool = family(pids)
        if not states:
            eventually(lambda: all(each.status() == psutil.STATUS_STOPPED for each in tool))
            assert not leash.paused
        states.append([each.status() for each in tool])
        if psutil.STATUS_STOPPED not in states[-1]:
            stop.set("it goes on")

    with pytest.raises(Interrupted, match="it goes on"):
        run_leashed(python(FORKS, str(pids)), stop=stop, environment=tool_environment(), on_tick=look)
    assert len(states) > 1


def test_a_tool_that_was_paused_stays_so_however_often_we_say_that_we_watch(tmp_path: Path) -> None:
    pids, stop, looks = tmp_path / "pids", StopSignal(), list[str]()

    def look(leash: Leash) -> None:
        if not pids.exists():
            return
        tool = family(pids)[0]
        if not leash.paused:
            leash.pause()
            eventually(lambda: tool.status() == psutil.STATUS_STOPPED)
        leash.watch()
        looks.append(tool.status())
        if len(looks) == 10:
            stop.set("enough")

    with pytest.raises(Interrupted, match="enough"):
        run_leashed(python(FORKS, str(pids)), stop=stop, environment=tool_environment(), on_tick=look)
    assert set(looks) == {psutil.STATUS_STOPPED}


def test_an_order_that_meets_a_full_pipe_is_given_again() -> None:
    with leashed(["/bin/sleep", "300"], tool_environment(), silence_ms=200) as process:
        assert process.stdin is not None
        fcntl.fcntl(process.stdin.fileno(), fcntl.F_SETPIPE_SZ, 4096)
        leash, holder = Leash(process), psutil.Process(process.pid)
        [tool] = eventually(holder.children)
        leash.pause()
        eventually(lambda: tool.status() == psutil.STATUS_STOPPED)
        holder.suspend()
        for _ in range(5000):
            leash.watch()
        leash.resume()
        holder.resume()

        def goes_on() -> bool:
            leash.watch()
            return tool.status() != psutil.STATUS_STOPPED

        eventually(goes_on)


@pytest.mark.parametrize("paused", [False, True])
def test_a_killed_worker_takes_its_tool_with_it(tmp_path: Path, paused: bool) -> None:
    pids = tmp_path / "pids"
    worker_code = f"""
from bot.runtime.leash import run_leashed
from bot.runtime.process import tool_environment
from bot.runtime.stop import StopSignal
told = []
def look(leash):
    import os
    if {paused} and os.path.exists({str(pids)!r}) and not leash.paused:
        leash.pause(); print('paused', flush=True)
run_leashed({python(FORKS, str(pids))!r}, stop=StopSignal(), environment=tool_environment(), on_tick=look)
"""
    with subprocess.Popen(python(worker_code), stdout=subprocess.PIPE, text=True) as worker:
        eventually(pids.exists)
        if paused:
            assert worker.stdout is not None
            assert worker.stdout.readline() == "paused\n"
        tool = family(pids)
        worker.kill()
    eventually(lambda: gone(tool))
