"""Encrypted backups through backup, restore and their plans: without its key a restore stops nothing."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pyrage import x25519

from bot.models import Operation, OperationState
from tests.house import TARGET, Rig

SEEDS = itertools.count(7)
KEY, OTHER = (x25519.Identity.generate() for _ in range(2))


@contextmanager
def encrypted(rig: Rig, environment: dict[str, str] | None = None, **identity: Any) -> Iterator[Rig]:
    setup = rig.setup.changed(encryption={"recipients": [str(KEY.to_public())], **identity})
    setup = replace(setup, environment={**setup.environment, **(environment or {})})
    with rig.rebuilt(setup, seed=next(SEEDS)) as other:
        yield other


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = tmp_path / "age.key"
    path.write_text(f"# created: 2026-11-22\n# public key: {KEY.to_public()}\n{KEY}\n")
    return path


def stored(rig: Rig) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (rig.directory / "backups").rglob("*") if path.is_file()}


def refusal(planned: Operation) -> str:
    assert planned.state is OperationState.FAILED
    assert planned.failure is not None
    assert planned.failure.left_as_it_was == "Nothing was asked of anybody and nothing was touched."
    return planned.failure.message


def test_a_backup_needs_no_private_key_and_a_restore_does(rig: Rig, key_file: Path) -> None:
    before = rig.digest()
    with encrypted(rig) as sealed:
        ended = sealed.backup()
        assert "no private key is configured" in refusal(sealed.planned_restore())
    objects = stored(rig)
    assert "globals.sql.zst.age" in objects
    for name, data in objects.items():
        assert name == "manifest.json" or data.startswith(b"age-encryption.org/v1"), name
    backup = rig.services.backups.get(TARGET, ended.result["backup_id"])
    assert backup.manifest.recipients == (str(KEY.to_public()),)
    rig.execute("DELETE FROM runs")
    with encrypted(rig, identity_file=str(key_file)) as keyed:
        restored = keyed.run(keyed.approved_restore(backup.id))
    assert restored.failure is None, restored.failure
    assert rig.digest() == before


def test_a_wrong_key_is_told_before_anybody_is_asked(rig: Rig, key_file: Path) -> None:
    with encrypted(rig) as sealed:
        sealed.backup()
    with encrypted(rig, {"AGE_KEY": str(OTHER)}, identity_env="AGE_KEY") as wrong:
        assert "None of the configured private keys opens globals.sql.zst.age" in refusal(wrong.planned_restore())
    with encrypted(rig, identity_env="AGE_KEY") as unset:
        assert "The environment variable AGE_KEY" in refusal(unset.planned_restore())
    with encrypted(rig, identity_file=str(key_file) + ".gone") as gone:
        assert "cannot be read: [Errno 2]" in refusal(gone.planned_restore())
    key_file.write_text("AGE-SECRET-KEY-1NONSENSE")
    with encrypted(rig, identity_file=str(key_file)) as broken:
        said = refusal(broken.planned_restore())
    assert "is not a private key of age" in said
    assert "NONSENSE" not in said


def test_a_key_that_is_gone_when_the_job_starts_stops_nothing(rig: Rig, key_file: Path) -> None:
    with encrypted(rig, identity_file=str(key_file)) as keyed:
        keyed.backup()
        approved = keyed.approved_restore()
        key_file.unlink()
        ended = keyed.run(approved)
    assert ended.failure is not None
    assert "cannot be read" in ended.failure.message
    assert "no service was touched" in ended.failure.left_as_it_was


def test_backups_from_before_the_encryption_are_restored_without_a_key(rig: Rig) -> None:
    rig.backup()
    before = rig.digest()
    with encrypted(rig, identity_file="/nowhere/age.key") as sealed:
        ended = sealed.run(sealed.approved_restore())
    assert ended.failure is None, ended.failure
    assert rig.digest() == before
