"""The catalog, schedules, retention and pins, through Bolt's own dispatch."""

from datetime import timedelta
from typing import Any

import pytest

from bot.errors import NotFound
from bot.models import ScheduleName
from bot.settings import Retention, Settings
from handlers import ids
from tests.handlers.conftest import APPROVER, DEVELOPER, OPERATOR, OPS, Desk, MakeDesk, words_of
from tests.stored import store_backup
from tests.support import eventually


@pytest.fixture
def scheduled(settings: Settings) -> Settings:
    """inventory and billing, each with a schedule and rules of retention."""
    rules = {"schedule": "0 2 * * *", "retention": Retention(last=2)}
    target = settings.targets["inventory"].model_copy(update=rules)
    return settings.model_copy(update={"targets": {"inventory": target, "billing": target}})


@pytest.fixture
def desk(make_desk: MakeDesk, scheduled: Settings) -> Desk:
    return make_desk(scheduled)


def stored(desk: Desk, count: int, target: str = "inventory") -> list[str]:
    """Ids, newest first."""
    now = desk.services.clock.now()
    return [store_backup(desk.house.context, target, now - timedelta(hours=hours + 1)).id for hours in range(count)]


def newest_answer(desk: Desk) -> dict[str, Any]:
    return [message for message in desk.person.messages(OPS, OPERATOR) if message["ephemeral"]][-1]


def listed(desk: Desk) -> list[str]:
    """The ids in the table of the newest answer."""
    tables = [block for block in newest_answer(desk)["blocks"] if block["type"] == "table"]
    return [row[0]["text"] for row in tables[0]["rows"][1:]] if tables else []


def press(desk: Desk, action_id: str, value: str | None = None) -> None:
    desk.person.action(OPERATOR, OPS, newest_answer(desk)["ts"], action_id, value)


def test_the_catalog_is_turned_page_by_page_in_place(desk: Desk) -> None:
    found = stored(desk, 23)
    desk.ask("backups inventory")
    answers = len(desk.person.messages(OPS, OPERATOR))
    assert listed(desk) == found[:10]
    press(desk, ids.BACKUPS_OLDER)
    eventually(lambda: listed(desk) == found[10:20])
    press(desk, ids.BACKUPS_OLDER)
    eventually(lambda: listed(desk) == found[20:])
    press(desk, ids.BACKUPS_NEWER)
    eventually(lambda: listed(desk) == found[10:20])
    assert len(desk.person.messages(OPS, OPERATOR)) == answers, "the same message"


def test_the_catalog_of_all_is_filtered_by_target(desk: Desk) -> None:
    mine, others = stored(desk, 2), stored(desk, 1, "billing")
    desk.ask("backups")
    assert sorted(listed(desk)) == sorted([*mine, *others])
    press(desk, ids.BACKUPS_FILTER, ids.encode_page("billing", 1))
    eventually(lambda: listed(desk) == others)


def test_one_is_shown_in_full_and_kept_from_there(desk: Desk) -> None:
    (newest,) = stored(desk, 1)
    desk.ask("backups inventory")
    press(desk, ids.BACKUP_DETAILS, newest)
    details = desk.modal()
    assert newest in str(details["blocks"])
    desk.person.view_action(OPERATOR, details["id"], ids.PIN)
    dialog = desk.person.wait_for_view(OPERATOR, lambda view: view["id"] != details["id"])
    desk.person.submit(OPERATOR, dialog["id"], {ids.REASON: "evidence"})
    assert f"`{newest}` is kept until somebody lets it go: evidence" in desk.answer()
    assert desk.person.views(OPERATOR) == []
    entry = desk.services.catalog.details(newest).entry
    assert entry.pin is not None
    assert (entry.pin.reason, entry.pin.pinned_by.id) == ("evidence", OPERATOR)


def test_who_may_not_keep_is_told_above_the_dialog(desk: Desk) -> None:
    (newest,) = stored(desk, 1)
    desk.ask("backups inventory", user=DEVELOPER)
    message = [each for each in desk.person.messages(OPS, DEVELOPER) if each["ephemeral"]][-1]
    desk.person.action(DEVELOPER, OPS, message["ts"], ids.BACKUP_DETAILS, newest)
    details = desk.modal(DEVELOPER)
    desk.person.view_action(DEVELOPER, details["id"], ids.PIN)
    dialog = desk.person.wait_for_view(DEVELOPER, lambda view: view["id"] != details["id"])
    desk.person.submit(DEVELOPER, dialog["id"], {ids.REASON: "mine"})
    above = desk.person.wait_for_view(DEVELOPER, lambda view: view["id"] not in (details["id"], dialog["id"]))
    assert "neither on the list of requesters nor of approvers" in str(above["blocks"])
    assert desk.services.catalog.details(newest).entry.pin is None


