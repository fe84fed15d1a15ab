"""The shell that holds a tool in a container: it ends as the tool does, and ends it when nobody holds stdin."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress

import psutil
import pytest

from bot.runtime.tool_leash import leashed
from tests.support import eventually

SHELLS = [shell for shell in ("dash", "bash", "busybox") if shutil.which(shell)]


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@contextmanager
def held(shell: str, *tool: str, before: Callable[[], None] | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """The tool, held by us as long as stdin is open; `before` is called in the new process."""
    argv = leashed(tool, alone=False)
    argv[0:1] = [shell, "sh"] if shell == "busybox" else [shell]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(argv, preexec_fn=before, **pipes) as process:  # type: ignore[call-overload] # one of its many by keywords
        try:
            yield process
        finally:
            process.kill()


def tools_of(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    return [child for child in psutil.Process(process.pid).children() if child.name() == "sleep"]


def ended(process: subprocess.Popen[bytes]) -> tuple[int, bytes, bytes]:
    """Exit code, and all that was said, without an end of stdin."""
    assert process.stdout is not None
    assert process.stderr is not None
    return process.wait(10), process.stdout.read(), process.stderr.read()


@pytest.mark.parametrize("script", ["exit 7", "exit 255", "kill -s KILL $$"])
def test_it_says_what_the_tool_says_and_ends_as_the_tool_ends(shell: str, script: str) -> None:
    with held(shell, "sh", "-c", f"echo out; echo err >&2; {script}") as process:
        code, said, complained = ended(process)
    assert code == {"exit 7": 7, "exit 255": 255}.get(script, 128 + signal.SIGKILL)
    assert (said, complained) == (b"out\n", b"err\n")


def test_the_shell_itself_adds_nothing_when_the_tool_dies_before_it_comes_to_wait_for_it(shell: str) -> None:
    with ExitStack() as running:
        tools = [running.enter_context(held(shell, "sh", "-c", "kill -s KILL $$")) for _ in range(32)]
        assert {ended(tool) for tool in tools} == {(128 + signal.SIGKILL, b"", b"")}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may become an account that has no process yet")
@pytest.mark.parametrize("shell", [shell for shell in SHELLS if shell != "bash"])  # which tries again for 15 s
def test_that_no_process_may_be_started_is_said(shell: str) -> None:
    account = 1_000_000 + os.getpid()

    def limited() -> None:
        os.setgroups([])
        os.setgid(account)
        os.setuid(account)
        resource.setrlimit(resource.RLIMIT_NPROC, (1, 1))

    with held(shell, "sleep", "60", before=limited) as process:
        code, said, complained = ended(process)
    assert code != 0
    assert (said, complained) == (b"", b"sh: cannot fork\n")


def test_what_the_tool_is_told_is_no_part_of_the_script(shell: str) -> None:
    with held(shell, "printf", "%s|", "two words", "$(id)", "", "'; exit 9; '", "*") as process:
        assert ended(process) == (0, b"two words|$(id)||'; exit 9; '|*|", b"")


def test_a_tool_that_is_not_there_is_told_as_by_a_shell(shell: str) -> None:
    with held(shell, "nonesuch") as process:
        code, _, complained = ended(process)
    assert (code, b"not found" in complained) == (127, True)


def test_the_tool_ends_when_nobody_holds_it_any_more(shell: str) -> None:
    with held(shell, "sleep", "60") as process:
        [tool] = eventually(lambda: tools_of(process))
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(10) == 128 + signal.SIGHUP
        assert not tool.is_running()


def test_a_signal_to_all_of_them_ends_the_tool_first(shell: str) -> None:
    with held(shell, "sleep", "60") as process:
        [tool] = eventually(lambda: tools_of(process))
        all_of_them = psutil.Process(process.pid).children(recursive=True)
        for each in (*all_of_them, psutil.Process(process.pid)):
            with suppress(psutil.NoSuchProcess):  # those before it have ended it
                each.send_signal(signal.SIGTERM)
        assert process.wait(10) == 128 + signal.SIGTERM
        assert not any(each.is_running() for each in (tool, *all_of_them))
