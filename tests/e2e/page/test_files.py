"""Files of the app and of people in a real browser."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import FilePayload, Page, expect
from slack_bolt import Ack, App

from sandbox.model import Json
from tests.e2e.page.answering import opens
from tests.e2e.page.builders import modal, plain, text_input
from tests.e2e.page.conftest import Register, Workspace, messages, send
from tests.integration.sandbox.test_files import png
from tests.support import eventually

pytestmark = pytest.mark.browser


def test_an_uploaded_picture_is_previewed_and_can_be_downloaded(page: Page, workspace: Workspace) -> None:
    uploads: list[Json] = [
        {"content": png(30, 20), "filename": "chart one.png", "title": "Chart of the week"},
        {"content": "all well", "filename": "log.txt", "title": "Log"},
    ]
    workspace.client.files_upload_v2(
        channel=workspace.channel("db-ops"), file_uploads=uploads, initial_comment="Here is *the chart*"
    )
    row = messages(page, "Here is the chart")
    preview = row.get_by_role("img", name="Chart of the week")
    expect(preview).to_be_visible()
    eventually(lambda: preview.evaluate("picture => picture.naturalWidth") == 30)
    expect(row.get_by_role("img")).to_have_count(1)
    contents = {}
    for title in ("Chart of the week", "Log"):
        with page.expect_download() as started:
            row.get_by_role("link", name=title).click()
        contents[started.value.suggested_filename] = Path(started.value.path()).read_bytes()
    assert contents == {"chart one.png": png(30, 20), "log.txt": b"all well"}


def test_chosen_files_are_uploaded_and_the_submission_carries_them(
    page: Page, workspace: Workspace, listen: Callable[[Register], None]
) -> None:
    received: list[Json] = []
    element = {"type": "file_input", "action_id": "evidence", "filetypes": ["png", "txt"], "max_files": 2}
    block = {"type": "input", "block_id": "evidence", "label": plain("Evidence"), "element": element}

    def register(app: App) -> None:
        opens(modal(block, text_input("why", "Why")))(app)

        @app.view("restore")
        def take(ack: Ack, view: Json) -> None:
            ack()
            received.append(view["state"]["values"]["evidence"]["evidence"])

    listen(register)
    send(page, "/baseliner restore")
    chooser, picked = page.get_by_label("Evidence"), page.get_by_test_id("picked-file")
    page.get_by_test_id("modal-submit").click()
    expect(page.get_by_test_id("error-evidence")).to_have_text("Please complete this required field.")
    chooser.set_input_files(file("virus.exe", b"x"))
    expect(page.get_by_text("virus.exe is none of: png, txt.")).to_be_visible()
    chooser.set_input_files([file("a.txt", b"first"), file("b.txt", b""), file("c.txt", b"third")])
    expect(page.get_by_text("At most 2 files.")).to_be_visible()
    chooser.set_input_files([file("plan.png", png(3, 2)), file("a.txt", b"all well")])
    expect(picked).to_have_count(2)
    eventually(lambda: picked.first.locator("img").evaluate("picture => picture.naturalWidth") == 3)
    page.reload()
    expect(chooser).to_be_visible()
    chooser.set_input_files([file("plan.png", png(3, 2)), file("a.txt", b"all well")])
    expect(picked).to_have_count(2)
    expect(chooser).to_be_hidden()
    page.get_by_role("button", name="Remove plan.png").click()
    expect(picked).to_have_text(["descriptiona.txt8 Bclose"])
    page.get_by_test_id("modal").get_by_label("Why").fill("it failed")
    page.get_by_test_id("modal-submit").click()
    expect(page.get_by_test_id("modal")).to_be_hidden()
    (state,) = received
    (sent,) = state["files"]
    assert (state["type"], sent["name"], sent["user"]) == ("file_input", "a.txt", workspace.user("olive"))
    assert httpx.get(sent["url_private"], trust_env=False).text == "all well"


def file(name: str, content: bytes) -> FilePayload:
    """A file on the person's machine."""
    return {"name": name, "mimeType": "application/octet-stream", "buffer": content}