def test_one_that_is_gone_meanwhile_is_told(desk: Desk) -> None:
    found = stored(desk, 3)
    desk.ask("backups inventory")
    desk.house.work.pruning.prune("inventory")
    with pytest.raises(NotFound):
        desk.services.catalog.details(found[2])
    press(desk, ids.BACKUP_DETAILS, found[2])
    eventually(lambda: "was removed on" in words_of(newest_answer(desk)))


def test_backups_are_kept_and_let_go_by_command(desk: Desk) -> None:
    found = stored(desk, 3)
    told = desk.ask("retention inventory")
    assert "1 backup would go at the next prune" in told
    assert told.index(found[2]) < told.index(found[0]), "what would go stands first"
    assert "is kept until somebody" in desk.ask(f"keep {found[2]} evidence of the move", user=APPROVER)
    assert "0 backups would go" in desk.ask("retention inventory")
    assert "is kept already by" in desk.ask(f"keep {found[2]} again")
    assert "has no pin any more" in desk.ask(f"unkeep {found[2]} it has moved")
    desk.draw()
    kept, let_go = map(words_of, desk.posts()[-2:])
    assert f"<@{APPROVER}> keeps backup `{found[2]}` of `inventory`" in kept
    assert "evidence of the move" in kept
    assert f"<@{OPERATOR}> lets go of backup `{found[2]}`" in let_go
    assert "it has moved" in let_go
    assert "`billing`" in desk.ask("retention"), "of every target"


WRONG = {
    "keep": "Say which backup, and why",
    "keep 20261122T101500Z-7k3f": "Say why",
    "keep 20261122T101500Z-7k3f because": "There is no backup '20261122T101500Z-7k3f'",
    "unkeep ../etc because": "“../etc” is no backup's id",
    "keep Latest because": "say which one by its id",
    "schedule pause": "Say which target, and why",
    "schedule pause inventory": "Say why",
    "schedule resume inventory because": "is not paused",
    "schedule pause nosuch because": "There is no target named 'nosuch'",
    "backup inventory --foo": "There is no option “--foo”",
    "window inventory in 99999h for 1h too far": "more than a year from now",
    "schedule inventory now": "more than this command takes",
    "retention inventory now": "more than this command takes",
    "schedule inventroy": "Did you mean inventory?",
}


def test_what_is_wrong_is_told_with_the_way_to_do_it(desk: Desk) -> None:
    for text, words in WRONG.items():
        assert words in desk.ask(text), text


def test_a_schedule_is_paused_shown_and_resumed(desk: Desk) -> None:
    assert desk.ask("schedule").count("0 2 * * *") == 2
    assert "is paused: the disk is full" in desk.ask("schedule pause inventory the disk is full")
    assert f"paused by <@{OPERATOR}>" in desk.ask("schedule inventory")
    assert "The backup schedule is paused" in desk.ask("status")
    assert "is resumed; it fires next <!date^" in desk.ask("schedule resume inventory there is room")
    assert [status.pause for status in desk.services.schedules.statuses()] == [None, None]
    desk.draw()
    paused, resumed = map(words_of, desk.posts()[-2:])
    assert f"<@{OPERATOR}> paused the backup schedule of `inventory`" in paused
    assert f"<@{OPERATOR}> resumed the backup schedule of `inventory`.\nthere is room" in resumed
    refused = desk.ask("schedule pause inventory because", user=DEVELOPER)
    assert "neither on the list of requesters nor of approvers" in refused


def test_a_word_that_names_no_schedule_of_the_target_is_part_of_the_reason(desk: Desk) -> None:
    desk.ask("schedule pause inventory drill")
    (pause,) = desk.services.overview.targets()[0].pauses
    assert (pause.schedule, pause.reason) == (ScheduleName.BACKUP, "drill")
    assert "inventory has no drill schedule" in desk.ask("schedule pause inventory drill it fails")
