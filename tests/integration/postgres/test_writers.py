"""A file is closed when nobody has it open for writing, and who opens it just then does no harm."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from bot.postgres.writers import is_closed

_CONTEST = """
import sys, threading
from pathlib import Path
from bot.postgres.writers import is_closed

path, ended = Path(sys.argv[1]), threading.Event()

def open_again_and_again():
    while not ended.is_set():
        path.open("r+b").close()

writer = threading.Thread(target=open_again_and_again)
writer.start()
print(sum(is_closed(path) for _ in range(20_000)))
ended.set()
writer.join()
"""


def test_a_file_is_closed_when_no_writer_is_left(tmp_path: Path) -> None:
    path = tmp_path / "1.dat"
    with path.open("wb", buffering=0) as writer:
        assert not is_closed(path)
        writer.write(b"rows")
        assert not is_closed(path)
    assert is_closed(path)


def test_an_empty_file_is_not_yet_written(tmp_path: Path) -> None:
    path = tmp_path / "1.dat"
    path.touch()
    assert not is_closed(path)


def test_a_writer_that_comes_in_the_middle_does_not_end_this_process(tmp_path: Path) -> None:
    path = tmp_path / "1.dat"
    path.write_bytes(b"rows")
    argv = [sys.executable, "-c", _CONTEST, str(path)]
    finished = subprocess.run(argv, capture_output=True, text=True, timeout=120, check=False)
    assert finished.returncode == 0, finished
    assert int(finished.stdout) > 0
