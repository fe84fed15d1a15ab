"""One frozen configuration, from a TOML file and the environment. A bad file names all its gaps at once.

Every key is explained in `baseliner.example.toml`.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Any

from psycopg.conninfo import make_conninfo
from pydantic import AfterValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from bot.errors import Gap, SettingsError
from bot.secret_files import SecretFilesSource
from bot.settings_docker import DockerSettings as DockerSettings
from bot.settings_docker import docker_gaps
from bot.settings_gaps import gaps_of, misplaced_secrets, shared_folders, undefined_sources, undefined_storages
from bot.settings_policy import Policy as Policy
from bot.settings_report import ReportSettings as ReportSettings
from bot.settings_restores import RestoreSource as RestoreSource
from bot.settings_storage import DirectorySettings as DirectorySettings
from bot.settings_storage import S3Settings as S3Settings
from bot.settings_storage import Section, StorageSettings
from bot.settings_targets import Application as Application
from bot.settings_targets import Migrations as Migrations
from bot.settings_targets import Retention as Retention
from bot.settings_targets import ServiceSettings as ServiceSettings
from bot.settings_targets import TargetSettings as TargetSettings
from bot.settings_types import Dsn, Name, Size, slack_id

SlackUser = Annotated[str, AfterValidator(lambda value: slack_id(value, "UW", "a user id (U…)"))]


class Channels(Section):
    """Slack channel ids."""

    operations: str = Field(min_length=1)
    approvals: str = Field(min_length=1)
    alerts: str = Field(min_length=1)


class SlackSettings(Section):
    channels: Channels
    team_id: str | None = None
    """when set, payloads of another workspace are refused"""
    shell_users: dict[str, SlackUser] = Field(default_factory=dict)
    """login at the shell to Slack user id: nobody signs off in Slack what they did at the shell"""


class StateSettings(Section):
    dsn: Dsn
    pool_size: int = Field(default=10, ge=2, le=100)


class Staging(Section):
    """Where dumps pass by on their way to storage, and are unpacked before they are loaded."""

    path: Path = Path("/var/tmp/baseliner")  # noqa: S108 - only a default; the folder is made with mode 0700
    limit: Size = Field(default=8 * 10**9, ge=256 * 10**6)
    """bytes that one backup may keep there; a larger database passes by piece by piece"""


class SlackCredentials(Section):
    """From the environment alone, never from the file."""

    bot_token: SecretStr | None = None
    app_token: SecretStr | None = None
    """Socket Mode when set"""
    signing_secret: SecretStr | None = None
    """HTTP mode"""
    api_url: str = "https://slack.com/api/"


class Settings(Section):
    """All that an operator can set. Secrets never appear in its repr."""

    state: StateSettings
    slack: SlackSettings
    policy: Policy
    storage: dict[Name, StorageSettings] = Field(min_length=1)
    targets: dict[Name, TargetSettings] = Field(min_length=1)
    staging: Staging = Staging()
    docker: DockerSettings | None = None
    """None: Docker is not used"""
    report: ReportSettings = ReportSettings()
    credentials: SlackCredentials = SlackCredentials()

    @model_validator(mode="after")
    def _stand_in_docker(self) -> Settings:
        for target in self.targets.values():
            if target.docker is not None and self.docker is not None:
                target.docker.attach(self.docker)
        return self

    def policy_of(self, target: str) -> Policy:
        """The target's own policy where it has one, else the common one."""
        return self.targets[target].policy or self.policy


class Environment(BaseSettings):
    """The environment variables that Baseliner reads, beside `AWS_*` and each target's `password_env`.

    A secret's variable may also be a file, which `NAME_FILE` names.
    """

    model_config = SettingsConfigDict(frozen=True, env_ignore_empty=True)

    config: Path = Field(default=Path("baseliner.toml"), validation_alias="BASELINER_CONFIG")
    state_dsn: SecretStr | None = Field(default=None, validation_alias="BASELINER_STATE_DSN")
    state_password: SecretStr | None = Field(default=None, validation_alias="BASELINER_STATE_PASSWORD")
    """of the DSN's role, for a DSN without"""
    bot_token: SecretStr | None = Field(default=None, validation_alias="SLACK_BOT_TOKEN")
    app_token: SecretStr | None = Field(default=None, validation_alias="SLACK_APP_TOKEN")
    signing_secret: SecretStr | None = Field(default=None, validation_alias="SLACK_SIGNING_SECRET")
    api_url: str = Field(default="https://slack.com/api/", validation_alias="SLACK_API_URL")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - named by pydantic-settings
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, SecretFilesSource(settings_cls), env_settings


def load_settings(environment: Environment, path: Path | None = None) -> Settings:
    """Read the file (`path`, else the environment's) and lay the environment over it.

    Raises SettingsError, naming every gap, when they do not do.
    """
    source = path or environment.config
    document = _read(source)
    undefined = [*undefined_storages(document), *undefined_sources(document), *shared_folders(document)]
    gaps = [*misplaced_secrets(document), *undefined, *docker_gaps(document)]
    document["credentials"] = environment.model_dump(include=set(SlackCredentials.model_fields))
    if environment.state_dsn is not None and isinstance(document.setdefault("state", {}), dict):
        document["state"]["dsn"] = environment.state_dsn
    try:
        settings = Settings.model_validate(document)
    except ValidationError as error:
        raise SettingsError(str(source), [*gaps_of(error), *gaps]) from error
    if gaps:
        raise SettingsError(str(source), gaps)
    return settings if environment.state_password is None else _with_password(settings, environment.state_password)


def _with_password(settings: Settings, password: SecretStr) -> Settings:
    dsn = make_conninfo(settings.state.dsn.get_secret_value(), password=password.get_secret_value())
    return settings.model_copy(update={"state": settings.state.model_copy(update={"dsn": SecretStr(dsn)})})


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        gap = Gap(
            "the file", "does not exist", "cp baseliner.example.toml baseliner.toml, or --config, or BASELINER_CONFIG"
        )
        raise SettingsError(str(path), [gap]) from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(
            str(path), [Gap("the file", f"cannot be read as TOML: {error}", 'key = "value"')]
        ) from error
