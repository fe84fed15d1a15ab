"""Services of an application that are no more than files: started, stopped and asked for by argv, and written down."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

_SCRIPT = """\
cd "$1" || exit 9
if [ -e "$2.$3.fails" ]; then echo "cannot $3 $2" >&2; exit 1; fi
if [ -e "$2.$3.slow" ]; then : > "$2.$3.begun"; sleep 1; fi
case $3 in
  start) echo "start $2" >> log; : > "$2.runs" ;;
  stop) echo "stop $2" >> log; rm -f "$2.runs" ;;
  status) [ -e "$2.runs" ] || exit 3 ;;
esac
"""


class ShellServices:
    """They all run at first."""

    def __init__(self, directory: Path, names: Sequence[str]) -> None:
        directory.mkdir()
        self._directory = directory
        self._script = directory / "service.sh"
        self._script.write_text(_SCRIPT)
        self._names = tuple(names)
        for name in names:
            (directory / f"{name}.runs").touch()

    @property
    def settings(self) -> list[dict[str, Any]]:
        """As a settings file has them."""
        return [
            {"name": name, **{act: self._argv(name, act) for act in ("stop", "start", "status")}}
            for name in self._names
        ]

    @property
    def running(self) -> set[str]:
        return {name for name in self._names if (self._directory / f"{name}.runs").exists()}

    @property
    def log(self) -> list[str]:
        """Every start and stop, in order."""
        path = self._directory / "log"
        return path.read_text().splitlines() if path.exists() else []

    def halt(self, name: str) -> None:
        """Stopped by somebody else."""
        (self._directory / f"{name}.runs").unlink()

    def run_again(self, name: str) -> None:
        """Started by somebody else."""
        (self._directory / f"{name}.runs").touch()

    def break_act(self, name: str, act: str) -> None:
        """From now on this act of this service fails."""
        (self._directory / f"{name}.{act}.fails").touch()

    def slow_down(self, name: str, act: str) -> None:
        """From now on this act of this service takes a second."""
        (self._directory / f"{name}.{act}.slow").touch()

    def begun(self, name: str, act: str) -> bool:
        """Whether a slow act was begun."""
        return (self._directory / f"{name}.{act}.begun").exists()

    def mend(self, name: str, act: str) -> None:
        (self._directory / f"{name}.{act}.fails").unlink()

    def _argv(self, name: str, act: str) -> list[str]:
        return ["/bin/sh", str(self._script), str(self._directory), name, act]
