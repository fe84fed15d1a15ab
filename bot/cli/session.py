"""What the commands share: settings, the person at the shell, errors told and turned into exit codes."""

from __future__ import annotations

import getpass
import logging
import os
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, NoReturn

import psycopg
import typer
from rich.console import Console
from rich.text import Text

from bot.canonical import canonical_json
from bot.errors import BaselinerError, DatabaseUnreachable
from bot.models import Actor, Surface
from bot.settings import Environment, Settings, load_settings
from bot.store import schema
from bot.wiring import House, open_house

_PIPED_WIDTH = 200

ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", help="Settings file. Default: BASELINER_CONFIG, else baseliner.toml.", show_default=False),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]


def err() -> Console:
    """For progress and errors."""
    return Console(stderr=True, highlight=False, soft_wrap=True)


def out() -> Console:
    """For data."""
    return Console(highlight=False, width=None if sys.stdout.isatty() else _PIPED_WIDTH)


def asked(question: str) -> str:
    """What a person types, on one line; nothing when they press Ctrl-C or there is nobody. The question is no data."""
    err().print(question, end=" ", markup=False)
    try:
        return sys.stdin.readline().strip()
    except KeyboardInterrupt:
        return ""


def print_json(value: Any) -> None:
    sys.stdout.write(canonical_json(value) + "\n")


def settings_from(config: Path | None) -> Settings:
    return load_settings(Environment(), config)


def shell_actor() -> Actor:
    """The person at the shell, by login name."""
    try:
        login = getpass.getuser()
    except (KeyError, OSError):
        login = f"uid {os.getuid()}"
    return Actor(f"cli:{login}", login, Surface.CLI)


@contextmanager
def house_of(config: Path | None) -> Generator[House]:
    """Settings, the newest state schema, and everything wired."""
    settings = settings_from(config)
    schema.upgrade(settings.state.dsn.get_secret_value())
    with open_house(settings, os.environ) as house:
        yield house


@contextmanager
def told(*, as_json: bool = False) -> Generator[None]:
    """Errors are told, in words or as JSON, and become the exit code."""
    try:
        yield
    except BaselinerError as error:
        fail(error, as_json=as_json)
    except psycopg.Error as error:
        fail(DatabaseUnreachable(str(error).strip(), "Check that PostgreSQL runs there."), as_json=as_json)


def fail(error: BaselinerError, *, as_json: bool = False) -> NoReturn:
    if as_json:
        print_json({"error": {"kind": type(error).__name__, "message": str(error), "remedy": error.remedy}})
    console = err()
    console.print(Text.assemble((type(error).__name__, "red"), f": {error}"))
    if error.remedy:
        console.print(f"Next: {error.remedy}", markup=False)
    raise typer.Exit(error.exit_code)


def log_to_stderr(level: int) -> None:
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    for library in ("apscheduler", "procrastinate", "alembic", "httpx"):
        logging.getLogger(library).setLevel(max(level, logging.WARNING))
