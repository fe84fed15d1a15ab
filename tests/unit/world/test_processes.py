"""A child process ends when told, when it must, and when its owner ends."""

import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from sandbox.processes import HOST, Process, ProcessError, free_port, port_is_free, tail, wait_until
from tests.support import eventually

REPOSITORY = Path(__file__).parents[3]
STUBBORN = "trap '' TERM; echo ready; while :; do sleep 0.05; done"
WITH_CHILD = "sleep 600 & echo $!; wait"


def shell(script: str, log: Path, grace_s: float = 5.0) -> Process:
    process = Process(["/bin/sh", "-c", script], log=log, grace_s=grace_s)
    eventually(lambda: log.stat().st_size or process.poll() is not None)
    return process


def running(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log"


def test_the_exit_code_and_the_output_are_the_programs(log: Path) -> None:
    process = Process(["/bin/sh", "-c", "echo out; echo err >&2; exit 5"], log=log)
    assert eventually(lambda: process.poll() is not None)
    assert process.stop() == 5
    assert log.read_text() == "out\nerr\n"


def test_a_stop_sends_the_stop_signal_and_returns_when_the_program_is_gone(log: Path) -> None:
    process = Process(
        ["/bin/sh", "-c", "trap 'exit 7' USR1; echo ready; while :; do sleep 0.05; done"],
        log=log,
        stop_signal=signal.SIGUSR1,
    )
    eventually(lambda: log.stat().st_size)
    assert process.poll() is None
    assert process.stop() == 7
    assert not running(process.pid)


def test_a_stubborn_program_is_killed_after_its_grace(log: Path) -> None:
    process = shell(STUBBORN, log, grace_s=0.2)
    assert process.stop() == 128 + signal.SIGKILL


@pytest.mark.parametrize("end", [Process.stop, Process.kill])
def test_what_the_program_started_ends_with_it(log: Path, end: Callable[[Process], int]) -> None:
    process = shell(WITH_CHILD, log)
    child = int(log.read_text())
    assert running(child)
    end(process)
    eventually(lambda: not running(child))


def test_a_killed_owner_takes_its_program_along(log: Path) -> None:
    program = f"""
import sys, threading
from pathlib import Path
from sandbox.processes import Process
made = []
thread = threading.Thread(target=lambda: made.append(
    Process(["/bin/sh", "-c", {STUBBORN!r}], log=Path({str(log)!r}), grace_s=0.2)))
thread.start()
thread.join()
print(made[0].pid, flush=True)
sys.stdin.read()
"""
    with subprocess.Popen(
        [sys.executable, "-c", program], cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as owner:
        assert owner.stdout is not None
        pid = int(owner.stdout.readline())
        eventually(lambda: log.stat().st_size)
        assert running(pid)
        owner.kill()
    eventually(lambda: not running(pid))


def test_a_program_that_cannot_start_is_named(log: Path) -> None:
    with pytest.raises(ProcessError, match="cannot start /no/such/program"):
        Process(["/no/such/program"], log=log)


def test_a_signal_reaches_the_program_alone(log: Path) -> None:
    process = shell("trap 'exit 9' HUP; echo ready; while :; do sleep 0.05; done", log)
    process.send_signal(signal.SIGHUP)
    eventually(lambda: process.poll() is not None)
    process.send_signal(signal.SIGHUP)
    assert process.stop() == 9


def test_the_environment_and_the_folder_are_those_given(log: Path, tmp_path: Path) -> None:
    process = Process(["/bin/sh", "-c", "echo $WORD $PWD"], log=log, env={"WORD": "given"}, cwd=tmp_path)
    assert eventually(lambda: process.poll() is not None)
    process.stop()
    assert log.read_text().split() == ["given", str(tmp_path)]


def test_a_port_is_free_until_somebody_listens() -> None:
    port = free_port()
    assert port_is_free(port)
    with socket.socket() as listener:
        listener.bind((HOST, port))
        listener.listen()
        assert not port_is_free(port)


def test_waiting_ends_with_the_first_true_answer_or_names_what_it_waited_for() -> None:
    answers = iter([0, "", 3])
    assert wait_until(lambda: next(answers), timeout_s=5, what="an answer", interval_s=0) == 3
    with pytest.raises(TimeoutError, match="an answer was not so within 0 s"):
        wait_until(lambda: None, timeout_s=0, what="an answer", interval_s=0)


def test_the_tail_leaves_out_what_was_there_before(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("old\n")
    since = log.stat().st_size
    with log.open("a") as file:
        file.write("one\ntwo\nthree\n")
    assert tail(log, since) == "one\ntwo\nthree"
    assert tail(log, since, lines=1) == "three"
