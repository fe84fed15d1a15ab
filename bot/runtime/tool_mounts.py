"""Where a folder of this host lies for the Docker Engine's host, if it lies there at all."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from bot.errors import EngineFailed
from bot.runtime.docker_engine import Engine

_OURS = re.compile(r"/containers/([0-9a-f]{64})/")
_OF_A_CONTAINER = ("/etc/hostname", "/etc/hosts", "/etc/resolv.conf")
"""Docker mounts these from a folder with the container's id; on a host other mounts may name other containers."""
_MOUNTS = Path("/proc/self/mountinfo")
_HERE = re.compile(r"unix://|tcp://(localhost|127\.[0-9.]+|\[::1\]):")


class NotShared(Exception):
    """The Engine's containers cannot have it; the message ends a sentence that says so."""


def shared_folder(engine: Engine, folder: Path, mounts: Path = _MOUNTS) -> Path:
    """What the Engine mounts when it should mount our `folder`. Raises NotShared.

    In a container ourselves, we see our folder through a mount of that container, which the Engine tells of.
    """
    ours = own_container(mounts)
    if ours is not None:
        return _behind(engine, ours, folder)
    if not _HERE.match(engine.host):
        raise NotShared("the Engine is on another host, so it cannot mount the staging area")
    return folder


def on_this_host(engine: Engine, mounts: Path = _MOUNTS) -> bool:
    """Whether what the Engine's containers say comes here by no network."""
    if _HERE.match(engine.host):
        return True
    ours = own_container(mounts)
    try:
        return ours is not None and bool(engine.inspect(ours))
    except EngineFailed:
        return False


def own_network(mounts: Path = _MOUNTS) -> str:
    """Docker's network mode for containers that reach what we reach, where the Engine runs on this host."""
    ours = own_container(mounts)
    return "host" if ours is None else f"container:{ours}"


def own_container(mounts: Path = _MOUNTS) -> str | None:
    """The id of the container that we run in; None outside."""
    try:
        lines = mounts.read_text().splitlines()
    except OSError:
        return None
    # Of a line: two ids, the device, the root of the mount in its file system, and where it is mounted.
    roots = [fields[3] for fields in map(str.split, lines) if len(fields) > 4 and fields[4] in _OF_A_CONTAINER]
    found = next(filter(None, map(_OURS.search, roots)), None)
    return found[1] if found else None


def _behind(engine: Engine, ours: str, folder: Path) -> Path:
    try:
        told = engine.inspect(ours)
    except EngineFailed as error:
        raise NotShared("Baseliner's own container is not known to this Engine") from error
    for place, source in _mounted(told):
        if folder.is_relative_to(place):
            return source / folder.relative_to(place)
    raise NotShared(f"the staging area {folder} lies in Baseliner's own container; give it a volume")


def _mounted(container: Mapping[str, Any]) -> Iterator[tuple[PurePosixPath, Path]]:
    """What may be written to, the deepest first."""
    mounts = [item for item in container.get("Mounts") or [] if item.get("RW") and item.get("Source")]
    for item in sorted(mounts, key=lambda item: -len(item["Destination"])):
        yield PurePosixPath(item["Destination"]), Path(item["Source"])
