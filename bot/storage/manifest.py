"""The manifest as JSON: one text for one manifest, so that its SHA-256 can stand for it."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from pydantic import TypeAdapter, ValidationError

from bot.errors import DamagedBackup
from bot.models import Manifest

FORMAT = 1
_ADAPTER = TypeAdapter(Manifest)
# What manifests did not have from the beginning.
_LEFT_OUT: dict[str, Any] = {"counters": None, "tools_mode": "network", "archive_format": "directory", "images": {}}
_REMEDY = "Choose another backup; keep this one for inquiry."


def to_json(manifest: Manifest) -> bytes:
    """Sorted keys, two spaces, UTC times, a final newline."""
    text = json.dumps(asdict(manifest), sort_keys=True, indent=2, ensure_ascii=False, allow_nan=False, default=_plain)
    return f"{text}\n".encode()


def from_json(data: bytes) -> Manifest:
    """Read it back. Raises DamagedBackup for anything that `to_json` would not have written."""
    value = _parsed(data)
    written_as = value.get("format")
    if isinstance(written_as, int) and written_as > FORMAT:
        raise DamagedBackup(
            f"The manifest has format {written_as}; this Baseliner reads up to {FORMAT}.", "Use a newer Baseliner."
        )
    try:
        manifest = _ADAPTER.validate_json(data, strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        key = ".".join(str(part) for part in first["loc"]) or "the whole"
        raise DamagedBackup(f"The manifest is damaged: {key}: {first['msg']}.", _REMEDY) from error
    for moment in (manifest.started_at, manifest.finished_at):
        if moment.tzinfo is None:
            raise DamagedBackup("The manifest is damaged: a time without its zone.", _REMEDY)
    if json.loads(to_json(manifest)) != _LEFT_OUT | value:
        raise DamagedBackup("The manifest is damaged: it has keys that are not a manifest's.", _REMEDY)
    return manifest


def from_value(value: object) -> Manifest:
    """From the catalog's own copy, which came through `to_json`: no more than its shape is checked."""
    return _ADAPTER.validate_python(value)


def _parsed(data: bytes) -> dict[str, Any]:
    try:
        value = json.loads(data)
    except ValueError as error:
        raise DamagedBackup(f"The manifest is damaged: it is not JSON ({error}).", _REMEDY) from error
    if not isinstance(value, dict):
        raise DamagedBackup("The manifest is damaged: it is not a JSON object.", _REMEDY)
    return value


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    raise TypeError(f"{type(value).__name__} has no place in a manifest")
