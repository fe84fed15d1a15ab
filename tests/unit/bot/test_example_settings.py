"""The example of the settings: it loads, and it explains every setting there is."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import pytest
from pydantic import BaseModel

from bot.settings import Environment, Settings, SlackCredentials, load_settings

EXAMPLE = Path(__file__).parents[3] / "baseliner.example.toml"


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BASELINER_STATE_DSN", raising=False)


def keys_of(document: Mapping[str, Any]) -> Iterator[str]:
    """Dotted keys of a settings file, with `*` for the names that people choose."""
    for key, value in document.items():
        yield key
        items = value if isinstance(value, list) else [value]
        for item in items:
            if isinstance(item, dict):
                yield from (f"{key}.{rest}" for rest in keys_of(item))


def fields_of(kind: Any, prefix: str = "") -> Iterator[str]:
    """Dotted keys of everything that can be set."""
    origin = get_origin(kind)
    if origin in (Annotated,):
        yield from fields_of(get_args(kind)[0], prefix)
    elif origin is dict:
        yield from fields_of(get_args(kind)[1], f"{prefix}*.")
    elif origin in (Union, UnionType, tuple):
        for each in get_args(kind):
            yield from fields_of(each, prefix)
    elif isinstance(kind, type) and issubclass(kind, BaseModel) and kind is not SlackCredentials:
        for name, field in kind.model_fields.items():
            yield f"{prefix}{name}"
            yield from fields_of(field.annotation, f"{prefix}{name}.")


def starred(key: str) -> str:
    section, _, rest = key.partition(".")
    if section in ("storage", "targets") and rest:
        _, _, below = rest.partition(".")
        below = re.sub(r"^(restore_from)\.\w+", r"\1.*", below)
        return f"{section}.*.{below}" if below else f"{section}.*"
    return key


def test_every_key_of_the_example_loads() -> None:
    settings = load_settings(Environment(), EXAMPLE)
    assert list(settings.targets) == ["inventory", "staging"]
    assert {type(storage).__name__ for storage in settings.storage.values()} == {"S3Settings", "DirectorySettings"}
    assert settings.targets["inventory"].schedule == "0 2 * * *"


def test_the_example_has_every_setting_there_is() -> None:
    explained = {starred(key) for key in keys_of(tomllib.loads(EXAMPLE.read_text("utf-8")))}
    settable = set(fields_of(Settings)) - {"credentials"}
    assert settable - explained == set()
    assert "storage.*.bucket" in settable, "the walk reaches the leaves"
    named = {"storage.*", "targets.*", "targets.*.restore_from.*", "slack.shell_users.olive"}
    assert explained - settable == named
