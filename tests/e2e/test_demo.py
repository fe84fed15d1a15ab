"""The main job, as a newcomer does it: in a browser, against `baseliner demo`, by two people."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, expect

from sandbox.person import PersonClient
from tests.e2e.running_demo import RunningDemo, running_demo
from tests.e2e.screenshots import keep_screenshot
from tests.e2e.workspace_page import WorkspacePage

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[RunningDemo]:
    with running_demo(tmp_path) as running:
        yield running


@pytest.fixture
def workspace(browser: Browser, demo: RunningDemo, request: pytest.FixtureRequest) -> Iterator[WorkspacePage]:
    """The demo's page; nothing that the bot sends to it may break a rule of Block Kit."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    yield WorkspacePage(page, demo.url)
    keep_screenshot(page, request.node.nodeid)
    page.close()
    with PersonClient(demo.url) as person:
        assert person.violations() == []


def test_the_verbs_answer_and_an_approved_restore_brings_the_old_data_back(
    demo: RunningDemo, workspace: WorkspacePage
) -> None:
    """Both in one demo, since a start costs half a minute."""
    _alerts_until_there_is_a_backup(workspace)
    _other_verbs_answer(workspace)
    with httpx.Client(base_url=demo.application, timeout=20) as application:
        before = application.get("/devices/1").raise_for_status().json()
        application.delete("/devices/1").raise_for_status()
        assert application.get("/devices/1").status_code == 404

        workspace.open("db-ops")
        _ask_for_restore(workspace)
        _refused_to_approve_own(workspace)
        _approve(workspace)

        workspace.open("db-ops")
        headline = workspace.message("Restore of fleet is done")
        workspace.open_thread(headline)
        workspace.message("Swap the names", thread=True)
        workspace.message("Check the application's health", thread=True)
        assert application.get("/devices/1").raise_for_status().json() == before
        assert application.get("/health").status_code == 200


def _alerts_until_there_is_a_backup(workspace: WorkspacePage) -> None:
    workspace.open("db-alerts")
    workspace.message("Newest backup within the RPO", "there is no backup yet")
    workspace.open("db-ops")
    workspace.type("/baseliner bakup")
    workspace.message("bakup", "Did you mean", "backup")
    _backup(workspace)


def _other_verbs_answer(workspace: WorkspacePage) -> None:
    workspace.type("/baseliner preflight")
    preflight = workspace.message("Preflight of fleet is done", "1 pending")
    expect(preflight).to_contain_text("none announced")
    workspace.type("/baseliner window in 30m for 1h deploying the pending migration")
    workspace.message("deploying the pending migration", "Cancel")
    workspace.type("/baseliner status")
    workspace.message("Newest backup", "within the RPO of")
    workspace.open("db-alerts")
    workspace.message("Newest backup within the RPO", "resolved after")


def _backup(workspace: WorkspacePage) -> None:
    workspace.type("/baseliner backup")
    done = workspace.message("Backup of fleet is done", "Location")
    expect(done).to_contain_text("300,")


def _ask_for_restore(workspace: WorkspacePage) -> None:
    workspace.type("/baseliner restore")
    workspace.choose_first("Backup of fleet")
    workspace.enter("Reason", "a device was deleted by mistake")
    workspace.enter("Name of the database", "flet")
    workspace.submit()
    expect(workspace.modal).to_contain_text("The name typed is not the database's")
    workspace.enter("Name of the database", "fleet")
    workspace.submit()
    expect(workspace.modal).to_be_hidden()


def _refused_to_approve_own(workspace: WorkspacePage) -> None:
    workspace.open("db-approvals")
    workspace.press(workspace.message("Restore of fleet needs approval"), "Approve…")
    workspace.message("Only visible to you", "nobody approves their own request", "Ada Approver")


def _approve(workspace: WorkspacePage) -> None:
    workspace.be("ada")
    card = workspace.message("Restore of fleet needs approval", "a device was deleted by mistake")
    workspace.press(card, "Approve…")
    expect(workspace.modal).to_contain_text("What will be lost or interrupted")
    workspace.enter("Name of the database", "fleet")
    workspace.enter("Comment", "checked with Olive")
    workspace.submit()
    expect(workspace.modal).to_be_hidden()
    decided = workspace.message("Approved by", "Ada Approver", "checked with Olive")
    expect(decided.get_by_role("button", name="Approve…", exact=True)).to_have_count(0)
