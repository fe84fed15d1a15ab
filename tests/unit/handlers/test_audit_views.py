"""The audit log in Slack: what is typed, what the buttons carry, what is shown."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import NotFound, UsageError
from bot.models import AuditFilter
from handlers import ids
from handlers.parse_audit import parse_audit
from handlers.views.audit import AuditPage, Chain, audit_message
from tests.unit.handlers.drawn import assert_harmless, buttons, read
from tests.unit.handlers.samples import HOSTILE, ID, NOW, audit_entry

TARGETS = ["inventory", "billing"]
BERLIN = ZoneInfo("Europe/Berlin")
WHOLE = Chain(True, 40)
EVERY = AuditFilter()


def parsed(text: str) -> AuditFilter:
    return parse_audit(tuple(text.split()), TARGETS, NOW, BERLIN)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", EVERY),
        ("inventory", AuditFilter(target="inventory")),
        ("by @olive", AuditFilter(actor="olive")),
        ("by Olive Operator since 7d", AuditFilter(actor="Olive Operator", since=NOW - timedelta(days=7))),
        ("by <@U0OPERATOR|olive>", AuditFilter(actor="U0OPERATOR")),
        ("by <@U0OPERATOR>", AuditFilter(actor="U0OPERATOR")),
        ("since 2026-11-01", AuditFilter(since=datetime(2026, 10, 31, 23, tzinfo=UTC))),
        ("what Restore", AuditFilter(action="restore")),
        ("WHAT schedule.pause", AuditFilter(action="schedule.pause")),
        (
            "billing what restore since 12h by ada",
            AuditFilter("billing", "ada", "restore", NOW - timedelta(hours=12)),
        ),
    ],
)
def test_what_is_typed_is_understood(text: str, wanted: AuditFilter) -> None:
    assert parsed(text) == wanted


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("inventory x", "“x” is more than this command takes"),
        ("by", "“by” needs a word behind it"),
        ("since what restore", "“since” needs a word behind it"),
        ("by a by b", "“by” stands there twice"),
        ("since yesterday", "neither a length of time nor a date"),
        ("what %;DROP", "is not what an entry can be of"),
        ("what two words", "is not what an entry can be of"),
    ],
)
def test_what_cannot_be_understood_is_told(text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        parsed(text)


def test_an_unknown_target_is_told_with_the_nearest() -> None:
    with pytest.raises(NotFound, match="inventroy"):
        parsed("inventroy")


FULL = AuditFilter("inventory", "Olive “O” Operator", "restore", datetime(2026, 11, 1, tzinfo=UTC), None, 17)


@pytest.mark.parametrize("wanted", [EVERY, FULL, replace(EVERY, before=1)])
def test_a_page_comes_back_from_its_button(wanted: AuditFilter) -> None:
    assert ids.decode_audit(ids.encode_audit(wanted)) == wanted


@given(
    st.one_of(st.text(max_size=80), st.sampled_from(['{"t":"../x"}', '{"b":"y"}', '{"s":1e99}', "[]", "7", '{"p":[]}']))
)
def test_what_is_no_page_is_refused(value: str) -> None:
    try:
        found = ids.decode_audit(value)
    except UsageError:
        return
    assert found == ids.decode_audit(ids.encode_audit(found)), "what was taken is a page"


@pytest.mark.parametrize(
    "value", ['{"t":"../x"}', '{"b":"y"}', '{"s":1e99}', "[]", "7", '{"p":[]}', '{"w":""}', "", None]
)
def test_strange_pages_are_refused(value: object) -> None:
    with pytest.raises(UsageError):
        ids.decode_audit(value)


def test_the_log_tells_whether_its_chain_holds() -> None:
    told = read(audit_message(AuditPage([audit_entry(2), audit_entry(1)], AuditFilter("inventory")), WHOLE))
    assert told.index("2. <!date^") < told.index("1. <!date^")
    assert "*Audit log* of `inventory`, newest first" in told
    assert "The chain of 40 entries is intact" in told
    broken = read(audit_message(AuditPage([audit_entry(1)] * 20, EVERY), Chain(False, 1, 7, "hash differs")))
    assert "broken at entry 7: hash differs" in broken
    assert "Nothing has been written down" in read(audit_message(AuditPage([], EVERY), Chain(True, 0)))


def test_what_was_asked_for_is_said_and_kept_by_the_buttons() -> None:
    asked = replace(FULL, before=None)
    first = audit_message(AuditPage([audit_entry(21), audit_entry(20)], asked, older=True), WHOLE)
    told = read(first)
    for words in ("of `inventory`", "by Olive “O” Operator", "since <!date^1793491200^", "only `restore`"):
        assert words in told
    assert set(buttons(first.blocks)) == {ids.AUDIT_OLDER}
    following = ids.decode_audit(buttons(first.blocks)[ids.AUDIT_OLDER])
    assert following == replace(asked, before=20)
    last = audit_message(AuditPage([], following), WHOLE)
    assert "No entry matches" in read(last)
    assert ids.decode_audit(buttons(last.blocks)[ids.AUDIT_NEWEST]) == asked


@pytest.mark.parametrize(
    ("detail", "told"),
    [
        ({"backup_id": ID, "reason": "evidence <!here>"}, f" · backup `{ID}`: evidence &lt;!here&gt;\n"),
        ({"backup_id": ID, "location": "s3://x"}, f" · backup `{ID}`\n"),
        ({"comment": "not today", "allowed": "on the list of approvers"}, f"`{ID}`: not today\n"),
        ({"reason": "", "failure": "w" * 500}, f"`{ID}`: {'w' * 119}…\n"),
        ({"reason": {"no": "words"}}, f"`{ID}`\n"),
    ],
)
def test_an_entry_names_the_backup_and_the_reason(detail: dict[str, object], told: str) -> None:
    entry = replace(audit_entry(1), detail=detail)
    assert told in read(audit_message(AuditPage([entry], EVERY), WHOLE))


def test_a_person_asked_for_by_id_is_mentioned() -> None:
    for actor, shown in (("U0OPERATOR", "by <@U0OPERATOR>,"), ("WILMA", "by WILMA,")):
        assert shown in read(audit_message(AuditPage([], AuditFilter(actor=actor)), WHOLE))


def test_hostile_words_are_harmless() -> None:
    hostile = AuditFilter("inventory", HOSTILE[:90], "restore")
    entry = replace(audit_entry(1, HOSTILE), detail={"backup_id": HOSTILE, "reason": HOSTILE * 9})
    message = audit_message(AuditPage([entry] * 20, hostile, older=True), Chain(False, 1, 7, HOSTILE))
    assert len(read(message)) < 13_200
    assert_harmless(message.blocks)
