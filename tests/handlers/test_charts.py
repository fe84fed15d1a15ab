"""`chart`: a picture of the last backups, uploaded where it was asked for."""

from __future__ import annotations

import struct

import httpx

from tests.handlers.conftest import ELSEWHERE, OPERATOR, OPS, Desk
from tests.support import eventually


def size_of(png: bytes) -> tuple[int, int]:
    assert png.startswith(b"\x89PNG")
    width, height = struct.unpack(">II", png[16:24])
    return width, height


def test_a_picture_of_the_backups_is_posted(desk: Desk) -> None:
    assert "no backup yet" in desk.ask("chart")
    for _ in range(2):
        desk.ask("backup")
        desk.run(desk.latest().id)
    desk.type("chart inventory")
    eventually(lambda: any(post.get("files") for post in desk.posts()))
    (file,) = next(post["files"] for post in desk.posts() if post.get("files"))
    assert file["name"] == "inventory-backups.png"
    assert "last 2 backups of inventory" in file["title"]
    token = {"Authorization": f"Bearer {desk.slack.workspace.credentials.bot_token}"}
    width, height = size_of(httpx.get(file["url_private"], headers=token, trust_env=False).content)
    assert width > height > 400


def test_where_the_bot_is_no_member_it_says_so(desk: Desk) -> None:
    desk.ask("backup")
    desk.run(desk.latest().id)
    assert "/invite" in desk.ask("chart", OPERATOR, ELSEWHERE)
    assert not [post for post in desk.posts(OPS) if post.get("files")]
