"""Disk inside the database's container, seen before anybody is asked for an approval."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.models import Failure
from tests.docker_deployment import Deployment
from tests.docker_proxy import allowed_socket
from tests.house import Rig
from tests.integration.docker.dockhouse import with_tools

pytestmark = pytest.mark.docker

ENORMOUS = 1 << 50
WITHOUT_EXEC = [("POST", "/containers/{id}/exec")]


def disk_of_plan(rig: Rig) -> dict[str, Any]:
    plan = rig.services.drawings.plan(rig.planned_restore().id)
    assert plan is not None
    return dict(plan.body["disk"])


def refused(rig: Rig) -> Failure:
    failure = rig.planned_restore().failure
    assert failure is not None
    return failure


def grown(rig: Rig, what: str) -> None:
    """Another record of the newest backup, of a database that no disk holds."""
    rig.alter_state(f"UPDATE backups SET manifest = jsonb_set(manifest, '{{{what}}}', '{ENORMOUS}')")


def test_a_plan_tells_what_is_free_in_the_container_and_refuses_what_does_not_fit(docked: Rig) -> None:
    docked.backup()
    disk = disk_of_plan(docked)
    assert disk["free"] is not None
    assert disk["free"] > disk["needed"] > docked.value("SELECT pg_database_size(current_database())")
    grown(docked, "database_bytes")
    failure = refused(docked)
    assert failure.message.startswith("The server of inventory has ")
    assert failure.message.endswith(f"a second database beside it needs {int(ENORMOUS * 1.1):,}.")
    assert failure.remedy.startswith("Free disk on the server's host")


def test_tools_inside_need_room_for_the_archive_too(docked: Rig) -> None:
    docked.backup()
    alone = disk_of_plan(docked)["needed"]
    grown(docked, "dump_bytes")
    assert disk_of_plan(docked)["needed"] == alone, "no archive is put inside"
    with docked.rebuilt(with_tools(docked, tools="exec")) as inside:
        failure = refused(inside)
    assert f"the archive of {ENORMOUS:,} in there for the tools, need {alone + ENORMOUS:,}." in failure.message
    assert 'tools to "container" or "network"' in failure.remedy


def test_where_nothing_may_run_inside_the_plan_says_that_it_does_not_know(docked: Rig, at_home: Deployment) -> None:
    docked.backup()
    with allowed_socket(at_home.engine.socket, WITHOUT_EXEC) as socket:
        setup = replace(docked.setup, document={**docked.setup.document, "docker": {"host": f"unix://{socket}"}})
        with docked.rebuilt(setup) as rig:
            assert disk_of_plan(rig)["free"] is None
