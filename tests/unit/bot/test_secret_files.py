"""Secrets that are files: read where the environment names one, and every gap named."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict

from bot.errors import SettingsError
from bot.secret_files import SecretFiles
from bot.settings import Environment, load_settings
from tests.unit.bot.test_settings import GOOD, VARIABLES


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


def test_slacks_secrets_and_the_state_databases_password_come_from_files(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    values = {"SLACK_BOT_TOKEN": "xoxb-1\n", "SLACK_APP_TOKEN": "xapp-1", "BASELINER_STATE_PASSWORD": "it's /@:%20 \n"}
    for name, value in values.items():
        (tmp_path / name).write_text(value)
        monkeypatch.setenv(f"{name}_FILE", str(tmp_path / name))
    (tmp_path / "baseliner.toml").write_text(GOOD)
    settings = load_settings(Environment(), tmp_path / "baseliner.toml")
    assert settings.credentials.bot_token is not None
    assert settings.credentials.bot_token.get_secret_value() == "xoxb-1"
    assert settings.credentials.signing_secret is None
    state = conninfo_to_dict(settings.state.dsn.get_secret_value())
    assert state == {"user": "baseliner", "host": "db", "dbname": "state", "password": "it's /@:%20 "}
    assert "it's" not in repr(settings)


def test_every_file_that_cannot_be_used_is_named_at_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    (tmp_path / "set-twice").write_text("xapp-2")
    monkeypatch.setenv("SLACK_BOT_TOKEN_FILE", str(tmp_path / "missing"))
    monkeypatch.setenv("SLACK_SIGNING_SECRET_FILE", str(tmp_path / "empty"))
    monkeypatch.setenv("SLACK_APP_TOKEN_FILE", str(tmp_path / "set-twice"))
    monkeypatch.setenv("SLACK_APP_TOKEN", "xapp-1")
    with pytest.raises(SettingsError) as caught:
        Environment()
    assert {gap.key: gap.problem.partition(str(tmp_path))[0] for gap in caught.value.gaps} == {
        "SLACK_BOT_TOKEN_FILE": "cannot be read from ",
        "SLACK_SIGNING_SECRET_FILE": "names ",
        "SLACK_APP_TOKEN_FILE": "is set, and SLACK_APP_TOKEN too",
    }
    assert f"uid {os.getuid()}" in str(caught.value)
    assert "xapp" not in str(caught.value)


def test_a_variable_that_settings_name_may_be_a_file_and_is_read_each_time(tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text("first\n")
    environment = SecretFiles({"INVENTORY_PASSWORD_FILE": str(secret), "OTHER": "plain", "EMPTY_FILE": ""})
    assert environment["INVENTORY_PASSWORD"] == "first"
    secret.write_text("second")
    assert environment.get("INVENTORY_PASSWORD") == "second"
    assert (environment["OTHER"], environment.get("EMPTY"), environment.get("MISSING")) == ("plain", None, None)
    assert dict(environment)["OTHER"] == "plain"
