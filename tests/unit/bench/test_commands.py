"""Other people's tools are judged by their exit codes."""

import os
import sys
from pathlib import Path

import pytest

from bench.commands import piped, run, run_together
from bench.contenders import fair_shares
from bench.errors import BenchError
from bench.machine import describe, peak_memory_mb

REPOSITORY = Path(__file__).parents[3]
SAY = [sys.executable, "-c", "print('x' * 300_000)"]
COUNT = [sys.executable, "-c", "import sys; print(len(sys.stdin.read()))"]
FAIL = [sys.executable, "-c", "import sys; sys.stderr.write('no room'); sys.exit(3)"]


def test_a_pipe_through_two_programs() -> None:
    with piped([SAY, COUNT], os.environ) as end:
        assert end.read().strip() == b"300001"


@pytest.mark.parametrize("commands", [[FAIL, COUNT], [SAY, FAIL]])
def test_a_pipe_fails_with_any_of_its_programs(commands: list[list[str]]) -> None:
    with pytest.raises(BenchError, match="ended with"), piped(commands, os.environ) as end:
        end.read()


def test_an_error_ends_the_programs() -> None:
    endless = [sys.executable, "-c", "import itertools\nfor n in itertools.count(): print(n)"]

    def break_off() -> None:
        with piped([endless], os.environ) as end:
            assert end.readline() == b"0\n"
            raise LookupError

    with pytest.raises(LookupError):
        break_off()


def test_a_failed_tool_is_told_with_its_words() -> None:
    with pytest.raises(BenchError, match="ended with 3: no room"):
        run(FAIL, os.environ)
    with pytest.raises(BenchError, match="ended with 3"):
        run_together([SAY, FAIL], os.environ)


def test_a_tool_reads_its_file(tmp_path: Path) -> None:
    (tmp_path / "in").write_text("good")
    check = [sys.executable, "-c", "import sys; sys.exit(sys.stdin.read() != 'good')"]
    run(check, os.environ, stdin=tmp_path / "in")


def test_shares_are_as_even_as_the_pieces_allow() -> None:
    sizes = [("a", 1), ("b", 90), ("c", 50), ("d", 45)]
    assert fair_shares(sizes, 2) == [["b", "a"], ["c", "d"]]
    assert fair_shares([("a", 1)], 2) == [["a"]]
    assert fair_shares([], 2) == []


def test_memory_is_the_program_s_own() -> None:
    if not sys.platform.startswith("linux"):
        pytest.skip("only Linux tells the memory of a program apart from its parent's")
    ballast = bytearray(os.urandom(1 << 20)) * 300
    program = "from bench.machine import peak_memory_mb; x = bytearray(b'x') * 60_000_000; print(peak_memory_mb())"
    with piped([[sys.executable, "-c", program]], {**os.environ, "PYTHONPATH": str(REPOSITORY)}) as end:
        peak = float(end.read())
    assert 60 < peak < 200
    own = peak_memory_mb()
    assert own is not None
    assert own > len(ballast) / 1e6


def test_the_machine_is_described() -> None:
    about = describe()
    assert about["cores"] == os.cpu_count()
    assert about["memory_gb"] > 0
    assert about["processor"]
