"""The catalog's table, its controls, one backup in full: what a reader must find, and nothing that Slack rejects."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.errors import UsageError
from bot.models import Backup, BackupKind, Pin, StoredObject
from bot.operations.catalog import Details, Entry, Page
from bot.operations.retention import Forecast
from bot.outlook import Outlook
from bot.retention import Candidate, Judgement, Reason, Rule
from handlers import ids
from handlers.views.blocks import Message
from handlers.views.catalog import catalog_message, details_modal, pin_modal
from tests.unit.handlers.drawn import assert_harmless, buttons, read, read_modal
from tests.unit.handlers.samples import HOSTILE, NOW, OPERATOR, ago, backup

TARGETS = ["billing", "inventory"]
PIN = Pin("20261122T000000Z-7k3f", "for the auditor", OPERATOR, ago(days=3))


def forecast(backup: Backup, outlook: Outlook, *reasons: Reason, words: str = "daily 2 of 7") -> Forecast:
    return Forecast(Judgement(Candidate(backup.id, backup.taken_at), reasons, words), outlook)


def staying(number: int = 0, **changes: Any) -> Entry:
    known = backup(number, **changes)
    until = Outlook(NOW + timedelta(days=5))
    return Entry(known, None, forecast(known, until, Reason(Rule.DAILY, "daily 2 of 7", 2, 7)))


def page(*entries: Entry, number: int = 1, pages: int = 1, target: str | None = "inventory") -> Page:
    return Page(target, number, pages, entries)


def rows(message: Message) -> list[list[str]]:
    (table,) = [block for block in message.blocks if block["type"] == "table"]
    return [[_text(cell) for cell in row] for row in table["rows"]]


def _text(cell: dict[str, Any]) -> str:
    if cell["type"] == "raw_text":
        return str(cell["text"])
    (shown,) = cell["elements"][0]["elements"]
    assert shown["format"] == "{date_short_pretty} at {time}"
    return f"date {datetime.fromtimestamp(shown['timestamp'], NOW.tzinfo):%Y-%m-%d}"


def select(message: Message, action_id: str) -> dict[str, Any] | None:
    elements = [e for block in message.blocks if block["type"] == "actions" for e in block["elements"]]
    return next((element for element in elements if element["action_id"] == action_id), None)


def test_the_catalog_is_a_table() -> None:
    proved = backup(1, verified_at=NOW)
    message = catalog_message(page(staying(), Entry(proved, None, None)), ["inventory"], NOW)
    read(message)
    settings = next(block for block in message.blocks if block["type"] == "table")["column_settings"]
    assert [setting["is_wrapped"] for setting in settings] == [False] * 5 + [True], "only sentences take two lines"
    assert rows(message) == [
        ["Backup", "Age", "Size", "Took", "Verified", "Kept until"],
        ["20261122T000000Z-7k3f", "2 h ago", "29.1 MB", "7.0 s", "no", "date 2026-11-27"],
        ["20261122T010000Z-7k3f", "3 h ago", "29.1 MB", "7.0 s", "yes", "always"],
    ]


def test_a_safety_backup_is_told_apart_since_latest_passes_over_it() -> None:
    safety = Entry(backup(2, kind=BackupKind.SAFETY), None, None)
    message = catalog_message(page(safety, staying()), ["inventory"], NOW)
    told = read(message)
    assert [row[0] for row in rows(message)[1:]] == ["20261122T020000Z-7k3f (safety)", "20261122T000000Z-7k3f"]
    assert "`latest` is the newest that is no safety backup" in told
    assert "`latest`" not in read(catalog_message(page(staying()), ["inventory"], NOW))


def test_it_is_said_that_kept_until_is_a_forecast() -> None:
    assert "more of them may end it sooner" in read(catalog_message(page(staying()), ["inventory"], NOW))


def test_how_long_one_stays_is_told_where_it_is_no_date() -> None:
    known = backup()
    pinned = Entry(known, PIN, forecast(known, Outlook(None, "pinned: for the auditor"), Reason(Rule.PINNED, "x")))
    going = Entry(known, None, forecast(known, Outlook(NOW, "goes at the next prune")))
    waiting = Entry(known, None, forecast(known, Outlook(None, "verified 1 of 1"), Reason(Rule.VERIFIED, "x")))
    message = catalog_message(page(pinned, going, waiting), ["inventory"], NOW)
    read(message)
    assert [row[-1] for row in rows(message)[1:]] == ["pinned", "goes at the next prune", "verified 1 of 1"]


def test_of_all_targets_each_row_names_its_own() -> None:
    message = catalog_message(page(staying(), target=None), TARGETS, NOW)
    read(message)
    assert rows(message)[1][:2] == ["20261122T000000Z-7k3f", "inventory"]
    chosen = select(message, ids.BACKUPS_FILTER)
    assert chosen is not None
    assert chosen["initial_option"]["text"]["text"] == "All targets"
    assert [ids.decode_page(option["value"]) for option in chosen["options"]] == [
        (None, 1),
        ("billing", 1),
        ("inventory", 1),
    ]


@pytest.mark.parametrize(
    ("number", "pages", "values"),
    [
        (1, 1, {}),
        (1, 3, {ids.BACKUPS_OLDER: "2-inventory"}),
        (2, 3, {ids.BACKUPS_NEWER: "1-inventory", ids.BACKUPS_OLDER: "3-inventory"}),
        (3, 3, {ids.BACKUPS_NEWER: "2-inventory"}),
    ],
)
def test_the_pages_beside_this_one_have_buttons(number: int, pages: int, values: dict[str, str]) -> None:
    message = catalog_message(page(staying(), number=number, pages=pages), ["inventory"], NOW)
    assert (f"page {number} of {pages}" in read(message)) == (pages > 1)
    assert buttons(message.blocks) == values


def test_details_of_each_are_offered_and_one_target_needs_no_filter() -> None:
    message = catalog_message(page(*(staying(number) for number in range(10))), ["inventory"], NOW)
    read(message)
    chosen = select(message, ids.BACKUP_DETAILS)
    assert chosen is not None
    assert [option["value"] for option in chosen["options"]] == [row[0] for row in rows(message)[1:]]
    assert select(message, ids.BACKUPS_FILTER) is None


def test_an_empty_catalog_says_so_and_lets_choose_another() -> None:
    told = catalog_message(page(), TARGETS, NOW)
    assert "`/baseliner backup inventory`" in read(told)
    assert select(told, ids.BACKUPS_FILTER) is not None
    assert "There is no backup yet" in read(catalog_message(page(target=None), ["inventory"], NOW))


def test_a_page_is_a_number_and_a_target_and_nothing_else() -> None:
    for target, number in (("inventory", 1), ("a-b_c", 12), (None, 3)):
        assert ids.decode_page(ids.encode_page(target, number)) == (target, number)
    for value in ("inventory", "x-inventory", "", None, "1-<!channel>", {"page": 1}):
        with pytest.raises(UsageError):
            ids.decode_page(value)


def test_the_details_tell_all_that_is_known() -> None:
    known = backup(verified_at=ago(hours=1), verified_by="20261122T090000Z-dddd", restore_seconds=12.5)
    images = {"api": "inventory-api:1.4@sha256:ab"}
    manifest = replace(known.manifest, recipients=("age1qqqq", "age1zzzz"), images=images)
    entry = replace(staying(), backup=replace(known, manifest=manifest))
    told = read_modal(details_modal(Details(entry, OPERATOR), "C1", NOW))
    for words in (
        "On demand",
        "inventory-api:1.4@sha256:ab",
        known.id,
        "2 h ago",
        "<@U0OPERATOR>",
        "29.1 MB, of a database of 210.0 MB",
        "7.0 s",
        "20261122T090000Z-dddd",
        "restored in 12 s",
        "daily 2 of 7",
        "4,000 rows in 1 table",
        "a1b2c3",
        "16.4, tools 16.4",
        "`age1qqqq` and `age1zzzz`",
        "s3://bucket/inventory/x/",
        "database.toc.dat.zst",
        "Note: before the upgrade",
        "c" * 64,
    ):
        assert words in told, words


def test_why_one_stays_is_told_once() -> None:
    known = backup()
    outlook, reason = Outlook(None, "verified 1 of 1"), Reason(Rule.VERIFIED, "verified 1 of 1", 1, 1)
    for words in ("verified 1 of 1", "the newest, verified 1 of 1"):
        entry = Entry(known, None, forecast(known, outlook, reason, words=words))
        told = read_modal(details_modal(Details(entry, OPERATOR), "C1", NOW))
        assert f"*Kept until*\n{words}\n*Contents*" in told
    going = Entry(known, None, forecast(known, Outlook(NOW, "goes at the next prune"), words="no rule keeps it"))
    told = read_modal(details_modal(Details(going, OPERATOR), "C1", NOW))
    assert "*Kept until*\ngoes at the next prune\nno rule keeps it" in told


def test_the_details_of_an_unknown_taker_not_verified_not_encrypted() -> None:
    view = details_modal(Details(Entry(backup(), None, None), None), "C1", NOW)
    told = read_modal(view)
    for words in ("not known", "no drill has restored it yet", "nobody: it is not encrypted", "always"):
        assert words in told
    assert buttons(view["blocks"]) == {ids.PIN: backup().id}


def test_a_pinned_one_tells_by_whom_and_why_in_place_of_the_button() -> None:
    view = details_modal(Details(replace(staying(), pin=PIN), OPERATOR), "C1", NOW)
    told = read_modal(view)
    assert "Kept by <@U0OPERATOR>" in told
    assert "for the auditor" in told
    assert f"`/baseliner unkeep {PIN.backup_id} reason`" in told
    assert buttons(view["blocks"]) == {}


def test_what_comes_from_outside_is_harmless_and_fits() -> None:
    many = tuple(StoredObject(f"{HOSTILE}{n}" * 9, n, "0" * 64, "dump", n) for n in range(500))
    manifest = replace(
        backup().manifest,
        note=HOSTILE * 100,
        revision=HOSTILE * 5,
        server_version=HOSTILE,
        objects=many,
        recipients=(HOSTILE * 9,) * 20,
    )
    known = replace(backup(kind=BackupKind.SAFETY), manifest=manifest, location=HOSTILE * 100)
    entry = Entry(known, replace(PIN, reason=HOSTILE * 20), forecast(known, Outlook(None, HOSTILE), words=HOSTILE * 20))
    view = details_modal(Details(entry, OPERATOR), "C1", NOW)
    read_modal(view)
    assert_harmless(view["blocks"])
    full = [Entry(replace(known, id=f"20261122T000000Z-{n:04}"), None, entry.forecast) for n in range(10)]
    message = catalog_message(page(*full, target=None, pages=9, number=4), ["t" * 40 + f"{n}" for n in range(99)], NOW)
    read(message)
    assert_harmless(message.blocks)


def test_the_dialog_that_pins_asks_why_and_knows_the_backup() -> None:
    view = pin_modal(backup().id, "C1")
    assert backup().id in read_modal(view)
    assert ids.decode(view["private_metadata"]) == ids.ModalContext("C1", None, backup().id)
