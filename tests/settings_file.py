"""Settings as the file that the commands read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.house import Rig, Setup


def settings_file(rig: Rig, setup: Setup | None = None, name: str = "baseliner.toml") -> Path:
    """Write the rig's settings, or others, into its directory."""
    path = rig.directory / name
    path.write_text(toml((setup or rig.setup).document))
    return path


def toml(document: Mapping[str, Any]) -> str:
    """Settings as the file has them."""
    return "".join(f"{key} = {_toml(value)}\n" for key, value in document.items())


def _toml(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key} = {_toml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(value)
