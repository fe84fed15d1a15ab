"""Files of the app and of people: uploads, previews, file inputs."""

from __future__ import annotations

import base64
import struct
import zlib
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from slack_sdk import WebClient
from websockets.sync.client import connect

from sandbox.testing import RunningWorkspace
from tests.integration.sandbox.apps import OPS, refusal, trigger
from tests.integration.sandbox.test_sockets import acknowledge, open_url, receive
from tests.unit.sandbox.blocks import Json, field, modal


def png(width: int, height: int) -> bytes:
    """A grey picture."""
    rows = b"".join(b"\0" + b"\x80" * width for _ in range(height))

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def test_a_picture_is_previewed(slack: RunningWorkspace, client: WebClient) -> None:
    client.files_upload_v2(channel=OPS, content=png(30, 20), filename="chart.png", title="Chart")
    file = slack.person.wait_for_message("db-ops")["files"][0]
    assert (file["title"], file["mimetype"], file["filetype"]) == ("Chart", "image/png", "png")
    assert (file["original_w"], file["original_h"]) == (30, 20)
    reply = httpx.get(file["thumb_360"])
    assert reply.content == png(30, 20)
    assert reply.headers["content-type"] == "image/png"
    assert "content-disposition" not in reply.headers
    assert "attachment" in httpx.get(file["url_private_download"]).headers["content-disposition"]


def test_an_upload_without_a_channel_is_shared_nowhere(slack: RunningWorkspace, client: WebClient) -> None:
    uploaded = client.files_upload_v2(content="x", filename="a.txt")
    assert uploaded["files"][0]["name"] == "a.txt"
    assert slack.person.messages("db-ops") == []


def test_a_file_goes_into_a_thread_and_only_there_where_the_app_is(slack: RunningWorkspace, client: WebClient) -> None:
    ts = client.chat_postMessage(channel=OPS, text="Parent")["ts"]
    client.files_upload_v2(channel=OPS, content="x", filename="a.txt", thread_ts=ts)
    assert slack.person.messages("db-ops")[-1]["thread_ts"] == ts
    slack.run(lambda: slack.workspace.members[OPS].discard(slack.workspace.app.bot_user_id))
    started = client.files_getUploadURLExternal(filename="b.txt", length=1)
    httpx.post(started["upload_url"], content=b"b")
    files = [{"id": started["file_id"]}]
    body = refusal(client, "files.completeUploadExternal", files=files, channel_id=OPS)
    assert body["error"] == "not_in_channel"


def open_form(slack: RunningWorkspace, client: WebClient, **element: Any) -> Json:
    """A modal with one file input."""
    content = field({"type": "file_input", "action_id": "file", **element}, block_id="evidence")
    view: Json = client.views_open(trigger_id=trigger(slack), view=modal(content))["view"]
    return view


def submitted(slack: RunningWorkspace, view: Json, value: Any) -> Json:
    """The files of the submission that the app gets."""
    with connect(open_url(slack)) as connection, ThreadPoolExecutor(1) as background:
        receive(connection)
        act = background.submit(slack.person.submit, "olive", view["id"], {"evidence": value})
        envelope = receive(connection)
        acknowledge(connection, envelope)
        assert act.result(5)["ok"]
    state: Json = envelope["payload"]["view"]["state"]["values"]["evidence"]["file"]
    return state


def test_a_person_puts_files_into_a_form(slack: RunningWorkspace, client: WebClient) -> None:
    view = open_form(slack, client, max_files=3)
    uploaded = slack.person.upload("olive", "plan.png", png(3, 2))
    encoded = base64.b64encode(b"\x00\x01").decode()
    state = submitted(
        slack,
        view,
        [uploaded["id"], {"name": "log.txt", "content": "all well"}, {"name": "x.bin", "content_base64": encoded}],
    )
    assert state["type"] == "file_input"
    assert [file["name"] for file in state["files"]] == ["plan.png", "log.txt", "x.bin"]
    assert {file["user"] for file in state["files"]} == {"U0OPERATOR"}
    assert httpx.get(state["files"][1]["url_private"]).text == "all well"
    assert httpx.get(state["files"][2]["url_private"]).content == b"\x00\x01"


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ([{"name": "a.csv", "content": "x"}] * 3, "at most 2 files"),
        ({"name": "a.exe", "content": "x"}, "is none of: csv, png"),
        ({"name": "a.csv", "content": "x" * 10_000_001}, "more than 10000000 bytes"),
        ({"name": "a.csv"}, "needs its content"),
        ({"name": "a.csv", "content_base64": "?"}, "needs its content"),
        ("F0NOTHING1", "has no file"),
        (None, "please fill in: evidence"),
    ],
)
def test_a_file_that_the_input_does_not_take_is_refused(
    slack: RunningWorkspace, client: WebClient, value: Any, reason: str
) -> None:
    view = open_form(slack, client, max_files=2, filetypes=["csv", "png"])
    seen = slack.person.submit("olive", view["id"], {"evidence": value}, check=False)
    assert reason in seen["detail"]


def test_a_file_of_somebody_else_cannot_be_submitted(slack: RunningWorkspace, client: WebClient) -> None:
    view = open_form(slack, client)
    theirs = slack.person.upload("dana", "a.txt", b"x")
    seen = slack.person.submit("olive", view["id"], {"evidence": theirs["id"]}, check=False)
    assert seen["error"] == "invalid_value"
