"""A demo takes a folder only when it is its own, empties it, and leaves it only for its logs."""

from pathlib import Path

import pytest

from sandbox.demo.directory import MARKER, DirectoryError, claimed
from sandbox.locks import holder


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "demo"


def test_a_new_folder_is_held_and_gone_afterwards(place: Path) -> None:
    with claimed(place) as directory:
        assert holder(directory / MARKER) is not None
        (directory / "state").mkdir()
    assert not place.exists()


def fail_in(place: Path) -> None:
    with claimed(place) as directory:
        (directory / "logs").mkdir()
        (directory / "logs" / "bot.log").write_text("why")
        (directory / "link").symlink_to(place.parent)
        raise ValueError("a failure")


def test_a_failed_demo_leaves_its_logs_to_the_next_which_removes_them(place: Path) -> None:
    with pytest.raises(ValueError, match="a failure"):
        fail_in(place)
    assert (place / "logs" / "bot.log").read_text() == "why"
    with claimed(place) as directory:
        assert [path.name for path in directory.iterdir()] == [MARKER]
    assert place.parent.exists()


def test_an_interrupted_demo_leaves_nothing(place: Path) -> None:
    with pytest.raises(KeyboardInterrupt), claimed(place):
        raise KeyboardInterrupt
    assert not place.exists()


def test_a_folder_with_something_else_is_left_alone(place: Path) -> None:
    place.mkdir()
    (place / "thesis.tex").write_text("years of work")
    with pytest.raises(DirectoryError, match="something else"), claimed(place):
        pass
    assert (place / "thesis.tex").read_text() == "years of work"


def test_a_file_or_a_link_is_no_folder(place: Path) -> None:
    place.symlink_to(place.parent)
    with pytest.raises(DirectoryError, match="not a folder of ours"), claimed(place):
        pass
    place.unlink()
    place.write_text("")
    with pytest.raises(DirectoryError, match="not a folder of ours"), claimed(place):
        pass


def test_a_live_demos_folder_is_refused(place: Path) -> None:
    with claimed(place) as directory:
        (directory / "precious").touch()
        with pytest.raises(DirectoryError, match="another demo runs"), claimed(place):
            pass
        assert (directory / "precious").exists()
