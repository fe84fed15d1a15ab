"""Requests and replies made readable."""

from __future__ import annotations

import pytest

from sandbox.page.dates import Reader
from sandbox.page.tree import text_of
from sandbox.page.wire_trees import exchange_tree, readable
from sandbox.wire import Exchange


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('{"a":[1]}', '{\n  "a": [\n    1\n  ]\n}'),
        ("a=1&b=x+y", "a: 1\nb: x y"),
        ("payload=%7B%22a%22%3A1%7D", 'payload: {\n  "a": 1\n}'),
        ("{broken", "{broken"),
        ("a = b", "a = b"),
        ("", ""),
    ],
)
def test_readable(text: str, shown: str) -> None:
    assert readable(text) == shown


def test_long_bodies_are_cut() -> None:
    assert readable("x" * 30_000).endswith("\n… cut here")
    assert len(readable("x" * 30_000)) < 20_100


@pytest.mark.parametrize(
    ("status", "reply", "failed"),
    [(200, '{"ok": true}', False), (200, '{"ok": false, "error": "x"}', True), (500, "", True), (None, "", True)],
)
def test_an_exchange_says_whether_it_failed(status: int | None, reply: str, failed: bool) -> None:
    exchange = Exchange(
        started=0.5, seconds=0.0123, sender="app", via="http", name="auth.test", request="", status=status, reply=reply
    )
    tree = exchange_tree(exchange, Reader())
    assert ("wire__status--failed" in str(tree)) is failed
    assert text_of(tree).startswith(f"00:00:00app →auth.test{status or 'no reply'}12 ms")
