"""What docs/sandbox.md tells other projects to write works as it stands there."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.api.router import METHODS
from sandbox.faults import FaultKind

PAGE = (Path(__file__).parents[3] / "docs" / "sandbox.md").read_text(encoding="utf-8")
MANIFEST = """
features:
  slash_commands: [{command: /deploy, description: Deploys}]
oauth_config: {scopes: {bot: [commands, "chat:write"]}}
settings: {socket_mode_enabled: true}
"""
BROKEN = """

def test_what_slack_would_refuse(app):
    with pytest.raises(SlackApiError):
        app.client.chat_postMessage(channel="db-ops", text="x", blocks=[{"type": "banner"}])


from slack_sdk.errors import SlackApiError
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Another project with the files of the page."""
    for name, code in re.findall(r"```python (\S+)\n(.*?)```", PAGE, re.DOTALL):
        (tmp_path / name).write_text(code)
    (tmp_path / "manifest.yaml").write_text(MANIFEST)
    return tmp_path


def test_the_example_of_the_page_passes_and_a_broken_rule_fails_its_test(project: Path) -> None:
    tests = project / "test_app.py"
    tests.write_text(tests.read_text() + BROKEN)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(project), str(project)]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, timeout=170, check=False)
    assert "3 passed, 1 error" in done.stdout, done.stdout
    assert "ERROR test_app.py::test_what_slack_would_refuse" in done.stdout
    assert "AssertionError: block.unsupported: unsupported type: banner" in done.stdout


def test_the_page_names_every_fault_method_and_route() -> None:
    assert [kind for kind in FaultKind if f"`{kind}`" not in PAGE] == []
    listed = PAGE[PAGE.index("- Methods:") : PAGE.index("Any other is")]
    names = {
        f"{group}.{name}" for group, several in re.findall(r"`(\w+)\.([\w.|]+)`", listed) for name in several.split("|")
    }
    assert names == set(METHODS)
