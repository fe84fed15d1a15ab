"""The audit log and the report at the shell: what is printed where, and the exit codes."""

from __future__ import annotations

import csv
import io
import json
import shutil
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from bot.models import Actor, Surface
from bot.store import audit
from tests.house import APPROVER, OPERATOR, TARGET, Rig
from tests.integration.cli.shell import DONE, FAILED, USAGE, baseliner

FORMULA = Actor("cli:eve", '=HYPERLINK("x","Eve, the "" one")\nof two lines', Surface.CLI)


@pytest.fixture
def written(rig: Rig) -> Rig:
    """Three entries: of 12 days ago, of 2 days ago, and of now."""
    acts = [(OPERATOR, "backup.request", 12), (APPROVER, "restore.approved", 2), (FORMULA, "restore.break_glass", 0)]
    for actor, action, days in acts:
        at = datetime.now(UTC) - timedelta(days=days)
        with rig.house.context.database.transaction() as connection:
            audit.append(
                connection, at, actor, action, "recorded", target=TARGET, before="-1", after=None, detail={"n": days}
            )
    return rig


def test_the_log_is_exported_as_csv_that_no_spreadsheet_runs(written: Rig) -> None:
    answer = baseliner(written, "audit", "list", "--format", "csv")
    assert answer.code == DONE, answer.err
    rows = list(csv.DictReader(io.StringIO(answer.out, newline="")))
    assert [row["position"] for row in rows] == ["1", "2", "3"], "in the order of the chain"
    assert rows[2]["actor_name"] == f"'{FORMULA.name}"
    assert (rows[0]["actor_id"], rows[0]["surface"], rows[0]["before"], rows[0]["after"]) == (
        OPERATOR.id,
        "slack",
        "'-1",
        "",
    )
    assert (json.loads(rows[0]["detail"]), rows[0]["previous_hash"]) == ({"n": 12}, "0" * 64)
    assert rows[2]["hash"] == written.services.audit.verify().head


@pytest.mark.parametrize(
    ("options", "positions"),
    [
        ((), [1, 2, 3]),
        (("--since", "7d"), [2, 3]),
        (("--until", "7d"), [1]),
        (("--since", "7d", "--until", "1d"), [2]),
        (("--actor", "ada"), [2]),
        (("--actor", "EVE"), [3]),
        (("--action", "restore", "--target", TARGET), [2, 3]),
        (("--target", "gone"), []),
    ],
    ids=lambda value: " ".join(map(str, value)),
)
def test_the_log_is_filtered_in_one_json_document(written: Rig, options: tuple[str, ...], positions: list[int]) -> None:
    answer = baseliner(written, "audit", "list", "--json", *options)
    assert answer.code == DONE, answer.err
    assert [entry["position"] for entry in answer.document] == positions


def test_people_get_a_table_newest_first_and_bad_times_are_told(written: Rig) -> None:
    kept = {"backup_id": "20261122T101500Z-7k3f", "reason": "evidence\n\x1b[2J of the move"}
    with written.house.context.database.transaction() as connection:
        audit.append(connection, datetime.now(UTC), OPERATOR, "backup.keep", "pinned", target=TARGET, detail=kept)
    table = baseliner(written, "audit", "list")
    assert table.code == DONE
    assert "20261122T101500Z-7k3f: evidence [2J of the move" in table.out
    assert table.out.index("restore.break_glass") < table.out.index("backup.request")
    assert baseliner(written, "audit", "list", "--target", TARGET, "--actor", "nobody").out == "No entry.\n"
    wrong = baseliner(written, "audit", "list", "--json", "--since", "yesterday")
    assert (wrong.code, wrong.error["kind"]) == (USAGE, "UsageError")
    assert "7d" in wrong.error["remedy"]


def test_the_log_is_verified_with_the_heads_in_storage(written: Rig) -> None:
    verdict = written.services.audit.verify()
    before = baseliner(written, "audit", "verify")
    assert before.code == DONE
    assert before.out.splitlines() == [
        f"Intact: 3 entries, head {verdict.head}",
        "Heads in offsite: none is exported yet, so a cut end would not be found",
    ]
    assert written.house.work.audit_heads.export(TARGET).problem == ""
    intact = baseliner(written, "audit", "verify", "--json").document
    (heads,) = intact.pop("heads")
    assert intact == {"intact": True, "entries": 3, "head": verdict.head, "first_broken": None, "problem": ""}
    assert (heads["storage"], heads["compared"], heads["newest"]["position"], heads["problem"]) == ("offsite", 1, 3, "")
    with psycopg.connect(written.state_dsn) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("DELETE FROM audit WHERE position = 3")
    cut = baseliner(written, "audit", "verify")
    assert cut.code == FAILED
    assert "Heads in offsite: broken from entry 1 on: entry 3, the head of" in cut.out
    with psycopg.connect(written.state_dsn) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("UPDATE audit SET entry = '{}' WHERE position = 2")
    changed = baseliner(written, "audit", "verify")
    assert changed.code == FAILED
    assert changed.out.startswith("Broken at entry 2: it was changed after it was written\n")


def test_where_storage_cannot_be_read_that_is_said_and_is_no_success(written: Rig) -> None:
    shutil.move(written.directory / "backups", written.directory / "unmounted")
    answer = baseliner(written, "audit", "verify")
    assert answer.code == FAILED
    assert answer.out.startswith("Intact: 3 entries")
    assert "Heads in offsite were not compared, so nobody knows whether the log ends here: cannot be read" in answer.out


def test_the_report_is_told_in_words_and_in_full(rig: Rig) -> None:
    told = baseliner(rig, "report")
    assert told.code == DONE, told.err
    assert "inventory: failed; no backup; 0 taken, 0 failed, 0 removed" in told.out
    assert "failed: Newest backup within the RPO: there is no backup yet" in told.out
    assert "unknown: The target is watched" in told.out
    document = baseliner(rig, "report", "--json").document
    (target,) = document["targets"]
    assert (document["verdict"], target["target"], target["verdict"]) == ("failed", TARGET, "failed")
    assert {check["name"] for check in target["findings"]} == {"backup_age", "sweep", "drill"}
