"""`baseliner` at a shell: its exit code, and what it said on which stream."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from bot.cli.app import app
from tests.house import Rig, Setup
from tests.settings_file import settings_file

DONE, FAILED, USAGE, REFUSED = 0, 1, 2, 3
_PATIENCE = 120
_OURS = ("BASELINER_", "SLACK_", "PG")


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
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
    return {**kept, **rig.setup.environment, "COLUMNS": "200"}


def argv(config: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "bot", *arguments, "--config", str(config)]


def baseliner(rig: Rig, *arguments: str, setup: Setup | None = None, typed: str = "") -> Answer:
    """Run a command on the rig's settings, or on others; `typed` is its standard input.

    In this process: one of its own spends a second or two on imports alone, see `run`.
    """
    without: dict[str, str | None] = {name: None for name in os.environ if name.startswith(_OURS)}
    ended = CliRunner().invoke(
        app,
        [*arguments, "--config", str(settings_file(rig, setup))],
        input=typed,
        env=without | environment(rig),
        catch_exceptions=False,
    )
    return Answer(ended.exit_code, ended.stdout, ended.stderr)


def run(rig: Rig, command: list[str], typed: str = "") -> Answer:
    """The same in a process of its own."""
    ended = subprocess.run(
        command, input=typed, capture_output=True, text=True, env=environment(rig), timeout=_PATIENCE, check=False
    )
    return Answer(ended.returncode, ended.stdout, ended.stderr)
