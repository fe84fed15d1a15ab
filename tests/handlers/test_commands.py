"""Each word that can follow /baseliner, through Bolt's own dispatch."""

import re
from pathlib import Path

import pytest

from bot.models import OperationKind
from bot.settings import Settings
from tests.handlers.conftest import APPROVER, DEVELOPER, OPERATOR, OPS, REFERENCE, Desk, MakeDesk

PAGE = Path(__file__).parents[2] / "docs" / "slack.md"


def test_nothing_typed_shows_every_command(desk: Desk) -> None:
    told = desk.ask("")
    for word in ("backup", "backups", "restore", "preflight", "window", "status", "health", "audit", "help"):
        assert f"`/baseliner {word}" in told
    assert desk.ask("help") == told
    typed = set(re.findall(r"`/baseliner ([a-z]+)", told))
    table = PAGE.read_text("utf-8").split("## Commands\n")[1].split("\n## ")[0]
    assert set(re.findall(r"`/baseliner ([a-z]+)", table)) == typed, "the page tells of each command"


def test_help_with_a_word_tells_of_it_alone(desk: Desk) -> None:
    told = desk.ask("help undo")
    assert "undo [target]" in told
    assert "backup [target]" not in told
    assert "`/baseliner restore inventory latest only public.devices, audit.*`" in desk.ask("help Restore")
    strange = desk.ask("help restroe")
    assert "There is no command `restroe`" in strange
    assert "Did you mean `/baseliner help restore`?" in strange


def test_an_unknown_word_is_echoed_with_the_nearest(desk: Desk) -> None:
    told = desk.ask("restroe <!channel>")
    assert "There is no command `restroe`" in told
    assert "Did you mean `/baseliner restore`?" in told
    assert "`backups`" in told


def test_an_unknown_target_is_told_with_the_nearest(desk: Desk) -> None:
    told = desk.ask("backup inventroy")
    assert "inventroy" in told
    assert "Did you mean inventory?" in told
    assert REFERENCE in told
    assert not desk.posts()


def test_reads_are_seen_by_one_person(desk: Desk) -> None:
    expected = {
        "backups": "inventory` has no backup yet",
        "status": "There is no backup; the RPO is 1 d",
        "health": "not known to be healthy",
        "audit": "The chain of",
        "audit inventory": "*Audit log* of `inventory`",
        "window list": "No maintenance window",
    }
    for text, words in expected.items():
        assert words in desk.ask(text)
    assert not desk.posts()
    assert not [m for m in desk.person.messages(OPS, DEVELOPER) if m["ephemeral"]]


def test_the_catalog_after_a_backup(desk: Desk) -> None:
    desk.ask("backup")
    desk.run(desk.latest().id)
    assert desk.services.backups.get("inventory", "latest").id in desk.ask("backups inventory")
    assert "within the RPO of 1 d" in desk.ask("status")


@pytest.mark.parametrize(
    "text", ["status inventory now", "backups inventory more", "health inventory x", "audit inventory x"]
)
def test_words_too_many_are_told(desk: Desk, text: str) -> None:
    assert f"/baseliner {text.split()[0]}" in desk.ask(text)


def test_a_refusal_names_who_can(desk: Desk) -> None:
    told = desk.ask("backup", user=DEVELOPER)
    assert "you are not on the list of requesters" in told
    assert f"<@{OPERATOR}> or <@{APPROVER}>" in told
    assert not desk.services.overview.targets()[0].recent


def test_a_preflight_is_posted_with_its_verdict(desk: Desk) -> None:
    desk.ask("preflight")
    assert desk.latest().kind is OperationKind.PREFLIGHT
    desk.run(desk.latest().id)
    desk.draw()
    (posted,) = desk.posts()
    assert "Preflight of inventory is done: not ready" in posted["text"]


def test_with_several_targets_a_backup_asks_for_one(make_desk: MakeDesk, two_targets: Settings) -> None:
    desk = make_desk(two_targets)
    desk.type("backup")
    view = desk.modal()
    desk.person.submit(OPERATOR, view["id"], {"target": "billing", "note": "before the move"})
    assert "Backup of `billing` is accepted" in desk.answer()
    billing = desk.services.overview.targets()[1]
    assert [operation.reason for operation in billing.recent] == ["before the move"]


def test_status_and_health_of_one_target(make_desk: MakeDesk, two_targets: Settings) -> None:
    desk = make_desk(two_targets)
    for word in ("status", "health"):
        assert "`billing`" in desk.ask(word)
        told = desk.ask(f"{word} inventory")
        assert "`inventory`" in told
        assert "billing" not in told
        assert "Did you mean inventory?" in desk.ask(f"{word} inventroy")


def test_with_several_targets_reads_ask_too(make_desk: MakeDesk, two_targets: Settings) -> None:
    desk = make_desk(two_targets)
    desk.type("preflight")
    desk.person.submit(OPERATOR, desk.modal()["id"], {"target": "inventory"})
    assert "Preflight of `inventory` is accepted" in desk.answer()


def test_a_refusal_in_a_dialog_stands_above_it(make_desk: MakeDesk, two_targets: Settings) -> None:
    desk = make_desk(two_targets)
    desk.type("backup", user=DEVELOPER)
    view = desk.modal(DEVELOPER)
    desk.person.submit(DEVELOPER, view["id"], {"target": "billing", "note": "mine"})
    above = desk.person.wait_for_view(DEVELOPER, lambda top: top["id"] != view["id"])
    assert "not on the list of requesters" in str(above["blocks"])
    assert view["id"] in [open_view["id"] for open_view in desk.person.views(DEVELOPER)]
