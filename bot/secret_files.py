"""Secrets as files, as Compose and Kubernetes hand them over.

Where `NAME` is not set, `NAME_FILE` names the file that holds its value.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import PydanticBaseSettingsSource

from bot.errors import Gap, SettingsError

_SUFFIX = "_FILE"


class SecretFiles(Mapping[str, str]):
    """An environment whose variables may be files. A file is read each time, so that a secret can be exchanged.

    A look-up raises SettingsError where the file cannot be read or is empty, or where the variable is set too.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    def __getitem__(self, name: str) -> str:
        path = self._environment.get(name + _SUFFIX)
        if not path:
            return self._environment[name]
        if self._environment.get(name):
            raise _unusable(name, f"is set, and {name} too", f"unset {name}")
        return _read(name, Path(path))

    def __iter__(self) -> Iterator[str]:
        return iter(self._environment)

    def __len__(self) -> int:
        return len(self._environment)


class SecretFilesSource(PydanticBaseSettingsSource):
    """The settings' secrets, from the files that the environment names. Raises SettingsError, naming every gap."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        name = str(field.validation_alias or field_name)
        given = SecretStr in get_args(field.annotation) and os.environ.get(name + _SUFFIX)
        return (SecretFiles(os.environ)[name] if given else None), name, False

    def __call__(self) -> dict[str, Any]:
        found, gaps = dict[str, Any](), list[Gap]()
        for field_name, field in self.settings_cls.model_fields.items():
            try:
                value, name, _ = self.get_field_value(field, field_name)
            except SettingsError as error:
                gaps += error.gaps
            else:
                found |= {name: value} if value is not None else {}
        if gaps:
            raise SettingsError("The environment", gaps)
        return found


def _read(name: str, path: Path) -> str:
    try:
        value = path.read_text("utf-8").removesuffix("\n").removesuffix("\r")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise _unusable(
            name, f"cannot be read from {path}: {reason}", f"a file that uid {os.getuid()} may read"
        ) from error
    if not value:
        raise _unusable(name, f"names {path}, which is empty", "one line, the secret")
    return value


def _unusable(name: str, problem: str, example: str) -> SettingsError:
    return SettingsError("The environment", [Gap(name + _SUFFIX, problem, example)])
