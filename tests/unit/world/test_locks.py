"""A lock tells which process runs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.locks import HeldError, hold, holder
from tests.support import eventually

REPOSITORY = Path(__file__).parents[3]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "lock"


def in_another_process(program: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_a_lock_has_a_holder_while_it_is_held(path: Path) -> None:
    assert holder(path) is None
    with hold(path):
        assert holder(path) == os.getpid()
    assert holder(path) is None


def test_a_held_lock_is_refused(path: Path) -> None:
    with hold(path), pytest.raises(HeldError):
        hold(path, patience_s=0)
    hold(path).close()


def test_a_killed_process_holds_nothing(path: Path) -> None:
    program = f"""
import sys
from pathlib import Path
from sandbox.locks import hold
with hold(Path({str(path)!r})):
    print("held", flush=True)
    sys.stdin.read()
"""
    with in_another_process(program) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        assert holder(path) == other.pid
        other.kill()
        other.wait()
    assert holder(path) is None


def test_a_process_ends_with_the_holder_of_its_lifeline(path: Path) -> None:
    program = f"""
import sys
from pathlib import Path
from sandbox.locks import end_with_owner
end_with_owner(Path({str(path)!r}))
print("watching", flush=True)
sys.stdin.read()
"""
    held = hold(path)
    with held, in_another_process(program) as other:
        assert other.stdout is not None
        other.stdout.readline()
        assert other.poll() is None
        held.close()
        assert eventually(lambda: other.poll()) == -15
