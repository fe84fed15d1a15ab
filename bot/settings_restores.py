"""Settings of whose backups may be restored here, and of what is done to their rows before anybody sees them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator

from bot.settings_storage import Section


def _file_or_false(value: object) -> object:
    if value is False or isinstance(value, Path) or (isinstance(value, str) and value.strip()):
        return value
    raise ValueError("is neither a file of SQL nor false, which restores the rows as they are")


class RestoreSource(Section):
    """A target whose backups may be restored into another one. Whether rows are masked is always written out."""

    masking: Annotated[Path | Literal[False], BeforeValidator(_file_or_false)]
    """SQL, run in the restored database before anybody can connect to it; False: the rows stay as they are"""

    @property
    def script(self) -> Path | None:
        return self.masking or None
