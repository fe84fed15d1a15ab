"""Single tables of a backup, beside the live ones, which stay as they are."""

from __future__ import annotations

import pytest

from bot.errors import NotFound
from bot.models import Operation, OperationState, RestoreRequest, StepState
from bot.operations.side_course import STEPS
from tests.house import OPERATOR, TARGET, Rig
from tests.integration.operations.hooks import Moment, run_and_die

STRANGE = (
    'CREATE SCHEMA "Odd.Schema"',
    "CREATE TYPE mood AS ENUM ('fine', 'odd')",
    'CREATE TABLE "Odd.Schema"."a ""table" (id int GENERATED ALWAYS AS IDENTITY, "the mood" mood, note text,'
    " twice int GENERATED ALWAYS AS (2 * 21) STORED, CHECK (note <> 'never'))",
    'INSERT INTO "Odd.Schema"."a ""table" ("the mood", note) VALUES (\'odd\', E\'tab\\tline\\nend\'), (NULL, NULL)',
)
ODD_TABLE = '"Odd.Schema"."a ""table"'


def asked(rig: Rig, *only: str) -> Operation:
    request = RestoreRequest(TARGET, "latest", "rows are gone", rig.target.name, only=only)
    planned = rig.run(rig.services.restores.request(request, OPERATOR))
    assert planned.failure is None, planned.failure
    return planned


def approved(rig: Rig, *only: str) -> Operation:
    return rig.approve(asked(rig, *only))


def side_schemas(rig: Rig) -> list[str]:
    found = rig.value("SELECT array_agg(nspname::text) FROM pg_namespace WHERE nspname LIKE 'restored\\_%'")
    return list(found or [])


def assert_nothing_left(rig: Rig) -> None:
    assert rig.databases() == [""]
    assert rig.application.log == []
    staging = rig.directory / "staging"
    assert not staging.exists() or not list(staging.iterdir())


def test_rows_that_were_lost_come_back_beside(rig: Rig) -> None:
    rig.execute(*STRANGE)
    rig.backup()
    rig.execute("DELETE FROM runs", "DELETE FROM devices WHERE id < 10", "ALTER TABLE devices ADD CHECK (id > 9)")
    before = rig.digest()
    ended = rig.run(approved(rig, "devices", ODD_TABLE))
    assert ended.failure is None, ended.failure
    assert [(step.name, step.state) for step in ended.steps] == [(name, StepState.DONE) for name, _ in STEPS]
    side = ended.result["side_schema"]
    assert side_schemas(rig) == [side]
    assert rig.value(f"SELECT count(*) FROM {side}.devices WHERE name LIKE 'old %'") == 50
    note = f"""SELECT note FROM {side}."a ""table" WHERE "the mood" = 'odd' AND twice = 42"""
    assert rig.value(note) == "tab\tline\nend"
    rig.execute(f"DROP SCHEMA {side} CASCADE")
    assert rig.digest() == before, "what lives is as it was"
    assert len(rig.backup_ids()) == 1, "nothing is destroyed, so no safety backup is needed"
    assert_nothing_left(rig)


def test_two_tables_of_one_name_keep_their_schemas_in_it(rig: Rig) -> None:
    rig.execute("CREATE SCHEMA audit", "CREATE TABLE audit.runs AS SELECT 1 AS n")
    rig.backup()
    ended = rig.run(approved(rig, "public.runs", "audit.*"))
    assert ended.failure is None, ended.failure
    assert ended.result["only"] == {"public.runs": "public.runs", "audit.runs": "audit.runs"}
    assert rig.value(f"""SELECT n FROM {ended.result["side_schema"]}."audit.runs" """) == 1


def test_the_plan_says_what_comes_and_that_nothing_stops(rig: Rig) -> None:
    rig.backup()
    plan = rig.services.drawings.plan(asked(rig, "devices").id)
    assert plan is not None
    assert plan.body["side"]["tables"] == {"public.devices": 50}
    assert plan.body["services"] == []
    assert not {"loses", "keep_old_for"} & plan.body.keys()


def test_a_table_that_the_backup_has_not_is_refused(rig: Rig) -> None:
    rig.backup()
    with pytest.raises(NotFound, match="has no table 'divices'"):
        asked(rig, "divices")


@pytest.mark.parametrize(
    ("step", "moment"),
    [(name, Moment.BEFORE) for name, _ in STEPS] + [(name, Moment.AFTER) for name in ("load", "copy", "verify_copy")],
)
def test_a_worker_that_is_killed_leaves_one_schema_or_none(rig: Rig, step: str, moment: Moment) -> None:
    rig.backup()
    operation = approved(rig, "devices")
    run_and_die(rig.setup, operation.id, step, moment, rig.directory)
    ended = rig.run(operation)
    assert ended.state is OperationState.DONE, ended.failure
    assert side_schemas(rig) == [ended.result["side_schema"]]
    assert rig.value(f"SELECT count(*) FROM {ended.result['side_schema']}.devices") == 50
    assert_nothing_left(rig)


def test_a_type_that_is_gone_fails_it_and_leaves_nothing(rig: Rig) -> None:
    rig.execute(*STRANGE)
    rig.backup()
    operation = approved(rig, ODD_TABLE)
    rig.execute("DROP TYPE mood CASCADE")
    ended = rig.run(operation)
    assert ended.state is OperationState.FAILED
    assert ended.failure is not None
    assert "mood" in ended.failure.message
    assert side_schemas(rig) == []
    assert_nothing_left(rig)
