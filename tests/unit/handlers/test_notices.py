"""What is told of changes that are no operations."""

from typing import Any

import pytest

from bot.models import AuditEntry
from handlers.views.notices import notice_message
from tests.unit.handlers.drawn import assert_harmless, read
from tests.unit.handlers.samples import HOSTILE, ID, NOW, OPERATOR


def entry(action: str, target: str = "inventory", **detail: Any) -> AuditEntry:
    return AuditEntry(7, NOW, OPERATOR, action, target, None, None, "done", detail, "0" * 64, "1" * 64)


TOLD = [
    (
        "schedule.pause",
        {"schedule": "backup"},
        "paused the backup schedule of `inventory`",
        "schedule resume inventory ",
    ),
    (
        "schedule.pause",
        {"schedule": "drill"},
        "paused the drill schedule",
        "`/baseliner schedule resume inventory drill ",
    ),
    ("schedule.resume", {"schedule": "drill"}, "resumed the drill schedule of `inventory`", ""),
    ("backup.keep", {"backup_id": ID}, f"keeps backup `{ID}` of `inventory`", f"`/baseliner unkeep {ID} reason`"),
    ("backup.unkeep", {"backup_id": ID}, f"lets go of backup `{ID}` of `inventory`", ""),
]


@pytest.mark.parametrize(("action", "detail", "done", "way_back"), TOLD)
def test_it_says_who_did_what_why_and_the_way_back(
    action: str, detail: dict[str, str], done: str, way_back: str
) -> None:
    message = notice_message(entry(action, **detail, reason="the disk is full"))
    told = read(message)
    for words in ("<@U0OPERATOR>", done, "the disk is full", way_back):
        assert words in told
    assert message.text.startswith("Olive ")


@pytest.mark.parametrize(("action", "detail", "_done", "_way_back"), TOLD)
def test_nothing_from_outside_acts(action: str, detail: dict[str, str], _done: str, _way_back: str) -> None:
    assert_harmless(notice_message(entry(action, HOSTILE, **detail, reason=HOSTILE)).blocks)
