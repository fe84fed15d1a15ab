"""Settings of storage and encryption: one name or several, what S3 can be asked for, keys that are public."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.bot.test_settings import GOOD, gaps, loaded

AGE_KEY = "age1ts3ffmhd5waxqxggy06dalnwyt8jn8z7ke27fxerjh0xhvk7ra0sxyj497"
PRIVATE_AGE_KEY = "AGE-SECRET-KEY-1NN990K3URCNQY2LH89AKS83JV5LAYGMSJU39XNHKS5FMUYWGYGZQJ22SL0"


def test_storage_is_one_name_or_several(tmp_path: Path) -> None:
    assert loaded(tmp_path, GOOD).targets["inventory"].storage == ("offsite",)
    second = '[storage.local]\ntype = "directory"\npath = "/srv"\n[targets.inventory]'
    two = GOOD.replace("[targets.inventory]", second).replace('storage = "offsite"', 'storage = ["offsite", "local"]')
    assert loaded(tmp_path, two).targets["inventory"].storage == ("offsite", "local")


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("[]", "Tuple should have at least 1 item after validation, not 0"),
        ('["offsite", "offsite"]', "names the same storage twice"),
        ('["offsite", "tape"]', "names 'tape', which [storage] does not define"),
    ],
)
def test_several_storages_are_defined_and_different(tmp_path: Path, value: str, problem: str) -> None:
    text = GOOD.replace('storage = "offsite"', f"storage = {value}")
    assert gaps(tmp_path, text) == {"targets.inventory.storage": problem}


@pytest.mark.parametrize(
    ("setting", "key", "problem"),
    [
        ('sse = "none"', "storage.offsite.sse", "Input should be 'AES256' or 'aws:kms'"),
        ('sse_kms_key_id = "x"', "storage.offsite", 'sse_kms_key_id is of use only with sse = "aws:kms"'),
        ("object_lock_days = 0", "storage.offsite.object_lock_days", "Input should be greater than or equal to 1"),
        ('object_lock_mode = "soft"', "storage.offsite.object_lock_mode", "'GOVERNANCE' or 'COMPLIANCE'"),
        ("max_parts = 10001", "storage.offsite.max_parts", "Input should be less than or equal to 10000"),
        ('storage_class = "DEEP_ARCHIVE"', "storage.offsite", "cannot be read without hours of thawing"),
        ('credentials = {access_key_env = "A"}', "storage.offsite.credentials.secret_key_env", "is missing"),
        (
            'prune_credentials = {access_key_env = "A B", secret_key_env = "C"}',
            "storage.offsite.prune_credentials.access_key_env",
            "String should match pattern",
        ),
    ],
)
def test_what_s3_cannot_be_asked_for_is_a_gap(tmp_path: Path, setting: str, key: str, problem: str) -> None:
    found = gaps(tmp_path, GOOD.replace('bucket = "backups"', f'bucket = "backups"\n{setting}'))
    assert list(found) == [key]
    assert problem in found[key]


def test_a_recipient_is_a_public_key(tmp_path: Path) -> None:
    section = "[targets.inventory.encryption]\nrecipients = "
    settings = loaded(tmp_path, f'{GOOD}{section}["{AGE_KEY}"]').targets["inventory"]
    assert settings.encryption is not None
    assert settings.encryption.recipients == (AGE_KEY,)
    for wrong, problem in ((AGE_KEY[:-1], "is not a public key"), ("ssh-ed25519 AAAA", "is not a public key")):
        found = gaps(tmp_path, f'{GOOD}{section}["{wrong}"]')
        assert problem in found["targets.inventory.encryption.recipients.0"]
    found = gaps(tmp_path, f'{GOOD}{section}["{PRIVATE_AGE_KEY}"]')
    assert "is a private key" in found["targets.inventory.encryption.recipients.0"]
    assert PRIVATE_AGE_KEY not in str(found)


@pytest.mark.parametrize(
    ("area", "shared"),
    [("/backups", True), ("/backups/inventory", True), ("/", True), ("/backups-staging", False), ("/var/tmp/b", False)],
)
def test_a_staging_area_and_a_storage_share_no_folder(tmp_path: Path, area: str, shared: bool) -> None:
    text = f'{GOOD}\n[storage.nas]\ntype = "directory"\npath = "/backups"\n[staging]\npath = "{area}"\n'
    if shared:
        assert gaps(tmp_path, text) == {"staging.path": "shares a folder with the backups of [storage.nas]"}
    else:
        assert loaded(tmp_path, text).staging.path == Path(area)
