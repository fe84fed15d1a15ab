"""A browser, where there is one."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.workspace_page import CHROMIUM, chromium


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's chromium; a test that needs it is skipped without, and fails when BASELINER_TEST_ALL=1."""
    if not CHROMIUM.exists() and os.environ.get("BASELINER_TEST_ALL") != "1":
        pytest.skip("chromium is not installed (apt-get install chromium)")
    expect.set_options(timeout=60_000)
    with chromium() as running:
        yield running
