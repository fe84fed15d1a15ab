"""Fixtures for the tests of any Slack app: `pytest_plugins = ["sandbox.pytest_plugin"]` in the root conftest.py.

Override `slack_manifest`, `slack_community` or `slack_options` to change what `slack` serves.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from sandbox.manifest import Manifest
from sandbox.people import Community, default_community
from sandbox.person import PersonClient
from sandbox.testing import RunningWorkspace, running_workspace
from sandbox.workspace import Workspace


@pytest.fixture
def slack_manifest() -> Manifest:
    """What the app declares; by default it may do all. See `sandbox.manifest.load_manifest`."""
    return Manifest()


@pytest.fixture
def slack_community() -> Community:
    """The people, channels and groups of the workspace."""
    return default_community()


@pytest.fixture
def slack_options() -> Mapping[str, Any]:
    """What else goes to `running_workspace`, such as `events_url`, `acknowledge_seconds` or `strict`."""
    return {}


@pytest.fixture
def slack(
    slack_manifest: Manifest, slack_community: Community, slack_options: Mapping[str, Any]
) -> Iterator[RunningWorkspace]:
    """A workspace of the test's own, with rate limits; the test fails if the app sends what Slack would not take."""
    workspace = Workspace(manifest=slack_manifest, community=slack_community)
    with running_workspace(workspace, **slack_options) as running:
        yield running


@pytest.fixture
def person(slack: RunningWorkspace) -> PersonClient:
    """Acts as the people of the workspace."""
    return slack.person
