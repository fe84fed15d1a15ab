"""Settings: a bad file names every gap at once, secrets stay secret, and the example explains every key."""

from __future__ import annotations

import traceback
from datetime import timedelta
from pathlib import Path

import pytest

from bot.errors import SettingsError
from bot.settings import Environment, Settings, SlackCredentials, load_settings

SECRET = "hunter2-hunter2"
VARIABLES = (
    "BASELINER_CONFIG",
    "BASELINER_STATE_DSN",
    "SLACK_BOT_TOKEN",
    "SLACK_APP_TOKEN",
    "SLACK_SIGNING_SECRET",
    "SLACK_API_URL",
)
GOOD = """
[state]
dsn = "postgresql://baseliner@db/state"
[slack.channels]
operations = "C1"
approvals = "C2"
alerts = "C3"
[policy]
[storage.offsite]
type = "s3"
bucket = "backups"
[targets.inventory]
dsn = "postgresql://baseliner@db/inventory"
storage = "offsite"
"""


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


def loaded(tmp_path: Path, text: str) -> Settings:
    path = tmp_path / "baseliner.toml"
    path.write_text(text)
    return load_settings(Environment(), path)


def gaps(tmp_path: Path, text: str) -> dict[str, str]:
    with pytest.raises(SettingsError) as caught:
        loaded(tmp_path, text)
    assert caught.value.exit_code == 2
    for gap in caught.value.gaps:
        assert f"{gap.key}: {gap.problem}  (for example: {gap.example})" in str(caught.value)
    return {gap.key: gap.problem for gap in caught.value.gaps}


def test_a_good_file_needs_little(tmp_path: Path) -> None:
    settings = loaded(tmp_path, GOOD)
    assert settings.targets["inventory"].rpo == timedelta(hours=24)
    assert settings.policy.approvers == ()
    assert settings.credentials == SlackCredentials()


def test_an_empty_file_names_all_that_is_missing(tmp_path: Path) -> None:
    assert gaps(tmp_path, "") == dict.fromkeys(("state", "slack", "policy", "storage", "targets"), "is missing")


def test_every_gap_is_named_at_once(tmp_path: Path) -> None:
    text = """
    [state]
    pool_size = 1
    [slack.channels]
    operations = ""
    approvals = "C2"
    [policy]
    approval_expires = "soon"
    approvrs = ["U1"]
    [storage.s3]
    type = "s3"
    endpoint = "s3.example.com"
    [storage.directory]
    type = "directory"
    [storage.tape]
    type = "tape"
    [storage.untyped]
    path = "/srv"
    [targets.inventory]
    dsn = "nonsense"
    storage = "ofsite"
    rpo = 24
    schedule = "0 2 * *"
    timezone = "Europe/Atlantis"
    [[targets.inventory.application.services]]
    name = "api"
    stop = []
    start = ["systemctl", "start", "api"]
    [targets.Billing]
    dsn = "postgresql://db/billing"
    storage = "s3"
    [credentials]
    bot_token = "xoxb"
    """
    assert gaps(tmp_path, text) == {
        "state.dsn": "is missing",
        "state.pool_size": "Input should be greater than or equal to 2",
        "slack.channels.operations": "String should have at least 1 character",
        "slack.channels.alerts": "is missing",
        "policy.approval_expires": "'soon' is not a duration; write it like 90s, 30m, 24h, 7d or 1h30m",
        "policy.approvrs": "is not a setting; look for a typing error",
        "storage.s3.bucket": "is missing",
        "storage.s3.endpoint": "String should match pattern '^https?://'",
        "storage.directory.path": "is missing",
        "storage.tape.type": "is neither s3 nor directory",
        "storage.untyped.type": "is missing",
        "targets.inventory.dsn": "is not a PostgreSQL connection string",
        "targets.inventory.storage": "names 'ofsite', which [storage] does not define",
        "targets.inventory.rpo": "'24' is not a duration; write it like 90s, 30m, 24h, 7d or 1h30m",
        "targets.inventory.schedule": (
            "'0 2 * *' has 4 fields instead of five; "
            "write it like 0 2 * * * (daily at 02:00) or 30 1 * * 0 (Sundays at 01:30)"
        ),
        "targets.inventory.timezone": "is not a time zone of the IANA database",
        "targets.inventory.application.services.0.stop": "Tuple should have at least 1 item after validation, not 0",
        "targets.inventory.application.services.0.status": "is missing",
        "targets.Billing": "String should match pattern '^[a-z0-9][a-z0-9_-]{0,39}$'",
        "credentials": "secrets do not belong into this file",
    }


@pytest.mark.parametrize("setting", ['rpo = "0s"', 'keep_old_for = "99999999999999999999w"', "rpo = true"])
def test_durations_that_are_none_are_gaps(tmp_path: Path, setting: str) -> None:
    assert list(gaps(tmp_path, GOOD + setting)) == [f"targets.inventory.{setting.partition(' ')[0]}"]


@pytest.mark.parametrize("text", ["not = [toml", "\x00"])
def test_a_file_that_is_no_toml_is_told(tmp_path: Path, text: str) -> None:
    assert gaps(tmp_path, text)["the file"].startswith("cannot be read as TOML: ")


