"""Take the pictures in docs/images from the running demo: `make screenshots`."""

from __future__ import annotations

import tempfile
from pathlib import Path

import httpx
from playwright.sync_api import Page, ViewportSize, expect

from tests.e2e.running_demo import RunningDemo, running_demo
from tests.e2e.workspace_page import WorkspacePage, chromium

IMAGES = Path(__file__).parent / "images"
SIZE = ViewportSize(width=1280, height=860)


def main() -> None:
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as directory, running_demo(Path(directory)) as demo, chromium() as browser:
        page = browser.new_page(viewport=SIZE)
        workspace = WorkspacePage(page, demo.url)
        _alert(workspace)
        _backup(workspace)
        _restore(workspace, demo)
        _preflight(workspace)
        narrow = browser.new_page(viewport={"width": 400, "height": 800})
        WorkspacePage(narrow, demo.url)
        _shot(narrow, "narrow")


def _alert(workspace: WorkspacePage) -> None:
    workspace.open("db-alerts")
    workspace.message("Newest backup within the RPO")
    _shot(workspace.page, "alert")


def _backup(workspace: WorkspacePage) -> None:
    workspace.open("db-ops")
    workspace.type("/baseliner")
    workspace.message("keeps your databases")
    _shot(workspace.page, "help")
    workspace.type("/baseliner backup before the deploy")
    workspace.message("Backup of fleet is done")
    _shot(workspace.page, "backup")


def _restore(workspace: WorkspacePage, demo: RunningDemo) -> None:
    httpx.delete(f"{demo.application}/devices/1", timeout=20).raise_for_status()
    workspace.type("/baseliner restore")
    workspace.choose_first("Backup of fleet")
    workspace.enter("Reason", "edge-router-0001 was deleted by mistake")
    workspace.enter("Name of the database", "fleet")
    _shot(workspace.page, "restore-modal")
    workspace.submit()
    expect(workspace.modal).to_be_hidden()
    workspace.be("ada")
    workspace.open("db-approvals")
    card = workspace.message("Restore of fleet needs approval")
    _shot(workspace.page, "approval")
    workspace.press(card, "Approve…")
    workspace.enter("Name of the database", "fleet")
    workspace.enter("Comment", "checked with Olive")
    _shot(workspace.page, "approve-modal")
    workspace.submit()
    expect(workspace.modal).to_be_hidden()
    workspace.open("db-ops")
    workspace.open_thread(workspace.message("Restore of fleet is done"))
    workspace.message("Check the application's health", "200", thread=True)
    _shot(workspace.page, "restore")
    workspace.page.get_by_test_id("close-thread").click()


def _preflight(workspace: WorkspacePage) -> None:
    workspace.type("/baseliner preflight")
    workspace.message("Preflight of fleet is done")
    _shot(workspace.page, "preflight")


def _shot(page: Page, name: str) -> None:
    # Until fonts are there and what has just come has scrolled into its place.
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(600)
    page.screenshot(path=IMAGES / f"{name}.png")


if __name__ == "__main__":
    main()
