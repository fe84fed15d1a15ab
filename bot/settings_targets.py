"""Settings of one target: its database, schedule, retention and application."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator, model_validator

from bot.cron import demand_fires
from bot.settings_docker import ComposeName, TargetDocker
from bot.settings_policy import Policy
from bot.settings_restores import RestoreSource
from bot.settings_storage import Encryption, Section, StorageNames, Url
from bot.settings_types import Argv, Dsn, Duration, Name, Size, known_zone


class ServiceSettings(Section):
    """One service of the application, stopped before a swap and started after it.

    By its three commands; without them, it is Compose's service of that name in the target's project.
    """

    name: Name
    stop: Argv | None = None
    start: Argv | None = None
    status: Argv | None = None
    """exit code 0: running, 3: stopped"""
    pause: bool = False
    """True: Compose's containers of it are paused instead, which suits what only works in the background"""

    @property
    def in_docker(self) -> bool:
        return self.stop is None


class Application(Section):
    """The application on top of the database."""

    services: tuple[ServiceSettings, ...] = ()
    health_url: Url | None = None
    health_deadline: Duration = timedelta(seconds=60)
    command_deadline: Duration = timedelta(seconds=60)
    when_unhealthy: Literal["ask", "undo"] = "ask"
    """after a restore: leave the restored data in place for people to decide, or swap back at once"""
    smoke: tuple[str, ...] = ()
    """queries whose first value must be neither false nor null once the application is healthy again"""


class Migrations(Section):
    """Where the deployed code's Alembic history is. Commands are argv lists, never a shell."""

    service: ComposeName | None = None
    """Compose's service in whose container they are run; None: they are run on the worker's host"""
    heads: Argv
    """prints the heads of the code, such as `alembic heads`"""
    history: Argv | None = None
    """prints the whole history, such as `alembic history`; needed to name pending revisions"""
    directory: Path | None = None
    """where they are run: in the service's container, or on the worker's host"""
    version_table: str = "alembic_version"
    on_start: bool | None = None
    """whether the application migrates the database when it starts; None: not known"""


class Retention(Section):
    """How many backups stay, by rule; a backup that several rules name counts for each of them."""

    last: int | None = Field(default=None, ge=1)
    hourly: int | None = Field(default=None, ge=1)
    """the newest of each of the last N hours that have one; the others alike"""
    daily: int | None = Field(default=None, ge=1)
    weekly: int | None = Field(default=None, ge=1)
    monthly: int | None = Field(default=None, ge=1)
    yearly: int | None = Field(default=None, ge=1)
    min_verified: int = Field(default=1, ge=1)
    """the newest N that a drill has proved stay, whatever the other rules say"""
    keep_safety_for: Duration = timedelta(days=7)
    """at least so long a safety backup stays; longer while the database that it protects is set aside"""

    @model_validator(mode="after")
    def _keeping(self) -> Retention:
        # Without a rule, all but the newest would go.
        if not any((self.last, self.hourly, self.daily, self.weekly, self.monthly, self.yearly)):
            raise ValueError(
                "names no rule of what to keep; give one or more of last, hourly, daily, weekly, monthly, "
                "yearly, or leave the section out to keep everything"
            )
        return self


class Drill(Section):
    """How a backup is proved: restored into a scratch database, compared, examined."""

    schedule: str | None = None
    """cron, in the target's time zone"""
    dsn: Dsn | None = None
    """a server to make the scratch database on; a cluster of its own on the worker's host without"""
    password_env: str | None = None
    smoke: tuple[str, ...] = ()
    """queries whose first value must be neither false nor null"""

    @field_validator("schedule")
    @classmethod
    def _five_fields(cls, value: str | None) -> str | None:
        return None if value is None else demand_fires(value)


class TargetSettings(Section):
    """One PostgreSQL database under care."""

    dsn: Dsn
    password_env: str | None = None
    storage: StorageNames
    """the first is primary; the others get a copy of every backup"""
    encryption: Encryption | None = None
    queue: Name = "default"
    rpo: Duration = timedelta(hours=24)
    schedule: str | None = None
    timezone: str = "UTC"
    jitter: Duration | None = None
    """a fire begins up to so much later, so that targets do not all begin at once"""
    backups_in_windows: bool = True
    """False: a fire inside of a maintenance window waits for its end"""
    retention: Retention | None = None
    """None: nothing is ever removed"""
    log_shipping: bool = False
    foreign_dependents: Literal["refuse", "allow"] = "refuse"
    """a restore under foreign servers of other databases that lead to this one"""
    keep_old_for: Duration = timedelta(hours=24)
    """how long the database that a restore set aside stays"""
    jobs: int = Field(default=2, ge=1, le=32)
    """connections that dump or restore at once"""
    maintenance_work_mem: Size = 256 * 10**6
    """memory of the server that each of these connections may sort an index in, in a restore; the server's own setting
    wins where it is larger"""
    compression: int = Field(default=1, ge=1, le=19)
    """zstd's level"""
    hash_tables_up_to: Size = 100 * 10**9
    """of a larger table the rows are only counted; 0 counts everywhere"""
    tools: tuple[Path, ...] = ()
    """folders with PostgreSQL client programs, looked at first"""
    docker: TargetDocker | None = None
    application: Application = Application()
    migrations: Migrations | None = None
    drill: Drill = Drill()
    restore_from: dict[Name, RestoreSource] = Field(default_factory=dict)
    """targets whose backups may be restored here; its own may always, but are masked too where it is named"""
    policy: Policy | None = None

    @property
    def version_table(self) -> str:
        """Where Alembic notes the database's revision."""
        return self.migrations.version_table if self.migrations else "alembic_version"

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        return known_zone(value)

    @field_validator("schedule")
    @classmethod
    def _five_fields(cls, value: str | None) -> str | None:
        return None if value is None else demand_fires(value)
