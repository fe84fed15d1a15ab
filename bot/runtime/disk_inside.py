"""Disk inside a container, by the `df` of its own image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.errors import EngineFailed, ServiceFailed, ToolFailed
from bot.runtime.service_command import run_in_service
from bot.runtime.stop import StopSignal
from bot.settings_docker import TargetDocker

_DEADLINE = 10.0


@dataclass(frozen=True)
class Filesystem:
    """Where a folder lies."""

    mounted_on: str
    free: int
    """bytes that its user may still write"""


def filesystems_inside(docker: TargetDocker, folders: Sequence[str], stop: StopSignal) -> tuple[Filesystem, ...] | None:
    """Of each folder in the database's container, None where nothing may run there or `df` does not tell.

    Raises Interrupted.
    """
    argv = ["df", "-Pk", "--", *folders]
    try:
        finished = run_in_service(docker, docker.service, argv, stop=stop, deadline=_DEADLINE)
    except (EngineFailed, ServiceFailed, ToolFailed):
        return None
    lines = finished.stdout.decode("utf-8", "replace").splitlines()[1:]
    if finished.code != 0 or len(lines) != len(folders):
        return None
    try:
        return tuple(_filesystem(line) for line in lines)
    except (ValueError, IndexError):
        return None


def _filesystem(line: str) -> Filesystem:
    columns = line.split(None, 5)
    return Filesystem(columns[5], int(columns[3]) * 1024)
