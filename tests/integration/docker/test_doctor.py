"""The doctor of a target in a container."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg import sql

from bot.clock import SystemClock
from bot.doctor.doctor import Doctor
from bot.models import CheckState
from bot.settings import Settings
from tests.docker_deployment import DATA, Deployment
from tests.docker_proxy import allowed_socket
from tests.house import TARGET, Rig, Setup
from tests.integration.docker.dockhouse import ROLE, remains, with_tools
from tests.support import eventually

if TYPE_CHECKING:
    from tests.docker_engine import RealEngine

pytestmark = pytest.mark.docker


def examined(setup: Setup) -> dict[str, tuple[CheckState, str, str]]:
    chance = random.Random(1)  # noqa: S311 - names a probe
    checklist = Doctor(Settings.model_validate(setup.document), setup.environment, SystemClock(), chance).target(TARGET)
    return {check.name: (check.state, check.summary, check.remedy) for check in checklist.checks}


def test_the_container_is_found_and_its_tools_and_permissions_are_tried(docked: Rig, docker_engine: RealEngine) -> None:
    well = examined(with_tools(docked, tools="exec"))
    assert well["docker"][0] is CheckState.PASSED
    assert ", by exec" in well["tools"][1]
    application = {"services": [{"name": "api"}, {"name": "worker", "pause": True}]}
    with_services = docked.setup.changed(application=application)
    asked = examined(with_services)
    assert asked["docker_permissions"][:2] == (CheckState.PASSED, "update, start, stop, pause, unpause of containers")
    assert asked["services"][0] is CheckState.FAILED, "there are no such services"
    without = [("POST", "/containers/{id}/stop"), ("POST", "/containers/{id}/pause")]
    with allowed_socket(docker_engine.socket, without) as socket:
        document = {**with_services.document, "docker": {"host": f"unix://{socket}"}}
        denied = examined(replace(with_services, document=document))
    assert denied["docker_permissions"][1] == "denied: POST /containers/{id}/stop, POST /containers/{id}/pause"
    gone = examined(with_tools(docked, service="nowhere"))
    assert gone["docker"][0] is CheckState.FAILED
    assert "docker compose -p" in gone["docker"][2]


@pytest.mark.parametrize("mode", ["exec", "container"])
def test_tools_that_are_not_let_in_from_where_they_run_are_named(docked: Rig, at_home: Deployment, mode: str) -> None:
    setup = with_tools(docked, tools=mode)
    assert f", by {mode}" in examined(setup)["tools"][1]
    with psycopg.connect(at_home.dsn("postgres"), autocommit=True) as connection:
        former = str(connection.execute("SELECT pg_read_file('pg_hba.conf')").fetchone()[0])  # type: ignore[index]
        rule_access(connection, [f"host all {ROLE} 127.0.0.1/32 reject", *former.splitlines()])
        try:
            state, said, remedy = examined(setup)["tools"]
        finally:
            rule_access(connection, former.splitlines())
    assert state is CheckState.FAILED
    assert "pg_hba.conf rejects connection" in said
    assert f"The tools run by {mode} and reach the server from 127.0.0.1, in the container" in remedy
    assert remains(at_home) == []


def rule_access(connection: psycopg.Connection, lines: Sequence[str]) -> None:
    """Once the server goes by them."""
    written = sql.SQL("COPY (SELECT unnest({}::text[])) TO {}").format(list(lines), f"{DATA}/pg_hba.conf")
    connection.execute(written)
    loaded = connection.execute("SELECT pg_conf_load_time()").fetchone()
    connection.execute("SELECT pg_reload_conf()")
    eventually(lambda: connection.execute("SELECT pg_conf_load_time()").fetchone() != loaded)


def test_what_tools_in_containers_need_only_later_is_tried_before(docked: Rig, docker_engine: RealEngine) -> None:
    setup, later = with_tools(docked, tools="container"), ["kill"]
    with allowed_socket(docker_engine.socket, [("POST", f"/containers/{{id}}/{act}") for act in later]) as socket:
        denied = examined(replace(setup, document={**setup.document, "docker": {"host": f"unix://{socket}"}}))
    calls = ", ".join(f"POST /containers/{{id}}/{act}" for act in later)
    assert denied["tools"][:2] == (CheckState.FAILED, f"denied: {calls}")
    with allowed_socket(docker_engine.socket, [("PUT", "/containers/{id}/archive")]) as socket:
        denied = examined(replace(setup, document={**setup.document, "docker": {"host": f"unix://{socket}"}}))
    assert "denied PUT /containers/{id}/archive (403" in denied["tools"][1]
