"""The doctor on real servers: what is wrong is named, with a command that puts it right when it is run."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from pathlib import Path
from socket import create_server

import psycopg
import pyrage
import pytest
from psycopg.conninfo import make_conninfo

from bot.clock import SystemClock
from bot.doctor.doctor import Doctor
from bot.models import Checklist, CheckState, RestoreRequest
from bot.operations.checklists import checklist_of
from bot.runtime.stop import StopSignal
from bot.settings import Settings
from tests.house import OPERATOR, TARGET, Rig, Setup
from tests.integration.operations.hooks import Moment, at_step
from tests.support import random_name

PASSED, WARNING, FAILED, UNKNOWN = CheckState.PASSED, CheckState.WARNING, CheckState.FAILED, CheckState.UNKNOWN
OLD = {"server_version", "tools"}
"""The wheel's PostgreSQL 16.14 is without a fix."""


def examined(setup: Setup, within: float = 25.0) -> Checklist:
    settings = Settings.model_validate(setup.document)
    chance = random.Random(1)  # noqa: S311 - names a probe
    checklist = Doctor(settings, setup.environment, SystemClock(), chance, within).target(TARGET)
    assert all(check.remedy for check in checklist.checks if check.state is not PASSED)
    return checklist


def bad(checklist: Checklist) -> dict[str, str]:
    """What did not pass, by name; but for what is so on this machine."""
    return {
        check.name: check.remedy for check in checklist.checks if check.state is not PASSED and check.name not in OLD
    }


@pytest.fixture
def weak(rig: Rig) -> Iterator[str]:
    """The URI of a role that may connect, and nothing more."""
    role = random_name("weak")
    rig.execute(
        f"CREATE ROLE {role} LOGIN PASSWORD 'secret'",
        "CREATE TABLE secured (id int)",
        "ALTER TABLE secured ENABLE ROW LEVEL SECURITY",
        "CREATE ROLE keeper_" + role,
        f"ALTER DATABASE {rig.target.name} OWNER TO keeper_{role}",
    )
    yield make_conninfo(rig.target.dsn, user=role, password="secret")
    rig.execute(f"ALTER DATABASE {rig.target.name} OWNER TO postgres", f"DROP ROLE {role}, keeper_{role}")


def test_a_role_that_may_nothing_is_told_each_grant_and_they_are_enough(rig: Rig, weak: str) -> None:
    setup = rig.setup.changed(dsn=weak)
    told = bad(examined(setup))
    assert set(told) == {"reads", "creates", "renames", "signals", "monitors"}
    rig.execute(*told.values())
    (again,) = bad(examined(setup)).items()
    assert again[0] == "reads", "every table can be read now, but rows are hidden"
    rig.execute(again[1])
    assert bad(examined(setup)) == {}


def test_masking_needs_a_role_that_is_not_the_owners(rig: Rig, tmp_path: Path) -> None:
    mask, keeper = tmp_path / "mask.sql", random_name("keeper")
    mask.write_text("DELETE FROM runs")
    setup = rig.setup.changed(restore_from={TARGET: {"masking": str(mask)}})
    told = bad(examined(setup))
    assert set(told) == {f"masking_{TARGET}"}
    assert "a role of its own" in told[f"masking_{TARGET}"]
    rig.backup()
    request = RestoreRequest(TARGET, "latest", "a copy", rig.target.name, new_name=f"{rig.target.name}_copy")
    with rig.rebuilt(setup) as other:
        failure = other.run(other.services.restores.request(request, OPERATOR)).failure
    assert failure is not None
    assert f"logs in as postgres, who owns {rig.target.name}: whoever else does could read rows" in failure.message

    rig.execute(f"CREATE ROLE {keeper}", f"ALTER DATABASE {rig.target.name} OWNER TO {keeper}")
    try:
        assert bad(examined(setup)) == {}
    finally:
        rig.execute(f"ALTER DATABASE {rig.target.name} OWNER TO postgres", f"DROP ROLE {keeper}")


def test_in_slack_a_worker_examines_the_state_too(rig: Rig) -> None:
    operation = rig.services.doctors.request(TARGET, OPERATOR)
    checklist = checklist_of(rig.run(operation))
    assert checklist is not None
    states = {check.name: check.state for check in checklist.checks}
    assert states["state_schema"] is PASSED
    assert states["state_clock"] is FAILED, "the test's clock stands still"
    assert states["worker_default"] is FAILED
    rig.sweeps.sweep(TARGET, StopSignal())
    again = checklist_of(rig.run(rig.services.doctors.request(TARGET, OPERATOR)))
    assert again is not None
    assert {check.name: check.state for check in again.checks}["worker_default"] is PASSED
    assert rig.objects() == []
    assert list((rig.directory / "staging").iterdir()) == []


class Killed(BaseException):
    """Nothing of ours catches it."""


