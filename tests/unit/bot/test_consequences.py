"""What a plan says of the migrations between a backup and the deployed application."""

from __future__ import annotations

import pytest

from bot.operations.checklists import RevisionFacts
from bot.operations.consequences import migration_warning
from bot.postgres.revisions import History, Revision

HISTORY = History({"3": Revision("3", ("2",), "c"), "2": Revision("2", ("1",), "b"), "1": Revision("1", (), "a")})
MATCHING = "To run on the data as it was, deploy the version of the application that is at {} first."


@pytest.mark.parametrize(
    ("revision", "history", "pending", "on_start", "said"),
    [
        ("3", HISTORY, [], True, ""),
        (None, HISTORY, None, True, "The backup has no Alembic revision; the deployed application is at 3."),
        ("2", HISTORY, ["3 c"], True, "When the application starts it will run 1 migration on the restored data: 3 c."),
        ("2", HISTORY, ["3 c"], None, "When the application starts it may run 1 migration on the restored data: 3 c."),
        ("1", HISTORY, ["2 b", "3 c"], False, "The deployed application expects 3: 2 migrations will be left to run"),
        ("1", None, None, True, "cannot be named without [targets.….migrations] history."),
        ("9", HISTORY, ["3 c"], True, "does not know the backup's revision 9: it is older than the backup."),
    ],
)
def test_what_follows_is_named(
    revision: str | None, history: History | None, pending: list[str] | None, on_start: bool | None, said: str
) -> None:
    warning = migration_warning(RevisionFacts(revision, ["3"], history), pending, on_start=on_start)
    assert said in warning
    assert bool(warning) is bool(said)
    if revision and warning:
        assert warning.endswith(MATCHING.format(revision))
