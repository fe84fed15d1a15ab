"""What docs/install.md and docs/operations.md tell people to type exists, with these options."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml

from bot.cli.app import app

ROOT = Path(__file__).parents[3]
PAGES = ("install.md", "operations.md", "restores.md")
COMMANDS = {
    f"{page}: {line}": line
    for page in PAGES
    for line in re.findall(
        r"(?:^|`)(baseliner [a-z][^`\n…]*?)(?:`|$| \|\| )", (ROOT / "docs" / page).read_text("utf-8"), re.M
    )
}


def parsed(command: Any, words: list[str]) -> None:
    """Raises click's errors for what does not exist."""
    if hasattr(command, "resolve_command") and words:
        _, found, rest = command.resolve_command(command.context_class(command), words)
        assert found is not None
        return parsed(found, rest)
    command.make_context("baseliner", list(words))
    return None


@pytest.mark.parametrize("line", COMMANDS.values(), ids=COMMANDS.keys())
def test_a_command_of_the_pages_can_be_typed(line: str) -> None:
    parsed(typer.main.get_command(app), shlex.split(line)[1:])


def test_every_word_in_slack_exists() -> None:
    manifest = yaml.safe_load((ROOT / "manifest.yaml").read_text("utf-8"))
    words = set(manifest["features"]["slash_commands"][0]["usage_hint"].split(" | "))
    told = {
        word
        for page in PAGES
        for word in re.findall(r"`/baseliner ([a-z]+)", (ROOT / "docs" / page).read_text("utf-8"))
    }
    assert told <= words
    assert {"backup", "restore", "undo", "doctor", "preflight"} <= told
