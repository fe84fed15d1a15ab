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

def test_what_slack_would_refuse(slack, app):
    try:
        app.client.chat_postMessage(channel="db-ops", text="x", blocks=[{"type": "banner"}])
    except Exception:
        pass
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Another project with the files of the page."""
    for name, code in re.findall(r"```python (\S+)\n(.*?)```", PAGE, re.DOTALL):
        (tmp_path / name).write_text(code)
    (tmp_path / "manifest.yaml").write_text(MANIFEST)
    return tmp_path


def run_tests(project: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(project), str(project)]
    return subprocess.run(command, cwd=project, capture_output=True, text=True, timeout=120, check=False)


def test_the_example_of_the_page_passes(project: Path) -> None:
    done = run_tests(project)
    assert "2 passed" in done.stdout, done.stdout


def test_its_fixture_fails_a_test_whose_app_breaks_a_rule(project: Path) -> None:
    (project / "test_app.py").write_text((project / "test_app.py").read_text() + BROKEN)
    done = run_tests(project)
    assert "block.unsupported" in done.stdout
    assert done.returncode == 1


def test_the_page_names_every_fault_method_and_route() -> None:
    assert [kind for kind in FaultKind if f"`{kind}`" not in PAGE] == []
    listed = PAGE[PAGE.index("- Methods:") : PAGE.index("Any other is")]
    names = {
        f"{group}.{name}" for group, several in re.findall(r"`(\w+)\.([\w.|]+)`", listed) for name in several.split("|")
    }
    assert names == set(METHODS)
