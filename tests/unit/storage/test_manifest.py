"""One text for one manifest, and nothing else is read as one."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from bot.errors import DamagedBackup
from bot.models import StoredObject
from bot.storage.manifest import from_json, to_json
from tests.unit.storage.samples import manifest_of

MANIFEST = manifest_of(StoredObject("database.toc.dat.zst", 12, "ab" * 32, "dump", 40))


def test_a_manifest_comes_back_the_same() -> None:
    assert from_json(to_json(MANIFEST)) == MANIFEST
    assert to_json(from_json(to_json(MANIFEST))) == to_json(MANIFEST)


def test_the_text_is_canonical() -> None:
    text = to_json(MANIFEST).decode()
    assert text.endswith("}\n")
    assert "2026-11-22T10:15:00.000250Z" in text
    assert list(json.loads(text)) == sorted(json.loads(text))
    elsewhere = MANIFEST.started_at.astimezone(timezone(timedelta(hours=5, minutes=45)))
    assert to_json(replace(MANIFEST, started_at=elsewhere)) == to_json(MANIFEST)


def changed(**changes: Any) -> bytes:
    value = json.loads(to_json(MANIFEST))
    value.update(changes)
    return json.dumps({key: each for key, each in value.items() if each != "left out"}).encode()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[]", "not a JSON object"),
        (to_json(MANIFEST)[:-200], "not JSON"),
        (changed(format=2), "format 2; this Baseliner reads up to 1"),
        (changed(revision="left out"), "revision: Field required"),
        (changed(database_bytes="8000000"), "database_bytes: Input should be a valid integer"),
        (changed(kind="weekly"), "kind: "),
        (changed(objects=[{"name": "x"}]), r"objects\.0\.size: Field required"),
        (changed(surplus=1), "keys that are not a manifest's"),
        (changed(started_at=datetime(2026, 1, 1).isoformat()), "without its zone"),  # noqa: DTZ001 - that is the point
    ],
)
def test_anything_else_is_damage_with_its_place(data: bytes, said: str) -> None:
    with pytest.raises(DamagedBackup, match=said):
        from_json(data)


def test_a_manifest_of_before_images_were_recorded_is_read() -> None:
    assert from_json(changed(images="left out")) == MANIFEST
    recorded = replace(MANIFEST, images={"api": "inventory-api:1.4@sha256:ab"})
    assert from_json(to_json(recorded)) == recorded
