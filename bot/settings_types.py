"""Kinds of values that settings of several sections have."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import psycopg
from psycopg.conninfo import conninfo_to_dict
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr

from bot.durations import parse_duration
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


def known_zone(value: str) -> str:
    """Raises ValueError for a time zone that does not exist."""
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError("is not a time zone of the IANA database") from error
    return value


def slack_id(value: str, kinds: str, what: str) -> str:
    """Raises ValueError where it does not look like an id that begins with one of the letters `kinds`."""
    if not re.fullmatch(rf"[{kinds}][A-Z0-9]+", value):
        raise ValueError(f"{value!r} is not {what}; Slack shows ids in the profile's or channel's menu")
    return value


Duration = Annotated[timedelta, BeforeValidator(_duration)]
Dsn = Annotated[SecretStr, AfterValidator(_connection_string)]
Size = Annotated[int, BeforeValidator(lambda value: value if isinstance(value, int) else parse_size(str(value)))]
