"""Whether we run in a container, and in which, by what is mounted for us."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.runtime.tool_mounts import own_container

OURS, OTHER = "a" * 64, "b" * 64
HOST = f"90 22 0:45 / /var/lib/docker/containers/{OTHER}/mounts/shm rw - tmpfs shm rw\n"
"""What a host sees of each container that runs on it."""
SPOOL = f"91 22 8:1 /var/lib/docker/containers/{OTHER}/log /staging rw - ext4 /dev/sda1 rw\n"


def of(place: str) -> str:
    return f"92 22 8:1 /var/lib/docker/containers/{OURS}{place.removeprefix('/etc')} {place} rw - ext4 /dev/sda1 rw\n"


@pytest.mark.parametrize(
    ("mounts", "expected"),
    [
        (HOST, None),
        (SPOOL, None),
        (HOST + SPOOL + of("/etc/hostname"), OURS),
        (of("/etc/hosts"), OURS),
        (of("/etc/resolv.conf"), OURS),
        ("93 22 8:1 / /etc/hostname rw - ext4 /dev/sda1 rw\n", None),
        ("\n", None),
    ],
)
def test_only_the_mounts_of_our_own_files_tell_our_container(mounts: str, expected: str | None, tmp_path: Path) -> None:
    (tmp_path / "mountinfo").write_text(mounts)
    assert own_container(tmp_path / "mountinfo") == expected


def test_without_proc_there_is_none(tmp_path: Path) -> None:
    assert own_container(tmp_path / "mountinfo") is None
