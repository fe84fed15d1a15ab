"""Blocks, rich text and attachments as trees, and the page's other pure parts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.changes import Change, MessageDeleted, MessagePosted, MessageUpdated
from sandbox.manifest import SlashCommand
from sandbox.model import Json, Message
from sandbox.outcome import Outcome, OutcomeError
from sandbox.page.attachments import bar_colour, human_size
from sandbox.page.avatar import initials
from sandbox.page.block_trees import block_tree
from sandbox.page.composer import matching
from sandbox.page.dates import Reader
from sandbox.page.desk import explain
from sandbox.page.feed import latest
from sandbox.page.markdown import markdown_to_mrkdwn
from sandbox.page.pen import Pen
from sandbox.page.timeline import follows
from sandbox.page.tree import Tree, part, text_of
from sandbox.people import APPROVER, OPERATOR
from sandbox.workspace import Workspace


@pytest.fixture(scope="module")
def pen() -> Pen:
    """Writes for the operator."""
    return Pen(Workspace(), Reader(), OPERATOR)


def parts(tree: Tree) -> Iterator[Json]:
    """The tree's elements."""
    if not isinstance(tree, str):
        yield tree
        for child in tree.get("children", ()):
            yield from parts(child)


def test_parts_name_attributes_as_html_does() -> None:
    tree = part("a", "css", "x", "", part("b"), act="go", data_testid="id", href=None)
    assert tree == {
        "tag": "a",
        "css": "css",
        "attributes": {"data-testid": "id"},
        "children": ["x", {"tag": "b", "attributes": {}}],
        "act": "go",
    }


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"<@{OPERATOR.id}> and <@{APPROVER.id}>", "@Olive Operator and @Ada Approver"),
        ("<@U404|ghost> <@U405>", "@ghost @U405"),
        ("<@U0SANDBOXBOT>", "@App"),
        ("<#C0DBOPS001> <#C404|gone> <#C405>", "#db-ops #gone #C405"),
        ("<!subteam^S0APPROVERS> <!subteam^S404|@others>", "@db-approvers @others"),
        ("<!channel>", "@channel"),
        ("<!date^0^{date_num}|x>", "1970-01-01"),
    ],
)
def test_names_come_from_the_workspace(pen: Pen, text: str, shown: str) -> None:
    assert "".join(map(text_of, pen.mrkdwn(text))) == shown


@pytest.mark.parametrize(
    ("text", "css"),
    [
        (f"<@{OPERATOR.id}>", "mention mention--me"),
        (f"<@{APPROVER.id}>", "mention"),
        ("<!subteam^S0APPROVERS>", "mention"),
        ("<!here>", "mention mention--me"),
    ],
)
def test_a_mention_of_the_reader_stands_out(pen: Pen, text: str, css: str) -> None:
    (paragraph,) = pen.mrkdwn(text)
    assert [element.get("css") for element in parts(paragraph)] == ["text", css]


BLOCKS: list[tuple[Json, str]] = [
    ({"type": "header", "text": {"type": "plain_text", "text": "A *b* :x:"}}, "A *b* ❌"),
    ({"type": "section", "text": {"type": "mrkdwn", "text": "*a*"}}, "a"),
    ({"type": "section", "fields": [{"type": "mrkdwn", "text": "*a*"}, {"type": "plain_text", "text": "*b*"}]}, "a*b*"),
    ({"type": "context", "elements": [{"type": "plain_text", "text": "a"}, {"type": "mrkdwn", "text": "_b_"}]}, "ab"),
    ({"type": "divider"}, ""),
    ({"type": "markdown", "text": "## T\n**b** [l](https://a.example)"}, "T\nb l"),
    ({"type": "table", "rows": [[{"type": "raw_text", "text": "h"}], [{"type": "raw_text", "text": "c"}]]}, "hc"),
    ({"type": "banner"}, "help_outlineA block of type “banner”, which this page does not draw."),
    ({"type": "image", "image_url": "javascript:x", "alt_text": "words", "title": {"text": "T"}}, "Twords"),
    (
        {
            "type": "rich_text",
            "elements": [
                {
                    "type": "rich_text_section",
                    "elements": [
                        {"type": "text", "text": "a", "style": {"bold": True, "italic": True}},
                        {"type": "emoji", "name": "tada"},
                        {"type": "emoji", "name": "nope"},
                        {"type": "user", "user_id": OPERATOR.id},
                        {"type": "link", "url": "javascript:x", "text": "js"},
                        {"type": "link", "url": "https://a.example"},
                        {"type": "date", "timestamp": 0, "format": "{date_num}", "fallback": "f"},
                        {"type": "broadcast", "range": "here"},
                    ],
                },
                {
                    "type": "rich_text_list",
                    "style": "ordered",
                    "offset": 2,
                    "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": "third"}]}],
                },
                {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": "<b>"}]},
                {"type": "rich_text_quote", "elements": [{"type": "text", "text": "q"}]},
            ],
        },
        "a🎉:nope:@Olive Operatorjshttps://a.example1970-01-01@here3. third<b>q",
    ),
]


