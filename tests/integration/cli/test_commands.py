"""The commands: what they print where, and how they exit."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

from tests.house import TARGET, Rig
from tests.integration.cli.shell import DONE, FAILED, USAGE, baseliner, run
from tests.support import fresh_database


def test_a_backup_is_taken_and_told(rig: Rig) -> None:
    answer = baseliner(rig, "backup", TARGET, "--note", "by hand", "--json")
    backup = rig.services.backups.get(TARGET, "latest")
    assert answer.code == DONE, answer.err
    assert answer.document["backup_id"] == backup.id
    assert answer.document["state"] == "done"
    assert answer.document["location"] == backup.location
    assert answer.document["duration"] > 0
    assert answer.document["rate"] > 0
    assert backup.manifest.note == "by hand"
    assert "done  Dump, digest and upload" in answer.err
    actor = rig.services.audit.entries()[0].actor
    assert (actor.id, actor.surface) == (f"cli:{actor.name}", "cli")


def test_a_backup_is_told_to_people_in_words(rig: Rig) -> None:
    answer = baseliner(rig, "backup", TARGET)
    backup = rig.services.backups.get(TARGET, "latest")
    assert answer.code == DONE
    assert f"Backup {backup.id} of {TARGET}: " in answer.out
    assert "131 rows, revision 0002" in answer.out
    assert backup.location in answer.out


def test_a_backup_that_fails_exits_1_and_says_what_was_left(rig: Rig) -> None:
    dsn = rig.target.cluster.dsn("nowhere")
    answer = baseliner(rig, "backup", TARGET, "--json", setup=rig.setup.changed(dsn=dsn))
    assert answer.code == FAILED
    assert answer.error["kind"] == "OperationFailed"
    assert 'database "nowhere" does not exist' in answer.error["message"]
    assert "No backup was recorded and storage was cleaned." in answer.error["message"]
    assert answer.error["remedy"].startswith("Create the database")
    assert rig.objects() == []


def test_backups_are_listed(rig: Rig) -> None:
    assert baseliner(rig, "backups", TARGET, "--json").document == []
    ids = [rig.backup("first").result["backup_id"], rig.backup("second").result["backup_id"]]
    listed = baseliner(rig, "backups", TARGET, "--json").document
    assert sorted(item["id"] for item in listed) == sorted(ids)
    assert {item["note"] for item in listed} == {"first", "second"}
    table = baseliner(rig, "backups", TARGET, "--limit", "1")
    assert table.code == DONE
    assert sum(backup_id in table.out for backup_id in ids) == 1


def test_an_unknown_target_exits_2_and_suggests_the_nearest(rig: Rig) -> None:
    for arguments in (["backup", "inventroy"], ["health", "inventroy"]):
        answer = baseliner(rig, *arguments, "--json")
        assert answer.code == USAGE, arguments
        assert answer.error == {
            "kind": "NotFound",
            "message": "There is no target named 'inventroy'.",
            "remedy": "Did you mean inventory? Targets: inventory.",
        }


def test_where_there_is_no_backup_it_says_so(rig: Rig) -> None:
    answer = baseliner(rig, "backups", TARGET)
    assert (answer.code, answer.out) == (DONE, "No backup yet.\n")


def test_a_preflight_exits_by_its_verdict(rig: Rig) -> None:
    blocked = baseliner(rig, "preflight", TARGET, "--json")
    assert blocked.code == FAILED
    assert blocked.document["verdict"] == "failed"
    assert {check["name"]: check["state"] for check in blocked.document["checks"]} == {
        "backup_age": "failed",
        "off_host": "warning",
        "alembic_heads": "unknown",
        "revision": "unknown",
        "window": "warning",
    }


def test_health_exits_by_its_verdict(rig: Rig) -> None:
    bad = baseliner(rig, "health")
    assert bad.code == FAILED
    assert "there is no backup yet" in bad.out
    rig.clock.set(datetime.now(UTC))
    rig.backup()
    good = baseliner(rig, "health", TARGET, "--json")
    assert (good.code, [item["verdict"] for item in good.document]) == (DONE, ["warning"])


def test_the_state_database_is_brought_to_the_newest_schema(rig: Rig) -> None:
    with fresh_database(rig.target.cluster, "state") as empty:
        document = {**rig.setup.document, "state": {"dsn": empty.dsn}}
        setup = type(rig.setup)(document, rig.setup.environment)
        answer = baseliner(rig, "db", "upgrade", setup=setup)
        assert (answer.code, answer.out) == (DONE, "")
        assert answer.err.startswith("The state database is at revision 0")
        assert baseliner(rig, "backups", TARGET, "--json", setup=setup).document == []


def test_a_bad_file_exits_2_and_names_every_gap(rig: Rig) -> None:
    setup = rig.setup.changed(storage="ofsite", rpo="soon", dsn="[not] a dsn")
    answer = baseliner(rig, "backup", TARGET, "--json", setup=setup)
    assert answer.code == USAGE
    assert answer.error["kind"] == "SettingsError"
    for told in (answer.error["message"], answer.err):
        assert "baseliner.toml has 3 problems" in told
        assert "targets.inventory.storage: names 'ofsite', which [storage] does not define" in told
        assert "targets.inventory.rpo: 'soon' is not a duration" in told
        assert "targets.inventory.dsn: is not a PostgreSQL connection string" in told


def test_a_state_database_out_of_reach_exits_1_and_says_where_to_look(rig: Rig) -> None:
    document = {**rig.setup.document, "state": {"dsn": rig.target.cluster.dsn("nowhere")}}
    answer = baseliner(rig, "backups", TARGET, "--json", setup=type(rig.setup)(document, {}))
    assert answer.code == FAILED
    assert answer.error["kind"] == "DatabaseUnreachable"
    assert "Check [state] dsn or BASELINER_STATE_DSN" in answer.error["remedy"]
    assert "Check [state] dsn or BASELINER_STATE_DSN" in answer.err
    assert "Traceback" not in answer.err


def test_what_is_no_command_is_a_usage_error(rig: Rig) -> None:
    answer = run(rig, [sys.executable, "-m", "bot", "bakcup"])
    assert (answer.code, answer.out) == (USAGE, "")
    assert "bakcup" in answer.err
