"""The runbook's deployment, made by Docker Compose itself and restored by two people in Slack: all by labels."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from bot.jobs import Worker
from bot.models import Operation, OperationState
from bot.settings import Settings
from handlers import ids
from tests.docker_deployment import BIN, DATA, DATABASE, PASSWORD, POSTGRES_IMAGE, Deployment
from tests.docker_engine import IMAGE, PROGRAMS, REPOSITORY, RealEngine
from tests.handlers.conftest import ALERTS, APPROVALS, APPROVER, OPERATOR, OPS, SECOND, Desk, open_desk, words_of
from tests.handlers.restoring import click
from tests.integration.jobs.running import in_background
from tests.support import eventually, random_name

pytestmark = pytest.mark.docker
_API = [sys.executable, "-I", "-S", str(REPOSITORY / "tests" / "small_app.py")]
_MIGRATED_BY_API = f"""
until {BIN}/psql -qh /tmp -U postgres -c 'CREATE DATABASE {DATABASE}'; do sleep 0.2; done &
exec {BIN}/postgres -D {DATA} -c listen_addresses=* -c unix_socket_directories=/tmp -c fsync=off
"""


@pytest.fixture
def composed(docker_engine: RealEngine, tmp_path: Path) -> Iterator[Deployment]:
    """`docker-compose up` of db, api and worker, and all of it gone at the end."""
    project = random_name("inventory")
    file = tmp_path / "compose.json"
    file.write_text(json.dumps({"services": _services()}))

    def compose(*argv: str) -> None:
        environment = {"PATH": os.environ["PATH"], "DOCKER_HOST": f"unix://{docker_engine.socket}", "HOME": "/tmp"}
        command = ["docker-compose", f"--project-name={project}", f"--file={file}", *argv]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=200)
        assert done.returncode == 0, done.stderr

    with docker_engine.client() as client:
        try:
            compose("up", "--detach")
            yield Deployment(docker_engine, project, client)
        finally:
            compose("down", "--volumes", "--timeout=5")


def _services() -> dict[str, Any]:
    programs = [f"{place}:{place}:ro" for place in PROGRAMS]
    often = {"interval": "1s", "timeout": "10s", "retries": 60}
    dsn = f"postgresql://postgres:{PASSWORD}@db:5432/{DATABASE}"
    return {
        "db": {
            "image": POSTGRES_IMAGE, "user": "postgres", "stop_signal": "SIGINT", "volumes": programs,
            "command": ["/bin/sh", "-c", _MIGRATED_BY_API],
            "healthcheck": {"test": ["CMD", "psql", "-q", dsn.replace("@db:", "@127.0.0.1:"), "-c", ""], **often},
        },
        "api": {
            "image": IMAGE, "volumes": programs, "command": _API, "restart": "always",
            "environment": {"DATABASE_URL": dsn, "PSQL": str(BIN / "psql")},
            "depends_on": {"db": {"condition": "service_healthy"}},
            "healthcheck": {"test": ["CMD", *_API, "--check"], **often},
        },
        "worker": {
            "image": IMAGE, "volumes": programs, "command": ["/usr/bin/sleep", "infinity"], "stop_signal": "SIGKILL",
            "depends_on": {"api": {"condition": "service_healthy"}},
        },
    }  # fmt: skip


@pytest.fixture
def settings(composed: Deployment, upgraded_state_dsn: str, tmp_path: Path) -> Settings:
    """No address of anything in Docker: a project, and names of services."""
    (tmp_path / "storage").mkdir()
    return Settings.model_validate(
        {
            "state": {"dsn": upgraded_state_dsn},
            "staging": {"path": tmp_path / "staging"},
            "slack": {
                "team_id": "T0SANDBOX1",
                "channels": {"operations": OPS, "approvals": APPROVALS, "alerts": ALERTS},
            },
            "policy": {"requesters": [OPERATOR], "approvers": [APPROVER, SECOND]},
            "storage": {"local": {"type": "directory", "path": tmp_path / "storage"}},
            "docker": {"host": composed.engine.host},
            "targets": {
                "inventory": {
                    "dsn": f"postgresql://postgres:{PASSWORD}@/{DATABASE}",
                    "storage": "local",
                    "docker": composed.settings,
                    "application": {"services": [{"name": "api"}, {"name": "worker", "pause": True}]},
                }
            },
        }
    )


@contextmanager
def at_work(settings: Settings) -> Iterator[Desk]:
    """The bot in a strict workspace, and a worker of its queue."""
    with open_desk(settings) as desk:
        worker = Worker(settings.state.dsn.get_secret_value(), "default", desk.house.work)
        with in_background(worker.run):
            yield desk


def await_drawn(desk: Desk, operation: Operation, wanted: OperationState) -> Operation:
    """Until the worker has brought it so far, and Slack shows it."""

    def current() -> Operation:
        return desk.services.overview.operation(operation.id)

    eventually(lambda: current().state is wanted or current().state.ended, 120)
    assert current().state is wanted, current().failure
    desk.draw()
    return current()


def ask_for_restore(desk: Desk) -> Operation:
    desk.type("restore")
    newest = desk.services.backups.get("inventory", "latest")
    values = {"backup": newest.id, "reason": "Wrong bulk update", "confirmation": DATABASE}
    desk.person.submit(OPERATOR, desk.modal()["id"], values)
    return desk.latest()


def health_of(composed: Deployment, service: str) -> str:
    return str(composed.inspect(service)["State"]["Health"]["Status"])


def dialog_of(desk: Desk, user: str, action_id: str) -> dict[str, Any]:
    """What a click opens; as a person does, clicked again where Slack's 3 seconds went by on a busy machine."""
    for _ in range(3):
        click(desk, user, action_id)
        with suppress(TimeoutError):
            return desk.person.wait_for_view(user, timeout=15)
    pytest.fail("no click opened the dialog")


