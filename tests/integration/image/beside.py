"""`compose.yaml` beside a deployment of the tests, as a user puts it there."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.processes import HOST, free_port
from tests.docker_deployment import BIN, DATA, PASSWORD, POSTGRES_IMAGE, Deployment
from tests.docker_engine import PROGRAMS, REPOSITORY
from tests.settings_file import toml
from tests.support import random_name

COMPOSE = REPOSITORY / "compose.yaml"
SECRETS = {
    "slack_bot_token": "xoxb-of-a-file",
    "slack_app_token": "xapp-of-a-file",
    "state_password": "pass word of the state",
    "target_password": PASSWORD,
    "aws_credentials": "[default]",
}
_STATE = f"""
until {BIN}/psql -qh /tmp -U postgres -v "password=$$(cat /run/secrets/state_password)" <<'SQL'
CREATE ROLE baseliner SUPERUSER LOGIN PASSWORD :'password';
CREATE DATABASE baseliner OWNER baseliner;
SQL
do sleep 0.2; done &
exec {BIN}/postgres -D {DATA} -c listen_addresses=* -c unix_socket_directories=/tmp -c fsync=off
"""


@dataclass(frozen=True)
class Beside:
    """The project of Compose with serve, worker and state."""

    deployment: Deployment
    project: str
    port: int
    environment: dict[str, str]
    files: tuple[Path, ...]

    def compose(self, *argv: str) -> str:
        """Its output; an AssertionError with it when it fails."""
        files = [f"--file={path}" for path in self.files]
        return run(["docker-compose", f"--project-name={self.project}", *files, *argv], self.environment)

    def container(self, service: str) -> dict[str, Any]:
        told: dict[str, Any] = self.deployment.client.inspect_container(f"{self.project}_{service}_1")
        return told

    def health(self, service: str) -> str:
        return str(self.container(service)["State"]["Health"]["Status"])

    def baseliner(self, *argv: str) -> Any:
        """A command in the worker's container, as a person types it; its JSON."""
        command = ["docker", "exec", f"{self.project}_worker_1", "baseliner", *argv, "--json"]
        return json.loads(run(command, self.environment))


def run(argv: Sequence[str], environment: dict[str, str]) -> str:
    done = subprocess.run(argv, env=environment, capture_output=True, text=True, check=False, timeout=240)
    assert done.returncode == 0, f"{argv}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@contextmanager
def beside(deployment: Deployment, image: str, directory: Path) -> Iterator[Beside]:
    """Up, and gone at the end with its volumes."""
    secrets, settings, changes = directory / "secrets", directory / "baseliner.toml", directory / "changes.json"
    secrets.mkdir()
    for name, value in SECRETS.items():
        (secrets / name).write_text(f"{value}\n")
        (secrets / name).chmod(0o444)
    settings.write_text(toml(_settings(deployment)))
    changes.write_text(json.dumps(_changes()))
    port = free_port()
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(directory),
        "DOCKER_HOST": f"unix://{deployment.engine.socket}",
        "BASELINER_IMAGE": image,
        "BASELINER_STATE_IMAGE": POSTGRES_IMAGE,
        "BASELINER_SETTINGS": str(settings),
        "BASELINER_SECRETS": str(secrets),
        "BASELINER_PORT": str(port),
        "DOCKER_SOCKET": deployment.engine.host.removeprefix("unix://"),
        "DOCKER_GID": "0",
        "DEPLOYMENT_NETWORK": deployment.network,
        "SLACK_API_URL": f"http://{HOST}:9/api/",
    }
    project = Beside(deployment, random_name("beside").replace("_", ""), port, environment, (COMPOSE, changes))
    try:
        project.compose("up", "--detach", "--no-build")
        yield project
    finally:
        project.compose("down", "--volumes", "--timeout=20")


def _settings(deployment: Deployment) -> dict[str, Any]:
    return {
        "slack": {"channels": {"operations": "C0OPERATIONS", "approvals": "C0APPROVALS", "alerts": "C0ALERTS"}},
        "policy": {"requesters": ["U0OPERATOR"], "approvers": ["U0APPROVER"]},
        "storage": {"local": {"type": "directory", "path": "/srv/backups"}},
        "docker": {"host": "unix:///var/run/docker.sock"},
        "targets": {
            "inventory": {
                "dsn": "postgresql://postgres@db/inventory",
                "password_env": "TARGET_PASSWORD",
                "storage": "local",
                "docker": deployment.settings,
                "application": {
                    "services": [{"name": "api"}, {"name": "worker", "pause": True}],
                    "health_url": "http://api:8080/health",
                },
            }
        },
    }


def _changes() -> dict[str, Any]:
    """What the tests need of it: this machine's PostgreSQL for the state, and health that is asked often."""
    # Each look starts a process in a container: more often, and the looks would be most of the work.
    often = {"healthcheck": {"interval": "2s"}}
    state = {
        "command": ["/bin/sh", "-c", _STATE],
        "user": "postgres",
        "stop_signal": "SIGINT",
        "volumes": [f"{place}:{place}:ro" for place in PROGRAMS],
        "healthcheck": {"interval": "1s"},
    }
    return {"services": {"serve": often, "worker": often, "state": state}}