def test_what_a_killed_worker_tried_with_is_removed_by_the_next_or_a_sweep(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    operation = rig.services.doctors.request(TARGET, OPERATOR)
    staging, storage = rig.directory / "staging", rig.directory / "backups"

    def killed() -> None:
        probe_id = rig.state(f"SELECT memory->>'probe' FROM operations WHERE id = '{operation.id}'")
        (staging / probe_id).mkdir(parents=True)
        probe = storage / TARGET / f"{probe_id}-offsite" / "probe"
        probe.parent.mkdir(parents=True)
        probe.touch()
        raise Killed

    with monkeypatch.context() as patch:
        at_step(patch, "checks", Moment.AFTER, killed)
        with pytest.raises(Killed):
            rig.run(operation)
    assert len(rig.objects()) == len(list(staging.iterdir())) == 1
    rig.alter_state(f"UPDATE operations SET attempt = 3 WHERE id = '{operation.id}'")
    away = storage.rename(rig.directory / "away")
    storage.touch()
    failure = rig.run(operation).failure
    assert failure is not None
    assert "tried again with each sweep" in failure.left_as_it_was
    assert list(staging.iterdir()) == []
    storage.unlink()
    away.rename(storage)
    assert rig.house.work.runner.clean_up_due(TARGET) == [operation.id]
    assert rig.objects() == []
    failure = rig.services.overview.operation(operation.id).failure
    assert failure is not None
    assert failure.left_as_it_was == "Nothing was changed, and what the doctor tries with is gone."


def test_what_hangs_or_is_gone_holds_nothing_else(rig: Rig) -> None:
    rig.application.break_act("api", "status")
    (rig.directory / "backups").rmdir()
    identity = rig.directory / "key"
    identity.write_text(str(pyrage.x25519.Identity.generate()))
    recipient = str(pyrage.x25519.Identity.generate().to_public())
    with create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        setup = rig.setup.changed(
            dsn=f"postgresql://nobody@127.0.0.1:{port}/nothing",
            encryption={"recipients": [recipient], "identity_file": str(identity)},
            restore_from={TARGET: {"masking": str(rig.directory / "nowhere.sql")}},
            migrations={"heads": ["/nowhere/alembic", "heads"]},
        )
        checklist = examined(setup, within=2.0)
    found = {check.name: (check.state, check.summary) for check in checklist.checks}
    assert found["database"] == (UNKNOWN, "no answer within 2 s")
    assert found["storage_offsite"] == (FAILED, f"{rig.directory / 'backups'} does not exist.")
    assert found["keys"][1].startswith("no private key here opens what is sealed now")
    assert found["services"][0] is FAILED
    assert found["migrations"][0] is FAILED
    assert "cannot be read" in found[f"masking_{TARGET}"][1]
    assert found["staging"][0] is PASSED


def test_a_bucket_is_written_read_locked_and_removed_from(s3_rig: Rig) -> None:
    assert bad(examined(s3_rig.setup)) == {}
    assert s3_rig.objects() == [], "the probe is gone"
    storage = {"offsite": {**s3_rig.setup.document["storage"]["offsite"], "bucket": "not-there"}}
    gone = s3_rig.setup.with_storage(storage).changed(drill={"dsn": "postgresql://nobody@127.0.0.1:1/nothing"})
    assert set(bad(examined(gone))) == {"storage_offsite", "drills"}


def test_a_staging_area_that_cannot_be_written_or_holds_what_nobody_uses_is_told(rig: Rig, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    document = {**rig.setup.document, "staging": {"path": str(tmp_path / "file" / "staging")}}
    told = bad(examined(Setup(document, rig.setup.environment)))
    assert told == {"staging": f"Make it writable for uid {os.getuid()}, or point [staging] path at a folder that is."}
    area = rig.directory / "staging"
    for name in ("20261122T101500Z-aaaa", "20261122T101500Z-bbbb", "lost+found"):
        (area / name).mkdir(parents=True)
    os.utime(area / "20261122T101500Z-aaaa", (0, 0))
    (found,) = (check for check in examined(rig.setup).checks if check.name == "staging")
    assert (found.state, found.summary.partition("nothing")[2]) == (
        WARNING,
        " was written for a day to 20261122T101500Z-aaaa",
    )
    assert found.remedy.endswith(f"rm -r {area}/20261122T101500Z-aaaa")
    (area / "20261122T101500Z-aaaa").rmdir()
    (found,) = (check for check in examined(rig.setup).checks if check.name == "staging")
    assert (found.state, found.summary.partition("; lost")[2]) == (PASSED, "+found there is not Baseliner's")


def test_a_state_database_that_is_gone_or_old_says_what_to_run(rig: Rig) -> None:
    def state_of(dsn: str) -> dict[str, str]:
        document = {**rig.setup.document, "state": {"dsn": dsn}}
        chance = random.Random(1)  # noqa: S311 - of no use here
        checklist = Doctor(Settings.model_validate(document), {}, SystemClock(), chance).state()
        return {check.name: check.remedy for check in checklist.checks if check.state is not PASSED}

    assert list(state_of(rig.state_dsn)) == ["worker_default"]
    assert state_of(rig.target.dsn) == {"state_schema": "baseliner db upgrade"}
    assert list(state_of(make_conninfo(rig.state_dsn, port="1"))) == ["state_database"]
    with psycopg.connect(rig.state_dsn) as connection:
        connection.execute("UPDATE baseliner_schema SET version_num = '9999'")
    assert state_of(rig.state_dsn) == {"state_schema": "Run the version of Baseliner that made it."}
