"""What the pages below docs/ tell people to type exists, with these options."""

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
PAGES = {page.name: page.read_text("utf-8") for page in sorted((ROOT / "docs").glob("*.md"))}
TYPED = re.compile(r"(?:^|`)(?:docker compose exec worker )?(baseliner [a-z][^`\n…]*?)(?:`|$| \|\| )", re.MULTILINE)
COMMANDS = {f"{name}: {line}": line for name, page in PAGES.items() for line in TYPED.findall(page)}
OTHERS = {"createdb --owner baseliner baseliner_state": "PostgreSQL's own, and so is --owner in every major"}
"""Commands of docs/operations.md that are not Baseliner's, and why they are right."""


def parsed(command: Any, words: list[str]) -> None:
    """Raises click's errors for what does not exist."""
    if hasattr(command, "resolve_command") and words:
        _, found, rest = command.resolve_command(command.context_class(command), words)
        assert found is not None
        return parsed(found, rest)
    command.make_context("baseliner", list(words))
    return None


@pytest.fixture(scope="module")
def command() -> Any:
    return typer.main.get_command(app)


@pytest.mark.parametrize("line", COMMANDS.values(), ids=COMMANDS.keys())
def test_a_command_of_the_pages_can_be_typed(command: Any, line: str) -> None:
    parsed(command, shlex.split(line)[1:])


def test_no_other_command_of_the_page_for_bad_days_went_unseen() -> None:
    typed = [
        line
        for block in re.findall(r"```console\n(.*?)```", PAGES["operations.md"], re.S)
        for line in block.splitlines()
    ]
    assert {line for line in typed if not line.startswith("baseliner ")} == OTHERS.keys()
    assert {line for line in typed if line.startswith("baseliner ")} <= set(COMMANDS.values())


def test_every_word_in_slack_exists() -> None:
    manifest = yaml.safe_load((ROOT / "manifest.yaml").read_text("utf-8"))
    words = set(manifest["features"]["slash_commands"][0]["usage_hint"].split(" | "))
    told = {word for page in PAGES.values() for word in re.findall(r"`/baseliner ([a-z]+)", page)}
    assert told <= words
    assert {"backup", "restore", "undo", "doctor", "preflight"} <= told
