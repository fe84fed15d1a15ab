"""What a browser test saw last, kept for whoever reads its result: outside of the repository."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

from playwright.sync_api import Error, Page

VARIABLE = "BASELINER_ARTIFACTS"


def keep_screenshot(page: Page, test: str) -> None:
    """One PNG for a test, named after it, in `$BASELINER_ARTIFACTS/screenshots`."""
    name = re.sub(r"[^\w.-]+", "_", test.rpartition("/")[2].replace(".py::", "."))
    try:
        page.screenshot(path=screenshots() / f"{name}.png", animations="disabled", timeout=15_000)
    except Error as error:
        sys.stderr.write(f"no screenshot of {test}: {error}\n")


def screenshots() -> Path:
    """The folder; it need not exist. On a disk, though the tests' other files may be in memory."""
    return Path(os.environ.get(VARIABLE) or "/tmp/baseliner-artifacts") / "screenshots"
