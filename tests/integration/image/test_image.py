"""The image that users run: what is in it and what is not, and that it does the work beside a deployment."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import httpx
import psycopg
import pytest

from sandbox.processes import HOST
from tests.docker_deployment import deployment_on
from tests.integration.image.base import pip_configuration
from tests.integration.image.beside import SECRETS, Beside, beside, run
from tests.integration.image.building import BuiltImage
from tests.ssh_server import has_sshd, ssh_running
from tests.support import eventually

pytestmark = [pytest.mark.docker, pytest.mark.timeout(1200)]

CONTENTS = """
import json, pathlib, shutil, sys
print(json.dumps({
    "found": [name for name in sys.argv[1:] if shutil.which(name)],
    "majors": sorted(path.name for path in pathlib.Path("/usr/lib/postgresql").iterdir()),
    "pip": [path.name for path in pathlib.Path("/opt/baseliner").rglob("site-packages/pip*")],
    "writable": [place for place in ("/opt", "/etc", "/usr") if __import__("os").access(place, 2)],
}))
"""
"""Told by a container of the image about itself."""
LISTED = """
import sys
from bot.runtime.docker_engine import Engine
from bot.settings_docker import DockerSettings
print(Engine(DockerSettings(host=sys.argv[1])).containers("nobody"))
"""


def test_pip_in_the_base_is_told_what_means_something_there() -> None:
    told = {"index-url": "https://mirror.test/simple", "extra-index-url": "file:///opt/packages", "find-links": "/opt"}
    lines = pip_configuration({**told, "user": "true"}).splitlines()
    assert lines == ["[global]", "cert = /etc/ssl/certs/ca-certificates.crt", "index-url = https://mirror.test/simple"]


def in_container(image: BuiltImage, *argv: str, network: str = "none") -> str:
    environment = {"DOCKER_HOST": f"unix://{image.engine.socket}", "PATH": os.environ["PATH"]}
    return run(["docker", "run", "--rm", f"--network={network}", "--read-only", "--cap-drop=ALL", *argv], environment)


def holds_the_commands_and_postgresqls_clients_and_nothing_that_builds(image: BuiltImage) -> None:
    told = in_container(image, image.reference, "--help")
    assert "Database operations for PostgreSQL" in told
    assert all(command in told for command in ("serve", "worker", "backup", "restore"))
    unwanted = ("gcc", "cc", "make", "pip", "pip3", "curl", "git")
    asked = (*unwanted, "ssh", "tini")
    found = json.loads(in_container(image, "--entrypoint=python3", image.reference, "-c", CONTENTS, *asked))
    assert found == {"found": ["ssh", "tini"], "majors": ["15"], "pip": [], "writable": []}
    with image.engine.client() as client:
        built = client.inspect_image(image.reference)
    config = built["Config"]
    assert config["User"] == "10001:10001"
    assert config["Entrypoint"][0] == "tini"
    assert "/healthz" in config["Healthcheck"]["Test"][-1]
    assert config["Labels"]["org.opencontainers.image.title"] == "Baseliner"
    assert built["Size"] < 500 * 10**6


def reaches_the_engine_by_ssh(image: BuiltImage, directory: Path) -> None:
    """With a folder as docs/image.md describes it."""
    with ssh_running() as server:
        known = directory / "ssh"
        known.mkdir(mode=0o700)
        for theirs, ours in (("identity", "id_ed25519"), ("known_hosts", "known_hosts")):
            shutil.copy(server.folder / theirs, known / ours)
        for path in (known, *known.iterdir()):
            os.chown(path, 10001, 10001)
        assert image.engine.allowed is not None
        host = server.address(image.engine.allowed)
        mounted = f"--volume={known}:/var/lib/baseliner/.ssh:ro"
        argv = ("--tmpfs=/tmp", mounted, "--entrypoint=python3", image.reference, "-c", LISTED, host)
        assert in_container(image, *argv, network="host") == "[]\n"


def test_it_holds_what_it_needs_and_one_command_puts_it_beside_a_deployment_which_it_restores(
    image: BuiltImage, tmp_path: Path
) -> None:
    """Both in one test: the image's Engine is for one process at a time, and a second one would only wait for it."""
    holds_the_commands_and_postgresqls_clients_and_nothing_that_builds(image)
    if has_sshd():
        reaches_the_engine_by_ssh(image, tmp_path)
    with deployment_on(image.engine) as deployment, beside(deployment, image.reference, tmp_path) as bot:
        eventually(lambda: {bot.health("serve"), bot.health("worker")} == {"healthy"}, 120)
        assert httpx.get(f"http://{HOST}:{bot.port}/healthz", trust_env=False).text == "alive\n"
        keeps_its_secrets(bot)
        backup = bot.baseliner("backup", "inventory")
        assert backup["state"] == "done"
        # The image has no server: the drill's is one of the database's image.
        drill = bot.baseliner("drill", "inventory")
        assert (drill["state"], drill["backup_id"]) == ("done", backup["backup_id"])
        started = deployment.starts("api")
        with psycopg.connect(deployment.dsn()) as connection:
            connection.execute("UPDATE devices SET name = 'lost'")
        restore = bot.baseliner("restore", "inventory", "latest", "--reason=lost rows", "--confirm=inventory")
        assert restore["state"] == "done"
        with psycopg.connect(deployment.dsn()) as connection:
            assert connection.execute("SELECT count(*) FROM devices WHERE name LIKE 'old %'").fetchone() == (50,)
        assert deployment.starts("api") > started
        assert (deployment.state("api"), deployment.state("worker")) == ("running", "running")
        assert httpx.get(deployment.health_url(), trust_env=False).json()["status"] == "ok"


def keeps_its_secrets(bot: Beside) -> None:
    """No secret in what anybody may read who may inspect containers, and nothing that could be changed inside."""
    for service in ("serve", "worker", "state"):
        told = bot.container(service)
        assert not {entry.partition("=")[2] for entry in told["Config"]["Env"]} & set(SECRETS.values())
        host = told["HostConfig"]
        assert host["ReadonlyRootfs"]
        assert host["CapDrop"] == ["ALL"]
        assert host["SecurityOpt"] == ["no-new-privileges:true"]
