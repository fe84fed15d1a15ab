"""`baseliner` at a shell: a process of its own, its exit code, and what it said on which stream."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.house import Rig, Setup
from tests.settings_file import settings_file

DONE, FAILED, USAGE, REFUSED = 0, 1, 2, 3
_PATIENCE = 120


@dataclass(frozen=True)
class Answer:
    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """What stdout says: exactly one JSON document, on one line."""
        (line,) = self.out.splitlines()
        return json.loads(line)

    @property
    def error(self) -> dict[str, str]:
        """The document of a failure."""
        ((name, error),) = self.document.items()
        assert name == "error"
        return dict(error)


def environment(rig: Rig) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("BASELINER_", "SLACK_", "PG"))}
    return {**kept, **rig.setup.environment, "COLUMNS": "200"}


def argv(config: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "bot", *arguments, "--config", str(config)]


def baseliner(rig: Rig, *arguments: str, setup: Setup | None = None, typed: str = "") -> Answer:
    """Run a command on the rig's settings, or on others; `typed` is its standard input."""
    return run(rig, argv(settings_file(rig, setup), *arguments), typed)


def run(rig: Rig, command: list[str], typed: str = "") -> Answer:
    ended = subprocess.run(
        command, input=typed, capture_output=True, text=True, env=environment(rig), timeout=_PATIENCE, check=False
    )
    return Answer(ended.returncode, ended.stdout, ended.stderr)
