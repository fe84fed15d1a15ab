"""mrkdwn into tokens."""

from __future__ import annotations

import string
import sys
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.page.mrkdwn import is_safe_url, parse, parse_inline, parse_plain, unescape
from sandbox.page.tokens import (
    Block,
    Bullet,
    Code,
    Date,
    Emoji,
    Inline,
    Link,
    Mention,
    Paragraph,
    Preformatted,
    Quote,
    Styled,
    Text,
)


def bold(*children: Inline) -> Styled:
    """Bold text."""
    return Styled("bold", children)


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("plain", [Text("plain")]),
        ("*bold*", [bold(Text("bold"))]),
        ("_it_ ~no~", [Styled("italic", (Text("it"),)), Text(" "), Styled("strike", (Text("no"),))]),
        ("*a _b_ c*", [bold(Text("a "), Styled("italic", (Text("b"),)), Text(" c"))]),
        ("(*a*), *b*.", [Text("("), bold(Text("a")), Text("), "), bold(Text("b")), Text(".")]),
        ("snake_case_name", [Text("snake_case_name")]),
        ("2*3*4 * 5 *", [Text("2*3*4 * 5 *")]),
        ("* not bold*", [Text("* not bold*")]),
        ("**", [Text("**")]),
        ("*over\nlines*", [Text("*over\nlines*")]),
        ("`*code* &lt;b&gt;`", [Code("*code* <b>")]),
        ("*with `*` inside*", [bold(Text("with "), Code("*"), Text(" inside"))]),
        ("a &amp; b &lt;c&gt; &amp;lt;", [Text("a & b <c> &lt;")]),
        ("<https://a.example|the &amp; label>", [Link("https://a.example", "the & label")]),
        ("<https://a.example/?x=1&amp;y=2>", [Link("https://a.example/?x=1&y=2", "https://a.example/?x=1&y=2")]),
        ("<mailto:a@b.example|mail>", [Link("mailto:a@b.example", "mail")]),
        ("see https://a.example/b, then", [Text("see "), Link(*["https://a.example/b"] * 2), Text(", then")]),
        ("*https://a.example*", [bold(Link(*["https://a.example"] * 2))]),
        ("<javascript:alert(1)|x>", [Text("<javascript:alert(1)|x>")]),
        ("<script>x</script>", [Text("<script>x</script>")]),
        ("<@U1> <@U2|ada>", [Mention("user", "U1"), Text(" "), Mention("user", "U2", "ada")]),
        ("<#C1|db-ops>", [Mention("channel", "C1", "db-ops")]),
        ("<!subteam^S1|@dbas>", [Mention("group", "S1", "@dbas")]),
        ("<!here>", [Mention("broadcast", "here")]),
        ("<!unknown|words>", [Text("words")]),
        (":tada: :nope: 10:30:00", [Emoji("tada", "🎉"), Text(" :nope: 10:30:00")]),
        ("<!date^12^{date}|then>", [Date(12, "{date}", "then")]),
        ("<!date^12^{time}^https://a.example|then>", [Date(12, "{time}", "then", "https://a.example")]),
        ("<!date^12^{time}^javascript:x|then>", [Date(12, "{time}", "then", "")]),
        ("<!date^x^{time}|then>", [Text("then")]),
    ],
)
def test_inline(text: str, tokens: list[Inline]) -> None:
    assert list(parse_inline(text)) == tokens


@pytest.mark.parametrize(
    ("text", "blocks"),
    [
        ("", []),
        ("one\ntwo", [Paragraph((Text("one\ntwo"),))]),
        ("> a\n&gt; b\nc", [Quote((Text("a\nb"),)), Paragraph((Text("c"),))]),
        ("a\n• b\n• *c*", [Paragraph((Text("a"),)), Bullet((Text("b"),)), Bullet((bold(Text("c")),))]),
        ("```x *y*\n<b>```after", [Preformatted("x *y*\n<b>"), Paragraph((Text("after"),))]),
        ("before\n```\nx\n```\nafter", [Paragraph((Text("before"),)), Preformatted("x"), Paragraph((Text("after"),))]),
        ("```<https://a.example|label> <@U1>```", [Preformatted("label @U1")]),
        ("``````", [Paragraph((Text("``````"),))]),
    ],
)
def test_blocks(text: str, blocks: list[Block]) -> None:
    assert list(parse(text)) == blocks


def test_plain_text_knows_emoji_alone() -> None:
    assert parse_plain("*a* :x: <b>") == (Text("*a* "), Emoji("x", "❌"), Text(" <b>"))
    assert parse_plain(":x:", emoji=False) == (Text(":x:"),)


def every_token(tokens: Sequence[Inline]) -> Iterator[Inline]:
    """The tokens and those inside them."""
    for token in tokens:
        yield token
        if isinstance(token, Styled):
            yield from every_token(token.children)


def words(tokens: Sequence[Inline]) -> str:
    """What a reader sees."""
    seen = []
    for token in tokens:
        match token:
            case Text(text) | Code(text) | Emoji(_, text):
                seen.append(text)
            case Styled(_, children):
                seen.append(words(children))
            case Link(_, label):
                seen.append(label)
            case Mention() | Date():
                seen.append("?")
    return "".join(seen)


marked = st.text(alphabet="*_~`<>&|:@#!^\n ab1.•/https", max_size=60)


@given(marked)
def test_any_text_parses_and_links_are_safe(text: str) -> None:
    for block in parse(text):
        if not isinstance(block, Preformatted):
            for token in every_token(block.children):
                assert not isinstance(token, Link) or is_safe_url(token.url)


@given(st.text(alphabet=string.ascii_letters + string.digits + " .,!?()[]{}'\"\\$%/+-=é🎉<>&", max_size=60))
def test_escaped_text_is_read_as_it_was(text: str) -> None:
    if "http" in text or text.startswith(">"):
        return
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert unescape(escaped) == text
    assert words(parse_inline(escaped)) == text


@given(st.text(alphabet="*_~ab", max_size=40))
def test_marks_are_either_applied_or_shown(text: str) -> None:
    letters = [character for character in text if character in "ab"]
    assert [character for character in words(parse_inline(text)) if character in "ab"] == letters


def calls_to_parse(text: str) -> int:
    """A count rather than a time, so that a busy machine does not matter."""
    count = 0

    def count_call(*_: object) -> None:
        nonlocal count
        count += 1

    before = sys.getprofile()
    sys.setprofile(count_call)
    try:
        parse(text)
    finally:
        sys.setprofile(before)
    return count


@pytest.mark.parametrize("part", ["*a ", "_*~", "<", "`a", "*a* ", ":", "```", "*", "*_~a~_*", "http"])
def test_a_hostile_text_costs_linear_time(part: str) -> None:
    short, long = calls_to_parse(part * 500), calls_to_parse(part * 2000)
    assert long < short * 6 + 2000
