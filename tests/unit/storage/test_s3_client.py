"""Making a client of S3 is cheap from the second time on."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore.loaders import JSONFileLoader

from bot.errors import StorageFailed
from bot.settings_storage import DirectorySettings, S3Settings
from bot.storage import warm_up
from bot.storage.s3_client import _descriptions, connect

SETTINGS = S3Settings.model_validate(
    {"type": "s3", "bucket": "backups", "endpoint": "http://127.0.0.1:9", "region": "us-east-1"}
)
KEYS = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nothing read before, and nothing of ours in the environment."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    _descriptions.cache_clear()
    yield
    _descriptions.cache_clear()


def make_client() -> None:
    connect(SETTINGS, KEYS, None, 1.0).close()


def read_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(JSONFileLoader, "load_file", lambda _loader, path: pytest.fail(f"read again: {path}"))


def test_what_botocore_knows_of_s3_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    make_client()
    read_no_more(monkeypatch)
    make_client()


def test_a_worker_that_was_warmed_up_reads_nothing_when_an_operation_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    unusable = SETTINGS.model_copy(update={"endpoint": "http://my_minio:9000", "region": "nowhere at all"})
    warm_up([DirectorySettings.model_validate({"type": "directory", "path": "/srv/backups"}), unusable])
    read_no_more(monkeypatch)
    make_client()


def test_a_worker_starts_whatever_stands_in_the_files_of_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nowhere")
    warm_up([SETTINGS])
    with pytest.raises(StorageFailed, match="nowhere") as failed:
        make_client()
    assert "~/.aws" in failed.value.remedy


@pytest.mark.parametrize(
    "changes", [{"endpoint": "http://my_minio:9000"}, {"endpoint": "https://[::1"}, {"region": "us east"}]
)
def test_settings_that_botocore_refuses_are_told_with_what_to_do(changes: dict[str, str]) -> None:
    with pytest.raises(StorageFailed, match="No client for S3 can be made") as failed:
        connect(SETTINGS.model_copy(update=changes), KEYS, None, 1.0)
    assert "endpoint and region" in failed.value.remedy


def test_folders_of_the_environment_are_searched_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AWS_DATA_PATH", str(tmp_path))
    read, read_file = list[str](), JSONFileLoader.load_file

    def told(loader: JSONFileLoader, path: str) -> object:
        read.append(path)
        return read_file(loader, path)

    monkeypatch.setattr(JSONFileLoader, "load_file", told)
    make_client()
    assert Path(read[0]).is_relative_to(tmp_path)


def test_no_session_adds_to_where_all_look() -> None:
    before = _descriptions("").search_paths
    make_client()
    assert _descriptions("").search_paths == before