def test_a_file_in_another_encoding_is_told(tmp_path: Path) -> None:
    path = tmp_path / "latin.toml"
    path.write_bytes("[policy] # größer".encode("latin-1"))
    with pytest.raises(SettingsError, match="cannot be read as TOML"):
        load_settings(Environment(), path)


def test_a_file_that_is_not_there_says_how_to_make_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BASELINER_CONFIG", str(tmp_path / "nowhere.toml"))
    with pytest.raises(SettingsError, match=r"nowhere\.toml has 1 problem") as caught:
        load_settings(Environment())
    assert "cp baseliner.example.toml" in caught.value.gaps[0].example


def test_the_environment_lies_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BASELINER_STATE_DSN", "postgresql://elsewhere/state")
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-1")
    monkeypatch.setenv("SLACK_APP_TOKEN", "")
    settings = loaded(tmp_path, GOOD)
    assert settings.state.dsn.get_secret_value() == "postgresql://elsewhere/state"
    assert settings.credentials.bot_token is not None
    assert settings.credentials.bot_token.get_secret_value() == "xoxb-1"
    assert settings.credentials.app_token is None, "an empty variable is none"


def test_the_environment_gives_the_state_that_the_file_leaves_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BASELINER_STATE_DSN", "postgresql://elsewhere/state")
    text = GOOD.replace('[state]\ndsn = "postgresql://baseliner@db/state"\n', "")
    assert loaded(tmp_path, text).state.dsn.get_secret_value() == "postgresql://elsewhere/state"


@pytest.mark.parametrize(
    ("setting", "key", "problem"),
    [
        ('approvers = ["@ada"]', "policy.approvers.0", "'@ada' is not a user id (U…) or usergroup id (S…)"),
        ('channels = ["#ops"]', "policy.channels.0", "'#ops' is not a channel id (C…)"),
        ('quiet_hours = "at night"', "policy.quiet_hours", "'at night' is not a span of hours; write it like"),
        ('timezone = "Europe/Atlantis"', "policy.timezone", "is not a time zone of the IANA database"),
        ("required_approvals = 0", "policy.required_approvals", "Input should be greater than or equal to 1"),
        (
            'approvers = ["U1", "U1"]\nrequired_approvals = 2',
            "policy",
            "needs 2 approvals by different people, but names 1 approver(s)",
        ),
    ],
)
def test_a_policy_that_cannot_be_meant_is_a_gap(tmp_path: Path, setting: str, key: str, problem: str) -> None:
    ((found, told),) = gaps(tmp_path, GOOD.replace("[policy]", f"[policy]\n{setting}")).items()
    assert found == key
    assert told.startswith(problem)


def test_a_targets_own_policy_replaces_the_common_one(tmp_path: Path) -> None:
    own = '[targets.inventory.policy]\napprovers = ["U9"]\n[targets.billing]\ndsn = ""\nstorage = "offsite"'
    settings = loaded(tmp_path, GOOD.replace("[policy]", '[policy]\nrequesters = ["U1"]') + own)
    assert (settings.policy_of("inventory").approvers, settings.policy_of("inventory").requesters) == (("U9",), ())
    assert settings.policy_of("billing").requesters == ("U1",)


@pytest.mark.parametrize(
    ("source", "key", "problem"),
    [
        ("restore_from.prod]\nmasking = false", "restore_from.prod", "is the name of no target"),
        ("restore_from.inventory]", "restore_from.inventory.masking", "is missing"),
        (
            "restore_from.inventory]\nmasking = true",
            "restore_from.inventory.masking",
            "is neither a file of SQL nor false, which restores the rows as they are",
        ),
    ],
)
def test_a_source_of_restores_says_whether_it_is_masked(tmp_path: Path, source: str, key: str, problem: str) -> None:
    assert gaps(tmp_path, f"{GOOD}[targets.inventory.{source}") == {f"targets.inventory.{key}": problem}


# Secrets.


def test_no_secret_is_in_a_representation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET"):
        monkeypatch.setenv(name, f"{name}-{SECRET}")
    monkeypatch.setenv("BASELINER_STATE_DSN", f"postgresql://baseliner:{SECRET}@db/state")
    settings = loaded(tmp_path, GOOD.replace("baseliner@db/inventory", f"baseliner:{SECRET}@db/inventory"))
    for shown in (repr(settings), str(settings), settings.model_dump_json(), repr(Environment())):
        assert SECRET not in shown


@pytest.mark.parametrize(
    "breakage",
    [
        ('storage = "offsite"', "storage = 5"),
        ('storage = "offsite"', ""),
        ('dsn = "postgresql://baseliner', 'dsn = "host=db pass word='),
    ],
)
def test_no_secret_is_in_an_error_or_its_causes(tmp_path: Path, breakage: tuple[str, str]) -> None:
    text = GOOD.replace("baseliner@db/inventory", f"baseliner:{SECRET}@db/inventory").replace(*breakage)
    with pytest.raises(SettingsError) as caught:
        loaded(tmp_path, text)
    assert SECRET not in "".join(traceback.format_exception(caught.value))