@pytest.mark.parametrize(("block", "shown"), BLOCKS, ids=lambda value: value["type"] if isinstance(value, dict) else "")
def test_blocks(pen: Pen, block: Json, shown: str) -> None:
    tree = block_tree(block, pen)
    assert text_of(tree) == shown
    links = [element["attributes"]["href"] for element in parts(tree) if "href" in element["attributes"]]
    assert all(link.startswith("https://") for link in links)


@given(st.text(max_size=80), st.sampled_from(["mrkdwn", "plain_text"]))
def test_text_makes_no_tag_or_attribute_of_its_own(text: str, kind: str) -> None:
    writer = Pen(Workspace(), Reader(), OPERATOR)
    for tree in writer.text_object({"type": kind, "text": text}):
        for element in parts(tree):
            assert element["tag"] in {"div", "blockquote", "pre", "span", "strong", "em", "s", "code", "a", "time"}
            assert set(element["attributes"]) <= {"title", "href", "target", "rel", "datetime"}


@pytest.mark.parametrize(
    ("markdown", "mrkdwn"),
    [
        ("**b** and *i*", "*b* and _i_"),
        ("# Title\n- one\n- two", "*Title*\n• one\n• two"),
        ("[l](https://a.example) ~~s~~", "<https://a.example|l> ~s~"),
        ("[l](javascript:x)", "[l](javascript:x)"),
        ("`**code**`\n```py\n# x\n```", "`**code**`\n```# x\n```"),
    ],
)
def test_markdown(markdown: str, mrkdwn: str) -> None:
    assert markdown_to_mrkdwn(markdown) == mrkdwn


@pytest.mark.parametrize(
    ("colour", "bar"),
    [("good", "#2e8b57"), ("#A0b1C2", "#A0b1C2"), ("a0b1c2", "#a0b1c2"), ("red;x:url(y)", "#9aa5b1"), ("", "#9aa5b1")],
)
def test_bar_colours_are_safe(colour: str, bar: str) -> None:
    assert bar_colour(colour) == bar


@pytest.mark.parametrize(
    ("size", "shown"), [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (3_400_000, "3.4 MB"), (10**13, "10000.0 GB")]
)
def test_sizes(size: int, shown: str) -> None:
    assert human_size(size) == shown


@pytest.mark.parametrize(("name", "letters"), [("Olive Operator", "OO"), ("ada", "A"), ("", "?"), ("a b c", "AC")])
def test_initials(name: str, letters: str) -> None:
    assert initials(name) == letters


def test_commands_are_offered_while_the_command_is_typed() -> None:
    commands = [SlashCommand(command="/baseliner"), SlashCommand(command="/other")]
    assert matching(commands, "/") == commands
    assert matching(commands, "/ba") == commands[:1]
    for typed in ("", "x/", "/baseliner backup", "/nope", "/ba\n"):
        assert matching(commands, typed) == []


def test_only_the_latest_update_of_a_message_is_drawn() -> None:
    first = Message(channel="C1", ts="1.0", user="U1", text="a")
    second, other = replace(first, text="b"), replace(first, ts="2.0")
    changes: list[Change] = [MessagePosted(first), MessageUpdated(first), MessageUpdated(other), MessageUpdated(second)]
    assert latest(changes) == [MessagePosted(first), MessageUpdated(other), MessageUpdated(second)]
    assert latest([*changes, MessageDeleted(first)])[-1] == MessageDeleted(first)


def test_messages_are_grouped_under_one_author_for_a_while() -> None:
    first = Message(channel="C1", ts="100.0", user="U1", text="a")
    assert follows(replace(first, ts="150.0"), first)
    assert not follows(replace(first, ts="500.0"), first)
    assert not follows(replace(first, ts="150.0", user="U2"), first)
    assert not follows(replace(first, ts="150.0", ephemeral_to="U1"), first)
    assert not follows(replace(first, ts="150.0"), replace(first, reply_count=1))


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        (None, 200, ""),
        ("operation_timeout", None, "Bot did not answer within 3 seconds (operation_timeout)."),
        ("dispatch_failed", 500, "Bot answered with HTTP 500 (dispatch_failed)."),
        ("dispatch_failed", None, "Bot could not be reached (dispatch_failed)."),
        ("invalid_response", 200, "Bot gave an answer that a workspace does not accept (invalid_response)."),
    ],
)
def test_failures_are_explained(error: OutcomeError | None, status: int | None, words: str) -> None:
    assert explain(Outcome(error=error, status=status), "Bot") == words
