"""How a target's server is reached, by psycopg and by PostgreSQL's own tools."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import Connection, pq
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from pydantic import SecretStr

from bot.errors import DatabaseUnreachable, EngineFailed, Gap, SettingsError
from bot.postgres.errors import unreachable
from bot.runtime.docker_address import find_endpoint
from bot.runtime.process import tool_environment
from bot.settings import TargetSettings
from bot.settings_docker import TargetDocker

APPLICATION_NAME = "baseliner"
_CONNECT_TIMEOUT = 15
_PORT = 5432
_KEEPALIVES = {"keepalives": "1", "keepalives_idle": "30", "keepalives_interval": "10", "keepalives_count": "6"}
_SESSION = (
    "SET statement_timeout = 0; SET lock_timeout = 0; SET idle_in_transaction_session_timeout = 0; "
    "SET default_transaction_read_only = off; "
    # What a swap has renamed must outlive a crash of the server, before the services come back.
    "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
)


@dataclass(frozen=True)
class Server:
    """A PostgreSQL server and the database under care on it.

    `dsn` is a libpq connection string without password, complete: the environment's PG* variables are laid under it.
    Of a server in `docker`, it names no host: its address is looked up at each connection.
    """

    dsn: str
    password: SecretStr | None = None
    docker: TargetDocker | None = None

    @property
    def database(self) -> str:
        """Name of the database; as in libpq, that of the user where the DSN names none."""
        options = conninfo_to_dict(self.dsn)
        return str(options.get("dbname") or options.get("user") or "")

    def connect(self, database: str | None = None, *, autocommit: bool = True) -> Connection:
        """Connect to `database`, or to the one under care, without time limits.

        Raises DatabaseUnreachable, which says why and what to do.
        """
        name = self.database if database is None else database
        try:
            connection = psycopg.connect(self._conninfo(name), autocommit=True)
            connection.execute(_SESSION)
        except psycopg.Error as error:
            raise unreachable(error, name) from error
        connection.autocommit = autocommit
        return connection

    @contextmanager
    def maintenance(self, *avoid: str) -> Iterator[Connection]:
        """Connect to `postgres`, or else `template1`: beside the database under care and those of `avoid`.

        CREATE, DROP and RENAME DATABASE need a session that is in none of them.
        """
        names = [name for name in ("postgres", "template1") if name not in {self.database, *avoid}]
        with self._first_of(names) as connection:
            yield connection

    def tool_environment(
        self, database: str | None = None, settings: Mapping[str, str] | None = None
    ) -> dict[str, str]:
        """Environment in which PostgreSQL's tools reach `database`; the password is in it, never in an argv.

        Their sessions have these `settings` (values without blanks) beside those that the DSN's `options` gives them.
        Raises DatabaseUnreachable where the address of a server in Docker cannot be told.
        """
        options = {**self._located(), "dbname": self.database if database is None else database}
        options["application_name"] = APPLICATION_NAME
        options.setdefault("connect_timeout", str(_CONNECT_TIMEOUT))
        if settings:
            given = (options.get("options"), *(f"-c {name}={value}" for name, value in settings.items()))
            options["options"] = " ".join(filter(None, given))
        if self.password is not None:
            options["password"] = self.password.get_secret_value()
        variables = _variables()
        return tool_environment(
            {variables[name]: str(value) for name, value in options.items() if value is not None and name in variables}
        )

    def _first_of(self, names: list[str]) -> Connection:
        failure: DatabaseUnreachable | None = None
        for name in names:
            try:
                return self.connect(name)
            except DatabaseUnreachable as error:
                failure = failure or error
        assert failure is not None  # noqa: S101 - there is always one name
        raise failure

    def _located(self) -> dict[str, Any]:
        options: dict[str, Any] = conninfo_to_dict(self.dsn)
        if self.docker is None:
            return options
        try:
            endpoint = find_endpoint(self.docker, int(options.get("port") or _PORT))
        except EngineFailed as error:
            raise DatabaseUnreachable(f"The address of {self.database} is not known: {error}", error.remedy) from error
        return {**options, "host": endpoint.host, "port": str(endpoint.port)}

    def _conninfo(self, database: str) -> str:
        options: dict[str, Any] = {
            "connect_timeout": str(_CONNECT_TIMEOUT),
            **_KEEPALIVES,
            **self._located(),
        }
        options |= {"dbname": database, "application_name": APPLICATION_NAME, "client_encoding": "utf8"}
        if self.password is not None:
            options["password"] = self.password.get_secret_value()
        return make_conninfo(**options)


def quoted_database(database: str) -> str:
    """A connection string that holds the name alone, for tools that would read a bare name with `=` as one."""
    return make_conninfo(dbname=database)


def server_of(target: TargetSettings, environment: Mapping[str, str]) -> Server:
    """The server of a target's settings; `environment` gives the password and, as in libpq, what the DSN leaves out.

    Raises SettingsError when the DSN cannot be read or the password's variable is not set.
    """
    options = _options(target, environment)
    password = options.pop("password", None)
    if target.password_env is not None:
        password = environment.get(target.password_env)
        if not password:
            gap = Gap("password_env", f"{target.password_env} is not set", f"export {target.password_env}=…")
            raise SettingsError("The environment", [gap])
    named = any(options.get(name) for name in ("host", "hostaddr", "service"))
    return Server(
        make_conninfo(**options), SecretStr(str(password)) if password else None, None if named else target.docker
    )


def database_of(target: TargetSettings, environment: Mapping[str, str]) -> str:
    """The name of a target's database, also for a process that has no password because it never connects.

    Raises SettingsError when the DSN cannot be read.
    """
    options = _options(target, environment)
    return str(options.get("dbname") or options.get("user") or "")


def _options(target: TargetSettings, environment: Mapping[str, str]) -> dict[str, Any]:
    try:
        options: dict[str, Any] = conninfo_to_dict(target.dsn.get_secret_value())
    except psycopg.ProgrammingError as error:
        gap = Gap("dsn", "is not a PostgreSQL connection string", "postgresql://baseliner@db.internal:5432/inventory")
        raise SettingsError("The target", [gap]) from error
    for name, variable in _variables().items():
        if variable in environment:
            options.setdefault(name, environment[variable])
    return options


def _variables() -> dict[str, str]:
    """libpq's own table: connection option to environment variable."""
    return {option.keyword.decode(): option.envvar.decode() for option in pq.Conninfo.get_defaults() if option.envvar}
