"""One frozen configuration, from a TOML file and the environment. A bad file names all its gaps at once.

Every key is explained in `baseliner.example.toml`.
"""

from __future__ import annotations

import tomllib
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import psycopg
from psycopg.conninfo import conninfo_to_dict
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

from bot.cron import cron_trigger
from bot.durations import parse_duration
from bot.errors import Gap, SettingsError
from bot.settings_gaps import gaps_of, misplaced_secrets, undefined_storages
from bot.sizes import parse_size

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]
Argv = Annotated[tuple[str, ...], Field(min_length=1)]


def _duration(value: object) -> object:
    if isinstance(value, timedelta):
        return value
    duration = parse_duration(str(value))
    if not duration:
        raise ValueError("must be longer than nothing")
    return duration


def _connection_string(value: SecretStr) -> SecretStr:
    try:
        conninfo_to_dict(value.get_secret_value())
    except psycopg.ProgrammingError:
        # Without its words: they quote the string, and with it a password.
        raise ValueError("is not a PostgreSQL connection string") from None
    return value


Duration = Annotated[timedelta, BeforeValidator(_duration)]
Dsn = Annotated[SecretStr, AfterValidator(_connection_string)]
Size = Annotated[int, BeforeValidator(lambda value: value if isinstance(value, int) else parse_size(str(value)))]
Url = Annotated[str, Field(pattern=r"^https?://")]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True, hide_input_in_errors=True)


class Channels(_Section):
    """Slack channel ids."""

    operations: str = Field(min_length=1)
    approvals: str = Field(min_length=1)
    alerts: str = Field(min_length=1)


class SlackSettings(_Section):
    channels: Channels
    team_id: str | None = None
    """when set, payloads of another workspace are refused"""


class Policy(_Section):
    """Slack user ids. An empty list denies."""

    requesters: tuple[str, ...] = ()
    approvers: tuple[str, ...] = ()
    approval_expires: Duration = timedelta(minutes=30)


class S3Settings(_Section):
    type: Literal["s3"]
    bucket: str = Field(min_length=3)
    prefix: str = ""
    endpoint: Url | None = None
    region: str = "us-east-1"


class DirectorySettings(_Section):
    type: Literal["directory"]
    path: Path


StorageSettings = Annotated[S3Settings | DirectorySettings, Field(discriminator="type")]


class ServiceSettings(_Section):
    """One service of the application, stopped before a swap and started after it."""

    name: Name
    stop: Argv
    start: Argv
    status: Argv
    """exit code 0: running, 3: stopped"""


class Application(_Section):
    """The application on top of the database."""

    services: tuple[ServiceSettings, ...] = ()
    health_url: Url | None = None
    health_deadline: Duration = timedelta(seconds=60)
    command_deadline: Duration = timedelta(seconds=60)


class Migrations(_Section):
    """Where the deployed code's Alembic history is. Commands are argv lists, never a shell."""

    heads: Argv
    """prints the heads of the code, such as `alembic heads`"""
    history: Argv | None = None
    """prints the whole history, such as `alembic history`; needed to name pending revisions"""
    directory: Path | None = None
    version_table: str = "alembic_version"


class TargetSettings(_Section):
    """One PostgreSQL database under care."""

    dsn: Dsn
    password_env: str | None = None
    storage: str
    queue: Name = "default"
    rpo: Duration = timedelta(hours=24)
    schedule: str | None = None
    timezone: str = "UTC"
    log_shipping: bool = False
    keep_old_for: Duration = timedelta(hours=24)
    """how long the database that a restore set aside stays"""
    jobs: int = Field(default=2, ge=1, le=32)
    """connections that dump or restore at once"""
    compression: int = Field(default=3, ge=1, le=19)
    """zstd's level"""
    hash_tables_up_to: Size = 100 * 10**9
    """of a larger table the rows are only counted; 0 counts everywhere"""
    tools: tuple[Path, ...] = ()
    """folders with PostgreSQL client programs, looked at first"""
    application: Application = Application()
    migrations: Migrations | None = None
    policy: Policy | None = None

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError("is not a time zone of the IANA database") from error
        return value

    @field_validator("schedule")
    @classmethod
    def _five_fields(cls, value: str | None) -> str | None:
        if value is not None:
            cron_trigger(value)
        return value


class StateSettings(_Section):
    dsn: Dsn
    pool_size: int = Field(default=10, ge=2, le=100)


class Staging(_Section):
    """Where dumps pass by on their way to storage, and are unpacked before they are loaded."""

    path: Path = Path("/var/tmp/baseliner")  # noqa: S108 - only a default; the folder is made with mode 0700
    limit: Size = Field(default=8 * 10**9, ge=256 * 10**6)
    """bytes that one backup may keep there; a larger database passes by piece by piece"""


class SlackCredentials(_Section):
    """From the environment alone, never from the file."""

    bot_token: SecretStr | None = None
    app_token: SecretStr | None = None
    """Socket Mode when set"""
    signing_secret: SecretStr | None = None
    """HTTP mode"""
    api_url: str = "https://slack.com/api/"


class Settings(_Section):
    """All that an operator can set. Secrets never appear in its repr."""

    state: StateSettings
    slack: SlackSettings
    policy: Policy
    storage: dict[Name, StorageSettings] = Field(min_length=1)
    targets: dict[Name, TargetSettings] = Field(min_length=1)
    staging: Staging = Staging()
    credentials: SlackCredentials = SlackCredentials()

    def policy_of(self, target: str) -> Policy:
        """The target's own policy where it has one, else the common one."""
        return self.targets[target].policy or self.policy


class Environment(BaseSettings):
    """The environment variables that Baseliner reads, beside `AWS_*` and each target's `password_env`."""

    model_config = SettingsConfigDict(frozen=True, env_ignore_empty=True)

    config: Path = Field(default=Path("baseliner.toml"), validation_alias="BASELINER_CONFIG")
    state_dsn: SecretStr | None = Field(default=None, validation_alias="BASELINER_STATE_DSN")
    bot_token: SecretStr | None = Field(default=None, validation_alias="SLACK_BOT_TOKEN")
    app_token: SecretStr | None = Field(default=None, validation_alias="SLACK_APP_TOKEN")
    signing_secret: SecretStr | None = Field(default=None, validation_alias="SLACK_SIGNING_SECRET")
    api_url: str = Field(default="https://slack.com/api/", validation_alias="SLACK_API_URL")


def load_settings(environment: Environment, path: Path | None = None) -> Settings:
    """Read the file (`path`, else the environment's) and lay the environment over it.

    Raises SettingsError, naming every gap, when they do not do.
    """
    source = path or environment.config
    document = _read(source)
    gaps = [*misplaced_secrets(document), *undefined_storages(document)]
    document["credentials"] = environment.model_dump(include=set(SlackCredentials.model_fields))
    if environment.state_dsn is not None and isinstance(document.setdefault("state", {}), dict):
        document["state"]["dsn"] = environment.state_dsn
    try:
        settings = Settings.model_validate(document)
    except ValidationError as error:
        raise SettingsError(str(source), [*gaps_of(error), *gaps]) from error
    if gaps:
        raise SettingsError(str(source), gaps)
    return settings


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
