"""PostgreSQL's programs are found by major version."""

from pathlib import Path

import pytest

from sandbox.installation import MissingPostgresError, can_enter, find_bin_dir, read_major


@pytest.mark.parametrize("major", [16, 18])
def test_the_wheel_has_two_majors(major: int) -> None:
    bin_dir = find_bin_dir(major)
    assert read_major(bin_dir) == major
    assert (bin_dir / "pg_dump").exists()


def test_a_major_that_is_not_there_is_named_with_the_places_looked_at() -> None:
    with pytest.raises(MissingPostgresError, match=r"no PostgreSQL 99 \(looked in /usr/lib/postgresql/99/bin\)"):
        find_bin_dir(99)


def test_a_folder_that_is_not_there_cannot_be_entered(tmp_path: Path) -> None:
    assert can_enter(tmp_path, None)
    assert not can_enter(tmp_path / "none", None)