def test_an_approved_restore_stops_what_compose_made_and_brings_it_back_healthy(
    composed: Deployment, settings: Settings
) -> None:
    eventually(lambda: httpx.get(composed.health_url(), trust_env=False).is_success)
    api_began, worker_began = composed.starts("api"), composed.starts("worker")
    with at_work(settings) as desk:
        desk.ask("backup")
        await_drawn(desk, desk.latest(), OperationState.DONE)
        with psycopg.connect(composed.dsn()) as connection:
            connection.execute("UPDATE devices SET name = 'lost'")

        restore = await_drawn(desk, ask_for_restore(desk), OperationState.AWAITING_APPROVAL)
        shown = dialog_of(desk, APPROVER, ids.APPROVE)
        assert "api" in json.dumps(shown["blocks"])
        desk.person.submit(APPROVER, shown["id"], {"confirmation": DATABASE, "comment": "checked"})
        done = await_drawn(desk, restore, OperationState.DONE)

        headline = next(post for post in desk.posts() if "Restore of inventory" in post["text"])
        thread = "\n".join(words_of(reply) for reply in desk.replies(headline, OPS))
        assert [step.title for step in done.steps if step.title not in thread] == []
    with psycopg.connect(composed.dsn()) as connection:
        assert connection.execute("SELECT count(*) FROM devices WHERE name LIKE 'old %'").fetchone() == (50,)
    assert composed.starts("api") > api_began, "it was stopped, and migrates the restored data on start"
    assert composed.starts("worker") == worker_began, "it was only paused"
    assert (composed.state("api"), composed.state("worker")) == ("running", "running")
    assert health_of(composed, "api") == "healthy"
    assert composed.inspect("api")["HostConfig"]["RestartPolicy"]["Name"] == "always"
    assert httpx.get(composed.health_url(), trust_env=False).json() == {"status": "ok", "revision": "0002"}
