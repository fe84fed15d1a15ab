"""Making a client of S3 is cheap from the second time on."""

from __future__ import annotations

import pytest
from botocore.loaders import JSONFileLoader

from bot.settings_storage import DirectorySettings, S3Credentials, S3Settings
from bot.storage import warm_up
from bot.storage.s3_client import _descriptions, connect

SETTINGS = S3Settings.model_validate(
    {"type": "s3", "bucket": "backups", "endpoint": "http://127.0.0.1:9", "region": "us-east-1"}
)
KEYS = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}


def make_client() -> None:
    connect(SETTINGS, KEYS, None, 1.0).close()


def test_what_botocore_knows_of_s3_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    make_client()

    def read_again(_loader: JSONFileLoader, path: str) -> None:
        pytest.fail(f"read again: {path}")

    monkeypatch.setattr(JSONFileLoader, "load_file", read_again)
    make_client()


def test_a_worker_that_was_warmed_up_reads_nothing_when_an_operation_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    _descriptions.cache_clear()
    warm_up([DirectorySettings.model_validate({"type": "directory", "path": "/srv/backups"}), SETTINGS], KEYS)
    monkeypatch.setattr(JSONFileLoader, "load_file", lambda _loader, path: pytest.fail(f"read then: {path}"))
    make_client()


def test_credentials_that_are_not_there_keep_no_worker_from_starting() -> None:
    named = SETTINGS.model_copy(update={"credentials": S3Credentials(access_key_env="NOWHERE", secret_key_env="NONE")})
    warm_up([named], {})


def test_no_session_adds_to_where_all_look() -> None:
    before = _descriptions().search_paths
    make_client()
    assert _descriptions().search_paths == before
