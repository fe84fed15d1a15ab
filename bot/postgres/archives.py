"""An archive of pg_dump in its folder: many files (`-Fd`), or one (`-Fc`). pg_restore tells them apart by itself."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

from bot.models import CUSTOM_ARCHIVE
from bot.postgres.tools import Tools
from bot.runtime.stop import StopSignal


def placed(
    tools: Tools, folder: Path, *, contents_alone: bool = False, stop: StopSignal
) -> AbstractContextManager[str]:
    """The path for pg_restore's argv, where the tools can read it until the end of the block.

    With `contents_alone` they can read its definitions there, and perhaps no rows. Raises ToolFailed, Interrupted.
    """
    custom = folder / CUSTOM_ARCHIVE
    archive = custom if custom.is_file() else folder
    return tools.runner.placed(archive, contents_alone=contents_alone, stop=stop)
